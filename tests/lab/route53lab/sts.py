# SPDX-License-Identifier: Apache-2.0
"""As much of STS as a program needs that has a role in another account: AssumeRole and
GetCallerIdentity, at the API's own address (POST /)."""

import datetime
import re
import secrets
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from . import iam, signature
from .errors import ApiError
from .principals import Principal, denied
from .signature import Key

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
VERSION = "2011-06-15"
ASSUME = "sts:AssumeRole"
MIN_SESSION_S, DEFAULT_SESSION_S = 900, 3600
SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}")


def _xml(operation, members, request_id):
    def text(value):
        if isinstance(value, dict):
            return "".join(f"<{key}>{text(one)}</{key}>" for key, one in value.items())
        return escape(str(value))
    return (f'<{operation}Response xmlns="{NAMESPACE}"><{operation}Result>{text(members)}'
            f"</{operation}Result><ResponseMetadata><RequestId>{request_id}</RequestId>"
            f"</ResponseMetadata></{operation}Response>")


def _invalid(message):
    return ApiError("ValidationError", message)


class Sts:
    """`now()` is the lab's wall clock; new keys go into authority's directory."""

    def __init__(self, authority, now):
        self._authority = authority
        self._now = now

    def serve(self, request, request_id):
        """(status, body as text)"""
        try:
            return 200, self._answer(request, request_id)
        except ApiError as error:
            return error.status, error.to_xml(request_id, namespace=NAMESPACE)

    def _answer(self, request, request_id):
        key = signature.verify(request, self._authority.keys(), self._now(), "sts", None)
        params = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        operations = {"AssumeRole": self._assume_role, "GetCallerIdentity": self._who}
        if params.get("Version") != VERSION or params.get("Action") not in operations:
            raise ApiError("InvalidAction", f"Could not find operation {params.get('Action')} for "
                           f"version {params.get('Version')}")
        members = operations[params["Action"]](key.principal, params)
        return _xml(params["Action"], members, request_id)

    @staticmethod
    def _who(principal, _params):
        return {"Arn": principal.arn, "UserId": principal.arn.rpartition("/")[2],
                "Account": principal.account}

    # -- roles --

    def _assume_role(self, principal, params):
        session = params.get("RoleSessionName", "")
        if not SESSION_NAME.fullmatch(session):
            raise _invalid("1 validation error detected: Value at 'roleSessionName' failed to "
                           "satisfy constraint: Member must satisfy regular expression pattern: "
                           r"[\w+=,.@-]*")
        external_id = params.get("ExternalId")
        if external_id is not None and not EXTERNAL_ID.fullmatch(external_id):
            raise _invalid("1 validation error detected: Value at 'externalId' failed to satisfy "
                           r"constraint: Member must satisfy regular expression pattern: "
                           r"[\w+=,.@:\/-]*")
        arn = params.get("RoleArn", "")
        role = self._authority.directory.roles.get(arn)
        if role is None or not self._may_assume(principal, role, external_id):
            raise ApiError("AccessDenied", f"User: {principal.arn} is not authorized to perform: "
                           f"{ASSUME} on resource: {arn}", status=403)
        return self._session(role, session, self._duration(role, params))

    @staticmethod
    def _duration(role, params):
        text = params.get("DurationSeconds", str(DEFAULT_SESSION_S))
        if not text.isdigit() or not MIN_SESSION_S <= int(text) <= max(role.max_session_s,
                                                                      DEFAULT_SESSION_S):
            raise _invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for "
                           "this role.")
        return min(int(text), role.max_session_s)

    def _may_assume(self, principal, role, external_id):
        """The role's trust and, unless it names the caller of its own account, the caller's own
        policies must allow it."""
        context = {"sts:ExternalId": [external_id] if external_id else [],
                   "aws:PrincipalArn": [(*principal.aliases, principal.arn)[0]]}
        request = iam.Request(ASSUME, role.arn, context)
        root = f"arn:aws:iam::{principal.account}:root"
        verdicts = {}
        for statement in role.trust.statements:
            named = principal.names() & set(statement.principals)
            by_account = {"*", root, principal.account} & set(statement.principals)
            if (named or by_account) and statement.matches(request):
                verdicts.setdefault(statement.allows, set()).add(bool(named))
        if False in verdicts or True not in verdicts:
            return False
        verdict = self._authority.judge(principal, request)
        if verdict == iam.DENIED:
            raise denied(principal, ASSUME, role.arn, verdict)
        same = principal.account == role.account and True in verdicts[True]
        return verdict == iam.ALLOWED or same

    def _session(self, role, session, seconds):
        arn = f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session}"
        principal = Principal(arn, role.account, role.policies, (role.arn,))
        expires = self._now() + seconds
        key = Key("ASIA" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30),
                  secrets.token_urlsafe(120), principal, expires)
        self._authority.directory.keys[key.access] = key
        when = datetime.datetime.fromtimestamp(expires, datetime.timezone.utc)
        return {"Credentials": {"AccessKeyId": key.access, "SecretAccessKey": key.secret,
                                "SessionToken": key.token,
                                "Expiration": when.strftime("%Y-%m-%dT%H:%M:%SZ")},
                "AssumedRoleUser": {"AssumedRoleId": f"AROALAB:{session}", "Arn": arn}}
