// SPDX-License-Identifier: Apache-2.0
// list.mjs ENDPOINT ZONE: every record set of a zone as AWS's JavaScript SDK reads it, as JSON.
import { ListResourceRecordSetsCommand, Route53Client } from "@aws-sdk/client-route-53";

const [endpoint, zone] = process.argv.slice(2);
const client = new Route53Client({ endpoint, region: "us-east-1", maxAttempts: 1 });
const sets = [];
let next = {};
do {
  const page = await client.send(
    new ListResourceRecordSetsCommand({ HostedZoneId: zone, MaxItems: 3, ...next }));
  sets.push(...page.ResourceRecordSets);
  next = page.IsTruncated && {
    StartRecordName: page.NextRecordName,
    StartRecordType: page.NextRecordType,
    StartRecordIdentifier: page.NextRecordIdentifier,
  };
} while (next);
console.log(JSON.stringify(sets));
