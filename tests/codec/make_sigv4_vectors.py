#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes sigv4_vectors.inc: what botocore's own signer makes of requests like ours.

    tests/codec/make_sigv4_vectors.py > tests/codec/sigv4_vectors.inc

Needs Debian's python3-botocore (1.29.27 wrote the committed table). The plain cases are the ones
of AWS's public test suite (same key, time and scope), so their signatures can be compared with any
other implementation; the rest are requests this product sends, and the ones that broke others.
"""

from urllib.parse import quote

import botocore
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TIME = "20150830T123600Z"
TOKEN = "AQoDYXdzEPT//////////wEXAMPLE+token/with=signs" * 12
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RESERVED = "@#$%^&+=/,?><`\";:\\|][{} "

ZONE = ["2013-04-01", "hostedzone", "Z0123456789ABCDEFGHIJ", "rrset"]
BATCH = "<ChangeResourceRecordSetsRequest/>"
ROUTE53 = {"host": "route53.amazonaws.com", "service": "route53"}

CASES = [
    {"name": "get-vanilla"},
    {"name": "post-vanilla", "method": "POST"},
    {"name": "get-vanilla-query-order-key", "query": [("Param2", "value2"), ("Param1", "value1")]},
    {"name": "get-vanilla-query-order-key-case",
     "query": [("Param2", "value2"), ("Param1", "value1"), ("param1", "value0")]},
    {"name": "get-vanilla-query-order-value",
     "query": [("Param1", "value2"), ("Param1", "value1")]},
    {"name": "get-query-order-encoded",
     "query": [("Param-3", "1"), ("Param", "2"), ("Param+", "3"), ("Param1", "4"),
               ("Param%", "5")]},
    {"name": "get-vanilla-empty-query-key", "query": [("Param1", "")]},
    {"name": "get-vanilla-query-unreserved", "query": [(UNRESERVED, UNRESERVED)]},
    {"name": "get-query-reserved", "query": [(RESERVED, RESERVED)]},
    {"name": "get-utf8", "segments": ["\u1234"], "query": [("\u1234", "bar")]},
    {"name": "get-space", "segments": ["example space", ""]},
    {"name": "get-unreserved", "segments": [UNRESERVED]},
    {"name": "get-path-reserved", "segments": ["a%2Fb", "c+d*e", "f/g"]},
    {"name": "get-header-key-duplicate",
     "headers": [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")]},
    {"name": "get-header-value-trim",
     "headers": [("My-Header1", " value1"), ("My-Header2", ' "a   b   c" ')]},
    {"name": "header-common-prefix",
     "headers": [("X-A-B", "1"), ("X-A", "2"), ("X-Amz", "3"), ("Accept", "*/*")]},
    {"name": "post-x-www-form-urlencoded", "method": "POST", "body": "Param1=value1",
     "headers": [("Content-Type", "application/x-www-form-urlencoded")]},
    {"name": "post-sts-header", "method": "POST", "token": TOKEN},
    {"name": "r53-change", "method": "POST", "segments": ZONE + [""], "body": BATCH,
     "headers": [("Content-Type", "text/xml")], **ROUTE53},
    {"name": "r53-change-with-token", "method": "POST", "segments": ZONE + [""], "body": BATCH,
     "headers": [("Content-Type", "text/xml")], "token": TOKEN, **ROUTE53},
    {"name": "r53-list", "segments": ZONE, **ROUTE53},
    {"name": "r53-list-in-the-order-of-botocore", "segments": ZONE, **ROUTE53,
     "query": [("name", "pizza.example.com"), ("type", "A"), ("identifier", "pizza-us-east-1"),
               ("maxitems", "100")]},
    {"name": "r53-list-star", "segments": ZONE, **ROUTE53,
     "query": [("name", "*.example.com"), ("type", "A")]},
    {"name": "r53-list-052", "segments": ZONE, **ROUTE53,
     "query": [("name", "\\052.example.com"), ("type", "A")]},
    {"name": "r53-list-fence", "segments": ZONE, **ROUTE53,
     "query": [("type", "TXT"), ("name", "_regionshift.jwt-pizza.example.com"), ("maxitems", "1")]},
    {"name": "r53-get-change", "segments": ["2013-04-01", "change", "C2682N5HXP0BZ4"], **ROUTE53},
    {"name": "r53-port", "segments": ZONE, **{**ROUTE53, "host": "127.0.0.1:41009"}},
]


def encoded(pair):
    return tuple(quote(text, safe="-_.~") for text in pair)


def request_of(case):
    host = case.get("host", "example.amazonaws.com")
    target = "/" + "/".join(quote(segment, safe="-_.~") for segment in case.get("segments", []))
    if "query" in case:
        target += "?" + "&".join("=".join(pair) for pair in sorted(map(encoded, case["query"])))
    request = AWSRequest(method=case.get("method", "GET"), url=f"https://{host}{target}",
                         data=case.get("body", ""))
    for key, value in case.get("headers", []):
        request.headers.add_header(key, value)
    request.headers["Host"] = host
    request.headers["X-Amz-Date"] = TIME
    if "token" in case:
        request.headers["X-Amz-Security-Token"] = case["token"]
    request.context["timestamp"] = TIME
    return target, request


def sign(case):
    target, request = request_of(case)
    signer = SigV4Auth(Credentials(KEY_ID, SECRET), case.get("service", "service"), "us-east-1")
    canonical = signer.canonical_request(request)
    to_sign = signer.string_to_sign(request, canonical)
    return {"target": target, "canonical": canonical, "string_to_sign": to_sign,
            "signature": signer.signature(to_sign, request)}


def c_char(byte):
    if chr(byte) in '"\\?':
        return "\\" + chr(byte)
    return chr(byte) if 0x20 <= byte < 0x7f else f"\\{byte:03o}"


def c_string(text):
    """A literal, in pieces short enough for the eye and for our columns."""
    pieces = [""]
    for byte in text.encode():
        if len(pieces[-1]) > 70:
            pieces.append("")
        pieces[-1] += c_char(byte)
    return "\n         ".join(f'"{piece}"' for piece in pieces)


def c_list(items):
    return "{" + (",\n         ".join(items) or "NULL") + "}"


def c_pairs(pairs):
    return c_list([f"{{{c_string(key)},\n         {c_string(value)}}}" for key, value in pairs] or
                  ["{NULL, NULL}"])


def fields(case):
    yield "name", c_string(case["name"])
    yield "method", c_string(case.get("method", "GET"))
    yield "host", c_string(case.get("host", "example.amazonaws.com"))
    yield "service", c_string(case.get("service", "service"))
    yield "body", c_string(case.get("body", ""))
    yield "token", c_string(case.get("token", ""))
    yield "segments", c_list(map(c_string, case.get("segments", [])))
    yield "segment_count", len(case.get("segments", []))
    for key in "query", "headers":
        yield key, c_pairs(case.get(key, []))
        yield key.replace("headers", "header") + "_count", len(case.get(key, []))
    for key, value in sign(case).items():
        yield key, c_string(value)


def main():
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print(f"/* Written by make_sigv4_vectors.py, botocore {botocore.__version__}: do not edit. */")
    for case in CASES:
        print("{")
        for key, value in fields(case):
            print(f"    .{key} = {value},")
        print("},")


if __name__ == "__main__":
    main()
