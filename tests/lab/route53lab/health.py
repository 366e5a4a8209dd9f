# SPDX-License-Identifier: Apache-2.0
"""The operations on health checks, and on tags: parameters in, the reply's members out."""

import ipaddress

from .errors import ApiError, invalid_input
from .journal import time_text
from .paging import max_items

MAX_PAGE = 100
MAX_TAGS = 10
LOCATION = "https://route53.amazonaws.com/2013-04-01/healthcheck/"


def _described(check):
    return {"Id": check.id, "CallerReference": check.reference, "HealthCheckConfig": check.config,
            "HealthCheckVersion": check.version}


class HealthOperations:
    """Mixed into Operations, whose self._account it uses.

    self._refuse_private: addresses that only the lab can reach are refused, as Route 53 does;
    self._refuse_delete_in_use: a check that something refers to cannot be deleted.
    """

    def _checks(self):
        return self._account.checks

    def _check_address(self, config):
        address = config.get("IPAddress")
        where = ipaddress.ip_address(address) if self._refuse_private and address else None
        if where is not None and (where.is_multicast or not where.is_global):
            raise invalid_input(f"Invalid parameter : {address} is in a local, private, "
                                "non-routable or multicast range.")

    def _create_health_check(self, params, call):
        self._check_address(params["HealthCheckConfig"])
        check = self._checks().create(call.account, params["CallerReference"],
                                      params["HealthCheckConfig"])
        return {"HealthCheck": _described(check), "Location": LOCATION + check.id}

    def _get_health_check(self, params, _call):
        return {"HealthCheck": _described(self._checks().get(params["HealthCheckId"]))}

    def _update_health_check(self, params, _call):
        given = dict(params)
        check_id = given.pop("HealthCheckId")
        version = given.pop("HealthCheckVersion", None)
        reset = given.pop("ResetElements", [])
        self._check_address(given)
        check = self._checks().update(check_id, version, reset, given)
        return {"HealthCheck": _described(check)}

    def _delete_health_check(self, params, _call):
        check_id = params["HealthCheckId"]
        if self._refuse_delete_in_use:
            users = self._checks().parents_of(check_id) + self._records_with(check_id)
            if users:
                raise ApiError("HealthCheckInUse", f"Health check {check_id} is in use by "
                               + ", ".join(users) + ".")
        self._checks().delete(check_id)
        return {}

    def _records_with(self, check_id):
        with self._account.lock:
            return [rrset["Name"] for zone in self._account.zones.values()
                    for rrset in zone.listed() if rrset.get("HealthCheckId") == check_id]

    def _list_health_checks(self, params, call):
        asked = max_items(params, MAX_PAGE)
        marker = params.get("Marker")
        checks = self._checks().listed(call.account)
        if marker is not None:
            if marker not in [check.id for check in checks]:
                raise invalid_input(f"Invalid marker: {marker}")
            checks = [check for check in checks if check.id >= marker]
        page = min(asked, self._list_max)
        reply = {"HealthChecks": [_described(check) for check in checks[:page]],
                 "Marker": marker or "", "IsTruncated": len(checks) > page,
                 "MaxItems": str(asked)}
        if len(checks) > page:
            reply["NextMarker"] = checks[page].id
        return reply

    def _get_health_check_count(self, _params, call):
        return {"HealthCheckCount": len(self._checks().listed(call.account))}

    # -- what the checkers saw --

    def _observations(self, params, report_of):
        """One for each checker of which `report_of(view)` is (text, wall clock) and not None."""
        checks = self._checks()
        with checks.changed:
            check = checks.get(params["HealthCheckId"])
            if not check.has_endpoint:
                raise invalid_input("The status of a calculated health check cannot be had by "
                                    "this operation.")
            return {"HealthCheckObservations": [
                {"Region": checker.region, "IPAddress": checker.source,
                 "StatusReport": {"Status": report[0], "CheckedTime": time_text(report[1])}}
                for checker in checks.checkers_of(check)
                for report in [report_of(check.views[checker.number])] if report is not None]}

    def _get_health_check_status(self, params, _call):
        return self._observations(params, lambda view: (view.status, view.at) if view.at else None)

    def _get_health_check_last_failure_reason(self, params, _call):
        return self._observations(params, lambda view: view.failure)

    # -- tags --

    def _tags_of(self, params):
        kind, resource = params["ResourceType"], params["ResourceId"]
        if kind == "healthcheck":
            return self._checks().get(resource).tags
        return self._account.zone(resource).tags

    def _change_tags_for_resource(self, params, _call):
        added = params.get("AddTags", [])
        removed = params.get("RemoveTagKeys", [])
        if not added and not removed:
            raise invalid_input("AddTags or RemoveTagKeys must be specified.")
        if any("Key" not in tag for tag in added):
            raise invalid_input("A tag must have a key.")
        with self._account.lock:
            tags = self._tags_of(params)
            after = {key: value for key, value in tags.items() if key not in removed}
            after.update({tag["Key"]: tag.get("Value", "") for tag in added})
            if len(after) > MAX_TAGS:
                raise invalid_input(f"A resource may have at most {MAX_TAGS} tags.")
            tags.clear()
            tags.update(after)
        return {}

    def _list_tags_for_resource(self, params, _call):
        with self._account.lock:
            tags = dict(self._tags_of(params))
        return {"ResourceTagSet": {
            "ResourceType": params["ResourceType"], "ResourceId": params["ResourceId"],
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}}
