# SPDX-License-Identifier: Apache-2.0
"""Alarms of CloudWatch and targets of load balancers: what a test says that they are."""

import re
import threading
from datetime import datetime, timezone

from .control_checks import BadRequest
from .errors import ApiError

OPERATIONS = ("DescribeAlarms", "DescribeTargetHealth")
STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
KINDS = ("metric", "composite")
TARGET_GROUP = re.compile(r"arn:aws[a-z-]*:elasticloadbalancing:([a-z0-9-]+):([0-9]{12}):"
                          r"targetgroup/[A-Za-z0-9-]{1,32}/[0-9a-f]{16}")
# What ELB says beside a state.
HEALTH = {"healthy": {},
          "unhealthy": {"Reason": "Target.FailedHealthChecks",
                        "Description": "Health checks failed"},
          "initial": {"Reason": "Elb.InitialHealthChecking",
                      "Description": "Initial health checks in progress"},
          "draining": {"Reason": "Target.DeregistrationInProgress",
                       "Description": "Target deregistration is in progress"},
          "unused": {"Reason": "Target.NotInUse",
                     "Description": "Target group is not configured to receive traffic from the "
                                    "load balancer"},
          "unavailable": {"Reason": "Target.HealthCheckDisabled",
                          "Description": "Health checks are disabled for this target group"}}
METRIC = {"MetricName": "HTTPCode_Target_5XX_Count", "Namespace": "AWS/ApplicationELB",
          "Statistic": "Sum", "Dimensions": [], "Period": 60, "EvaluationPeriods": 1,
          "Threshold": 10.0, "ComparisonOperator": "GreaterThanThreshold"}
SOME_ALARM = {"ActionsEnabled": True, "OKActions": [], "AlarmActions": [],
              "InsufficientDataActions": []}


def _one_of(value, words, what):
    if value not in words:
        raise BadRequest(f"'{what}' must be one of {', '.join(words)}")
    return value


class Watched:
    """Safe to use from any thread."""

    def __init__(self, account):
        self._lock = threading.Lock()
        self._account = account         # of what says no other
        self._alarms = {}               # (account, region, name): {kind, state, reason, since}
        self._targets = {}              # ARN: {target id: state}

    # -- as the services tell it --

    def describe_alarms(self, account, region, params):
        types = params.get("AlarmTypes", ["MetricAlarm"])
        unplayed = set(params) - {"AlarmNames", "AlarmTypes", "MaxRecords"}
        if unplayed:
            raise ApiError("ValidationError", f"the lab plays no {sorted(unplayed)[0]}")
        with self._lock:
            found = [(key[2], alarm) for key, alarm in sorted(self._alarms.items())
                     if key[:2] == (account, region)
                     and key[2] in params.get("AlarmNames", [key[2]])]
        return {"CompositeAlarms": [self._described(account, region, name, alarm)
                                    for name, alarm in found if alarm["kind"] == "composite"
                                    and "CompositeAlarm" in types],
                "MetricAlarms": [self._described(account, region, name, alarm)
                                 for name, alarm in found if alarm["kind"] == "metric"
                                 and "MetricAlarm" in types]}

    @staticmethod
    def _described(account, region, name, alarm):
        own = METRIC if alarm["kind"] == "metric" else {"AlarmRule": 'ALARM("another")'}
        return {"AlarmName": name, **SOME_ALARM, **own,
                "AlarmArn": f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
                "StateValue": alarm["state"], "StateReason": alarm["reason"],
                "StateUpdatedTimestamp": alarm["since"]}

    def describe_target_health(self, account, region, params):
        arn = params["TargetGroupArn"]
        match = TARGET_GROUP.fullmatch(arn)
        if not match:
            raise ApiError("ValidationError", f"'{arn}' is not a valid target group ARN")
        with self._lock:
            targets = self._targets.get(arn) if match.groups() == (region, account) else None
        if targets is None:
            raise ApiError("TargetGroupNotFound", "One or more target groups not found")
        return {"TargetHealthDescriptions": [
            {"Target": {"Id": name, "Port": 80}, "HealthCheckPort": "80",
             "TargetHealth": {"State": state, **HEALTH[state]}}
            for name, state in sorted(targets.items())]}

    # -- /_lab/alarm, /_lab/targets: what a test says --

    def route(self, method, steps, given):
        if not isinstance(given, dict):
            raise BadRequest("expected a JSON object")
        routes = {("GET", "alarm", 1): self._list_alarms,
                  ("PUT", "alarm", 2): lambda: self._set_alarm(steps[1], given),
                  ("DELETE", "alarm", 2): lambda: self._delete_alarm(steps[1], given),
                  ("GET", "targets", 1): lambda: dict(self._targets),
                  ("PUT", "targets", 2): lambda: self._set_targets(steps[1], given),
                  ("DELETE", "targets", 2): lambda: self._targets.pop(steps[1], None)}
        act = routes.get((method, steps[0], len(steps)))
        if act is None:
            raise BadRequest(f"there is no {method} /_lab/{'/'.join(steps)}")
        with self._lock:
            return act()

    def _key(self, name, given):
        return given.get("account", self._account), given.get("region", "us-east-1"), name

    def _list_alarms(self):
        return [{"account": account, "region": region, "name": name, **alarm}
                for (account, region, name), alarm in sorted(self._alarms.items())]

    def _set_alarm(self, name, given):
        state = _one_of(given.get("state"), STATES, "state")
        self._alarms[self._key(name, given)] = {
            "kind": _one_of(given.get("kind", "metric"), KINDS, "kind"), "state": state,
            "reason": given.get("reason", f"a test says {state}"),
            "since": datetime.now(timezone.utc).isoformat(timespec="milliseconds")}
        return self._list_alarms()

    def _delete_alarm(self, name, given):
        self._alarms.pop(self._key(name, given), None)
        return self._list_alarms()

    def _set_targets(self, arn, given):
        """{"targets": {id: state}}"""
        targets = given.get("targets")
        if not TARGET_GROUP.fullmatch(arn) or not isinstance(targets, dict):
            raise BadRequest("expected a target group's ARN, and 'targets': {id: state}")
        for state in targets.values():
            _one_of(state, HEALTH, "state")
        self._targets[arn] = dict(targets)
        return dict(self._targets)
