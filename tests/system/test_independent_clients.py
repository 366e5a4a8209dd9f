# SPDX-License-Identifier: Apache-2.0
"""Who is not us reads what we wrote: Debian's `aws`, boto3, and AWS's JavaScript SDK from npm, each
with its own signer, parser and pages."""

import json
import shutil
import subprocess
from pathlib import Path

import boto3
import botocore.config
import pytest
from deployment import REGIONS, SERVICES, ZONE
from programs import TOP

EAST, WEST = REGIONS
JS = Path(__file__).parent / "js"
FETCHED = TOP / "build/tools/node"


def run(command, env):
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def aws_command(lab):
    """In pages of 2."""
    return run(["/usr/bin/aws", "--endpoint-url", lab.endpoint, "--output", "json",
                "route53", "list-resource-record-sets", "--hosted-zone-id", ZONE,
                "--page-size", "2"], lab.aws_env())["ResourceRecordSets"]


def with_boto3(lab):
    """By zone id with its prefix, in pages of 4."""
    keys = lab.credentials_env()
    client = boto3.session.Session().client(
        "route53", endpoint_url=lab.endpoint, region_name="us-east-1",
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        config=botocore.config.Config(proxies={}))
    pages = client.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=f"/hostedzone/{ZONE}", PaginationConfig={"PageSize": 4})
    return [record for page in pages for record in page["ResourceRecordSets"]]


def javascript_sdk(lab):
    """In pages of 3. Skipped, and why, where npm cannot fetch it and nobody did before."""
    node = shutil.which("node")
    fetched = subprocess.run([JS / "fetch", FETCHED], capture_output=True, text=True, check=False)
    if node is None or fetched.returncode != 0:
        pytest.skip("no AWS SDK for JavaScript: "
                    + (fetched.stderr.strip() or "node is not installed"))
    shutil.copy(JS / "list.mjs", FETCHED)           # node looks for packages beside the script
    return run([node, str(FETCHED / "list.mjs"), lab.endpoint, ZONE], lab.aws_env())


def told(records):
    """A listing as {(name, type, set): (weight, ttl, values)}, whatever its order."""
    listing = {(record["Name"], record["Type"], record.get("SetIdentifier")):
               (record.get("Weight"), record.get("TTL"),
                [value["Value"] for value in record.get("ResourceRecords", [])])
               for record in records}
    assert len(listing) == len(records)
    return listing


@pytest.mark.parametrize("client", [aws_command, with_boto3, javascript_sdk])
def test_an_independent_client_reads_what_the_daemons_wrote(make_stage, client):
    stage = make_stage()
    before = told(client(stage.lab))
    stage.kill_site("factory", EAST)
    stage.wait_log(30, fact="accepted", epoch="2")
    after = told(client(stage.lab))
    assert after == told(stage.lab.records())
    moved = {key for key in after if after[key] != before.get(key)}
    fence = ("_regionshift.jwt-pizza.example.com.", "TXT", None)
    assert moved == {fence} | {(f"{service}.example.com.", "A", f"{service}-{region}")
                               for service in SERVICES for region in REGIONS}
    for service in SERVICES:
        for region, weight in ((EAST, 0), (WEST, 100)):
            key = (f"{service}.example.com.", "A", f"{service}-{region}")
            assert after[key] == (weight, *before[key][1:]), "only the weight is another (C4)"
    assert "group=jwt-pizza epoch=2 " in after[fence][2][0]
