# SPDX-License-Identifier: Apache-2.0
"""One method for each operation: parameters as the model names them in, the reply's members out."""

import re
from dataclasses import dataclass
from typing import Optional

from . import names, zone as rules_of_zone
from .account import Batch, Zone
from .errors import ApiError, invalid_input
from .health import HealthOperations
from .journal import time_text
from .paging import bare_id, max_items

MAX_ITEMS = 300
MAX_ZONES = 100
VPC = {"VPCRegion": "us-east-1", "VPCId": "vpc-0123456789abcdef0"}
PRIVATE_SERVERS = ("ns-0.awsdns-00.com", "ns-512.awsdns-00.net", "ns-1024.awsdns-00.org",
                   "ns-1536.awsdns-00.co.uk")


@dataclass
class Call:
    """What an operation knows of a request besides its parameters."""
    account: str                        # of who asks
    batch: Optional[Batch] = None       # for ChangeResourceRecordSets


class Operations(HealthOperations):
    """`list_max` makes pages smaller than asked for, as Route 53 may."""

    def __init__(self, account, nameservers, list_max=MAX_ITEMS, refuse_private=False,
                 refuse_delete_in_use=False):
        self._account = account
        self._nameservers = nameservers
        self._list_max = list_max
        self._refuse_private = refuse_private
        self._refuse_delete_in_use = refuse_delete_in_use

    def call(self, name, params, call):
        return getattr(self, "_" + re.sub("(?<!^)([A-Z])", r"_\1", name).lower())(params, call)

    # -- records --

    def _change_resource_record_sets(self, _params, call):
        change = self._account.submit(call.batch)
        return {"ChangeInfo": dict(self._change_info(change), Status="PENDING")}

    def _list_resource_record_sets(self, params, _call):
        zone = self._account.zone(bare_id(params["HostedZoneId"]))
        asked = max_items(params, MAX_ITEMS)
        start = self._start_key(params)
        with self._account.lock:
            rrsets = [rrset for rrset in zone.listed()
                      if start is None or rules_of_zone.list_key(rrset) >= start]
        page = min(asked, self._list_max)
        reply = {"ResourceRecordSets": rrsets[:page], "IsTruncated": len(rrsets) > page,
                 "MaxItems": str(asked)}
        if len(rrsets) > page:
            following = rrsets[page]
            reply.update(NextRecordName=following["Name"], NextRecordType=following["Type"],
                         NextRecordIdentifier=following.get("SetIdentifier"))
        return reply

    @staticmethod
    def _start_key(params):
        name, rtype = params.get("StartRecordName"), params.get("StartRecordType")
        if rtype is not None and name is None:
            raise invalid_input("The input is not valid: a type was given without a name")
        if params.get("StartRecordIdentifier") is not None and rtype is None:
            raise invalid_input("The input is not valid: an identifier was given without a type")
        if name is None:
            return None
        try:
            key = names.sort_key(names.normal(name))
        except names.BadName as bad:
            raise invalid_input(str(bad)) from None
        return (key, rtype or "", params.get("StartRecordIdentifier") or "")

    def _get_change(self, params, _call):
        change = self._account.change(bare_id(params["Id"]))
        return {"ChangeInfo": self._change_info(change)}

    def _change_info(self, change):
        return {"Id": "/change/" + change.id, "SubmittedAt": time_text(change.submitted),
                "Status": "INSYNC" if self._account.in_sync(change) else "PENDING",
                "Comment": change.comment}

    # -- zones --

    @staticmethod
    def _hosted_zone(zone):
        return {"Id": "/hostedzone/" + zone.id, "Name": zone.name,
                "CallerReference": zone.caller_reference,
                "Config": {"Comment": zone.comment, "PrivateZone": zone.private},
                "ResourceRecordSetCount": len(zone.records)}

    def _get_hosted_zone(self, params, _call):
        zone = self._account.zone(bare_id(params["Id"]))
        if zone.private:
            return {"HostedZone": self._hosted_zone(zone), "VPCs": [VPC]}
        return {"HostedZone": self._hosted_zone(zone),
                "DelegationSet": {"NameServers": zone.nameservers}}

    def _zones_from(self, key, start, call):
        with self._account.lock:
            zones = sorted(self._account.zones_of(call.account), key=key)
        return [zone for zone in zones if start is None or key(zone) >= start]

    def _list_hosted_zones(self, params, call):
        page = max_items(params, MAX_ZONES)
        zones = self._zones_from(lambda zone: zone.id, params.get("Marker"), call)
        reply = {"HostedZones": [self._hosted_zone(zone) for zone in zones[:page]],
                 "Marker": params.get("Marker", ""), "IsTruncated": len(zones) > page,
                 "MaxItems": str(page)}
        if len(zones) > page:
            reply["NextMarker"] = zones[page].id
        return reply

    def _list_hosted_zones_by_name(self, params, call):
        page = max_items(params, MAX_ZONES)
        start = None
        if "DNSName" in params:
            try:
                start = (names.sort_key(names.normal(params["DNSName"])),
                         bare_id(params.get("HostedZoneId", "")))
            except names.BadName as bad:
                raise ApiError("InvalidDomainName", str(bad)) from None
        elif "HostedZoneId" in params:
            raise invalid_input("The input is not valid: a zone id was given without a name")
        zones = self._zones_from(lambda zone: (names.sort_key(zone.name), zone.id), start, call)
        reply = {"HostedZones": [self._hosted_zone(zone) for zone in zones[:page]],
                 "DNSName": params.get("DNSName"), "HostedZoneId": params.get("HostedZoneId"),
                 "IsTruncated": len(zones) > page, "MaxItems": str(page)}
        if len(zones) > page:
            reply.update(NextDNSName=zones[page].name, NextHostedZoneId=zones[page].id)
        return reply

    def _create_hosted_zone(self, params, call):
        if "DelegationSetId" in params:
            raise invalid_input("the lab makes zones with its own name servers only")
        private = "VPC" in params
        config = params.get("HostedZoneConfig", {})
        with self._account.lock:
            if any(zone.caller_reference == params["CallerReference"]
                   for zone in self._account.zones.values()):
                raise ApiError("HostedZoneAlreadyExists", "A hosted zone has already been created "
                               "with the specified caller reference.", status=409)
            try:
                zone = Zone(self._account.new_id("Z"), params["Name"],
                            PRIVATE_SERVERS if private else self._nameservers,
                            params["CallerReference"], config.get("Comment"), private)
            except names.BadName as bad:
                raise ApiError("InvalidDomainName", str(bad)) from None
            self._account.add_zone(zone, call.account)
            change = self._account.note_change(zone)
        reply = {"HostedZone": self._hosted_zone(zone), "ChangeInfo": self._change_info(change)}
        if private:
            return dict(reply, VPC=params["VPC"])
        return dict(reply, DelegationSet={"NameServers": zone.nameservers})

    def _delete_hosted_zone(self, params, _call):
        with self._account.lock:
            zone = self._account.zone(bare_id(params["Id"]))
            if any(rrset["Type"] not in ("NS", "SOA") or rrset["Name"] != zone.name
                   for rrset in zone.listed()):
                raise ApiError("HostedZoneNotEmpty", "The specified hosted zone contains "
                               "non-required resource record sets and so cannot be deleted.")
            self._account.remove_zone(zone)
            change = self._account.note_change(zone)
        return {"ChangeInfo": self._change_info(change)}

    def _get_hosted_zone_count(self, _params, call):
        return {"HostedZoneCount": len(self._account.zones_of(call.account))}
