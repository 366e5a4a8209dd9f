# SPDX-License-Identifier: Apache-2.0
"""As much of CloudWatch and Elastic Load Balancing (v2) as a check asks: DescribeAlarms and
DescribeTargetHealth, at the API's own address (POST /), of the service that the request is signed
for, in any region. What is asked and what is answered is checked against botocore's models.

IAM judges both on the resource "*": target health has no resources, and alarms of which some may
be composite are told to who may see all (documented for DescribeAlarms)."""

import functools
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from urllib.parse import parse_qsl

import botocore.session
from botocore.validate import ParamValidator

from . import iam, model, signature
from .errors import ApiError
from .principals import denied

SCOPE = re.compile(r"Credential=[^/,]+/[0-9]+/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
HTML_PAGE = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>\n"


@dataclass(frozen=True)
class Service:
    """`signing`: what requests are signed for. `prefix`: of its actions in policies."""
    name: str
    signing: str
    prefix: str
    operation: str

    @functools.cached_property
    def model(self):
        return botocore.session.get_session().get_service_model(self.name)

    @property
    def namespace(self):
        return self.model.metadata["xmlNamespace"]


SERVICES = {one.signing: one for one in (
    Service("cloudwatch", "monitoring", "cloudwatch", "DescribeAlarms"),
    Service("elbv2", "elasticloadbalancing", "elasticloadbalancing", "DescribeTargetHealth"))}


def scope_of(request):
    """(Service, region) that a request is signed for; None: neither of these."""
    for name, value in request.headers:
        match = SCOPE.search(value) if name.lower() == "authorization" else None
        if match and match.group(2) in SERVICES:
            return SERVICES[match.group(2)], match.group(1)
    return None


# -- the Query protocol --

def _invalid(message):
    return ApiError("ValidationError", message)


def _scalar(text, shape, name):
    if shape.type_name in ("integer", "long"):
        if not model.INTEGER.match(text):
            raise _invalid(f"Value '{text}' at '{name}' is not a number")
        return int(text)
    return text


def _take(fields, shape, name):
    """What the fields say of a shape, by its name; None: nothing. Takes them out."""
    if shape.type_name == "structure":
        found = {key: _take(fields, member, f"{name}.{key}" if name else key)
                 for key, member in shape.members.items()}
        found = {key: value for key, value in found.items() if value is not None}
        return found or ({} if not name else None)
    if shape.type_name == "list":
        found = []
        while (item := _take(fields, shape.member, f"{name}.member.{len(found) + 1}")) is not None:
            found.append(item)
        return found or None
    text = fields.pop(name, None)
    return None if text is None else _scalar(text, shape, name)


def _params(service, body):
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise ApiError("MalformedQueryString", "the body is no form") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ApiError("MalformedQueryString", "a parameter was given twice")
    action, version = fields.pop("Action", None), fields.pop("Version", None)
    if action != service.operation or version != service.model.api_version:
        raise ApiError("InvalidAction", f"Could not find operation {action} for version {version}")
    shape = service.model.operation_model(action).input_shape
    params = _take(fields, shape, "")
    if fields:
        raise _invalid(f"the lab knows no parameter {sorted(fields)[0]} of {action}")
    try:
        model.check_facets(params, shape)
    except ApiError as bad:
        raise _invalid(bad.message) from None
    return params


def _answer(service, value, request_id):
    operation = service.model.operation_model(service.operation)
    report = ParamValidator().validate(value, operation.output_shape)
    if report.has_errors():
        raise AssertionError(f"the lab would answer what the model forbids: "
                             f"{report.generate_report()}")
    root = ET.Element(operation.name + "Response", xmlns=service.namespace)
    wrapper = operation.output_shape.serialization["resultWrapper"]
    model.write_members(ET.SubElement(root, wrapper), operation.output_shape, value)
    ET.SubElement(ET.SubElement(root, "ResponseMetadata"), "RequestId").text = request_id
    return ET.tostring(root, encoding="unicode")


# -- the services --

class Cloud:
    """`watched` has the alarms and targets; `now()` is the lab's wall clock."""

    def __init__(self, watched, authority, faults, now, stopping):
        self._watched = watched
        self._authority = authority
        self._faults = faults
        self._now = now
        self._stopping = stopping

    def serve(self, request, request_id, scope):
        """{status, body, content_type, delivery} of the reply, as far as they are not usual."""
        service, region = scope
        try:
            lost = self._strike(service)
            if lost:
                return lost
            text = self._serve(request, request_id, service, region)
        except ApiError as error:
            return {"status": error.status,
                    "body": error.to_xml(request_id, namespace=service.namespace).encode()}
        if self._faults.take_named("truncated", service.operation):
            text = text[:len(text) // 2]
        return {"status": 200, "body": text.encode()}

    def _strike(self, service):
        """Faults strike these services only where they name the operation."""
        down = self._faults.take_named("down", service.operation)
        if down and down["mode"] != "503":
            return {"status": 0, "delivery": "hang" if down["mode"] == "hang" else "reset"}
        if down:
            raise ApiError("ServiceUnavailable", "Service is unavailable", status=503)
        page = self._faults.take_named("html", service.operation)
        if page:
            return {"status": page["status"], "body": HTML_PAGE.encode(),
                    "content_type": "text/html"}
        slow = self._faults.take_named("slow", service.operation)
        if slow:
            self._stopping.wait(slow["seconds"])
        broken = self._faults.take_named("error500", service.operation)
        if broken:
            raise ApiError("InternalFailure", "An internal error occurred", broken["status"])
        return None

    def _serve(self, request, request_id, service, region):
        key = signature.verify(request, self._authority.keys(), self._now(), service.signing,
                               None)
        refused = self._faults.take_named("deny", service.operation)
        if refused:
            raise ApiError(refused["code"], refused["message"], status=403)
        if self._faults.take_named("throttle", service.operation):
            raise ApiError("Throttling", "Rate exceeded")
        self._authorize(key.principal, service, region, request.source)
        params = _params(service, request.body)
        operation = {"DescribeAlarms": self._watched.describe_alarms,
                     "DescribeTargetHealth": self._watched.describe_target_health}
        value = operation[service.operation](key.principal.account, region, params)
        return _answer(service, value, request_id)

    def _authorize(self, principal, service, region, source):
        action = f"{service.prefix}:{service.operation}"
        context = {"aws:SourceIp": [source] if source else [], "aws:RequestedRegion": [region]}
        verdict = self._authority.judge(principal, iam.Request(action, "*", context))
        if verdict != iam.ALLOWED:
            raise denied(principal, action, "*", verdict)
