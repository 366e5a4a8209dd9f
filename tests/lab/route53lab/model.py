# SPDX-License-Identifier: Apache-2.0
"""botocore's model of Route 53: routes, requests from XML, replies to XML.

A request is read by a strict walk of our own along the model's shapes (unknown, repeated,
missing or, as an option, misplaced elements), then by botocore's validator, then against the
maxima, enums and patterns which that validator leaves out.
"""

import re
import xml.etree.ElementTree as ET

import botocore.session
from botocore.validate import ParamValidator

from .errors import DECLARATION, NAMESPACE, ApiError, invalid_input, malformed_input

MAX_DEPTH = 32
INTEGER = re.compile(r"^[+-]?[0-9]{1,18}$")
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
OPERATIONS = ("ChangeResourceRecordSets", "ListResourceRecordSets", "GetChange", "GetHostedZone",
              "ListHostedZones", "ListHostedZonesByName", "CreateHostedZone",
              "DeleteHostedZone", "GetHostedZoneCount", "CreateHealthCheck", "GetHealthCheck",
              "ListHealthChecks",
              "GetHealthCheckCount", "GetHealthCheckStatus", "GetHealthCheckLastFailureReason",
              "UpdateHealthCheck", "DeleteHealthCheck", "ChangeTagsForResource",
              "ListTagsForResource")


def load():
    return botocore.session.get_session().get_service_model("route53", "2013-04-01")


class Routes:
    """(method, path) -> (operation model, parameters in the path)."""

    def __init__(self, service):
        self._routes = []
        for name in OPERATIONS:
            operation = service.operation_model(name)
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)",
                             re.escape(operation.http["requestUri"].rstrip("/")))
            self._routes.append((operation.http["method"], re.compile(pattern + "/?$"), operation))

    def match(self, method, path):
        """Raises ApiError when Route 53 has no such address, or the lab does not play it."""
        known_path = False
        for route_method, pattern, operation in self._routes:
            match = pattern.match(path)
            if match and route_method == method:
                return operation, match.groupdict()
            known_path = known_path or bool(match)
        if known_path:
            raise ApiError("MethodNotAllowed", f"{method} is not allowed for {path}", status=405)
        raise ApiError("UnknownOperationException", f"the lab has no {method} {path}", status=404)


# -- XML to parameters --

class _GuardedBuilder(ET.TreeBuilder):
    """Refuses what a hostile document needs: a DOCTYPE (hence entities) and great depth."""

    def __init__(self):
        super().__init__()
        self._depth = 0

    def doctype(self, name, pubid, system):
        raise malformed_input("Could not parse XML: DOCTYPE is not allowed")

    def start(self, tag, attrs):
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise malformed_input("Could not parse XML: nested too deeply")
        return super().start(tag, attrs)

    def end(self, tag):
        self._depth -= 1
        return super().end(tag)


def _parse(body):
    parser = ET.XMLParser(target=_GuardedBuilder())
    try:
        parser.feed(body)
        return parser.close()
    except (ET.ParseError, LookupError, ValueError):
        raise malformed_input("Could not parse XML") from None


def _expected(names):
    return "'{" + ", ".join(f'"{NAMESPACE}":{name}' for name in names) + "}'"


def _invalid_xml(text):
    return invalid_input("Invalid XML ; " + text)


class Reader:
    """The strict walk. `ordered` = elements must stand in the model's order."""

    def __init__(self, ordered):
        self._ordered = ordered

    def request(self, body, shape):
        """The body of a request, whose root is named and spaced as the shape says."""
        root = _parse(body)
        name = shape.serialization["name"]
        local = root.tag.rpartition("}")[2]
        if local != name:
            raise malformed_input(f"{local} is not valid, expected {name}")
        if root.tag != f"{{{NAMESPACE}}}{name}":
            raise _invalid_xml(f"cvc-elt.1: Cannot find the declaration of element '{name}'.")
        return self._value(root, shape, name)

    def _value(self, node, shape, name):
        if node.attrib:
            raise _invalid_xml(f"cvc-complex-type.3.2.2: Attribute '{sorted(node.attrib)[0]}' "
                               f"is not allowed to appear in element '{name}'.")
        if shape.type_name == "structure":
            return self._structure(node, shape, name)
        if shape.type_name == "list":
            return self._list(node, shape, name)
        return self._scalar(node, shape, name)

    def _children(self, node, allowed, name):
        """(local name, node) of each child; text between them and foreigners are refused."""
        texts = [node.text] + [child.tail for child in node]
        if any(text and text.strip() for text in texts):
            raise _invalid_xml("cvc-complex-type.2.3: Element "
                               f"'{name}' cannot have character [children].")
        for child in node:
            space, _, local = child.tag.rpartition("}")
            if local not in allowed or space != "{" + NAMESPACE:
                raise _invalid_xml("cvc-complex-type.2.4.a: Invalid content was found starting "
                                   f"with element '{local}'. One of {_expected(allowed)} "
                                   "is expected.")
            yield local, child

    def _structure(self, node, shape, name):
        members = {member.serialization.get("name", key): (key, member)
                   for key, member in shape.members.items()
                   if member.serialization.get("location") is None}
        order = list(members)
        params, last = {}, -1
        for local, child in self._children(node, order, name):
            key, member = members[local]
            at = order.index(local)
            if key in params or (self._ordered and at < last):
                raise _invalid_xml("cvc-complex-type.2.4.a: Invalid content was found starting "
                                   f"with element '{local}'. One of "
                                   f"{_expected(order[last + 1:])} is expected.")
            last = at
            params[key] = self._value(child, member, local)
        missing = [key for key in shape.required_members
                   if key not in params and not shape.members[key].serialization.get("location")]
        if missing:
            raise _invalid_xml(f"cvc-complex-type.2.4.b: The content of element '{name}' is not "
                               f"complete. One of {_expected(missing)} is expected.")
        return params

    def _list(self, node, shape, name):
        member_name = shape.member.serialization.get("name", "member")
        items = [self._value(child, shape.member, local)
                 for local, child in self._children(node, [member_name], name)]
        if len(items) < shape.metadata.get("min", 0):
            raise _invalid_xml(f"cvc-complex-type.2.4.b: The content of element '{name}' is not "
                               f"complete. One of {_expected([member_name])} is expected.")
        return items

    def _scalar(self, node, shape, name):
        if len(node):
            raise _invalid_xml(f"cvc-type.3.1.2: Element '{name}' is a simple type, so it must "
                               "have no element information item [children].")
        text = node.text or ""
        if shape.type_name in ("integer", "long"):
            if not INTEGER.match(text.strip()):
                raise _invalid_xml(f"cvc-datatype-valid.1.2.1: '{text}' is not a valid value "
                                   "for 'integer'.")
            return int(text)
        if shape.type_name == "boolean":
            if text.strip() not in BOOLEANS:
                raise _invalid_xml(f"cvc-datatype-valid.1.2.1: '{text}' is not a valid value "
                                   "for 'boolean'.")
            return BOOLEANS[text.strip()]
        return text


# -- what the model says of a value --

def _facet_problems(value, shape):
    """What Smithy calls traits: length or range, enum, pattern."""
    facets = shape.metadata
    size = value if shape.type_name in ("integer", "long") else len(value)
    noun = "value" if shape.type_name in ("integer", "long") else "length"
    if "max" in facets and size > facets["max"]:
        yield f"Member must have {noun} less than or equal to {facets['max']}"
    if "min" in facets and size < facets["min"]:
        yield f"Member must have {noun} greater than or equal to {facets['min']}"
    if "enum" in facets and value not in facets["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(facets['enum'])}]"
    if "pattern" in facets and not re.fullmatch(facets["pattern"], value):
        yield f"Member must satisfy regular expression pattern: {facets['pattern']}"


def _walk(value, shape, path):
    """Every (scalar or list, its shape, its path) below `value`."""
    if shape.type_name == "structure":
        for key, member in value.items():
            step = key[0].lower() + key[1:]
            yield from _walk(member, shape.members[key], f"{path}.{step}" if path else step)
        return
    if shape.type_name != "boolean":
        yield value, shape, path
    if shape.type_name == "list":
        for number, item in enumerate(value, 1):
            yield from _walk(item, shape.member, f"{path}.{number}.member")


def check_types(params, shape):
    """For what did not come through Reader: botocore's own word on types and members."""
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        raise invalid_input(report.generate_report())


def check_facets(params, shape):
    """Raises InvalidInput that lists everything the model does not allow."""
    found = [f"Value '{value}' at '{path}' failed to satisfy constraint: {problem}"
             for value, member, path in _walk(params, shape, "")
             for problem in _facet_problems(value, member)]
    if found:
        noun = "validation error" if len(found) == 1 else "validation errors"
        raise invalid_input(f"{len(found)} {noun} detected: " + "; ".join(found))
    check_types(params, shape)


def query_params(pairs, shape):
    """Parameters of the query string. Strangers are ignored, as HTTP APIs do."""
    known = {member.serialization["name"]: (key, member) for key, member in shape.members.items()
             if member.serialization.get("location") == "querystring"}
    params = {}
    for name, value in pairs:
        if name in known:
            key = known[name][0]
            if key in params:
                raise invalid_input(f"The parameter '{name}' was given more than once.")
            params[key] = value
    return params


# -- parameters to XML --

def headers(operation, value):
    """The members of a reply that travel as headers."""
    members = operation.output_shape.members if operation.output_shape else {}
    return {member.serialization["name"]: value[key] for key, member in members.items()
            if member.serialization.get("location") == "header" and value.get(key) is not None}


def reply(operation, value):
    """The reply of an operation as text, members in the model's order."""
    shape = operation.output_shape
    root = ET.Element(operation.name + "Response", xmlns=NAMESPACE)
    write_members(root, shape, value)
    return DECLARATION + ET.tostring(root, encoding="unicode")


def write_members(node, shape, value):
    for key, member in shape.members.items():
        if value.get(key) is not None and member.serialization.get("location") != "header":
            _write(ET.SubElement(node, member.serialization.get("name", key)), member, value[key])


def _write(node, shape, value):
    if shape.type_name == "structure":
        write_members(node, shape, value)
    elif shape.type_name == "list":
        for item in value:
            _write(ET.SubElement(node, shape.member.serialization.get("name", "member")),
                   shape.member, item)
    elif shape.type_name == "boolean":
        node.text = "true" if value else "false"
    else:
        node.text = str(value)
