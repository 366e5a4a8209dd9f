# SPDX-License-Identifier: Apache-2.0
"""Our signer beside botocore's, which is AWS's own: 10,000 random requests, byte for byte.

Same seed, same requests: SEED=N make check-system tries others.
"""

import datetime
import json
import os
import random
import subprocess

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from programs import BUILD
from urllib.parse import quote

COUNT = 10_000
SEED = int(os.environ.get("SEED", "20261122"))
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RESERVED = "@#$%^&+=/,?><`\";:\\|][{}!'()* "
FOREIGN = "äßçñøłžğıİſ\u0301αβЖй漢字かな한글עربी\u200d😀\U0001f469\u200d\U0001f52c\ufffd\u00a0\u2028"
CONTROL = "\t\n\r\x01\x1f\x7f"
SERVICES = [("route53", "us-east-1"), ("route53", "cn-northwest-1"), ("route53", "us-gov-west-1"),
            ("sts", "eu-central-1"), ("sts", "us-west-2"), ("service", "us-east-1")]
HOSTS = ["route53.amazonaws.com", "route53.amazonaws.com.cn", "127.0.0.1:41009", "[::1]:8080",
         "sts.eu-central-1.amazonaws.com", "EXAMPLE.Amazonaws.com"]


class Draw:
    """A random request, of the kinds we send and of many we never will."""

    def __init__(self, dice):
        self.dice = dice

    def text(self, alphabet, least, most):
        return "".join(self.dice.choices(alphabet, k=self.dice.randint(least, most)))

    def word(self, least=0, most=24):
        """A part of a path or a query: any character but NUL."""
        kind = self.dice.randrange(6)
        alphabet = (UNRESERVED, RESERVED, FOREIGN, UNRESERVED + RESERVED + FOREIGN + CONTROL,
                    "%25AaFf09+ ", "aA")[kind]
        return self.text(alphabet, least, most)

    def segments(self):
        names = [self.word(1) for _ in range(self.dice.randint(0, 7))]
        names = [name for name in names if name not in (".", "..")]
        if names and self.dice.random() < 0.3:
            names.append("")                       # a slash at the end
        return names

    def query(self):
        keys = [self.word(0, 12) for _ in range(self.dice.randint(0, 10))]
        if keys and self.dice.random() < 0.4:      # repeated keys, in any order
            keys += self.dice.choices(keys, k=self.dice.randint(1, 4))
        return [[key, self.word() if self.dice.random() < 0.8 else ""] for key in keys]

    def header_name(self):
        name = self.text("abcXYZ019-_", 1, 12)
        return self.dice.choice(["X-Amz-", "X-", "x-", "My-Header", "A"]) + name

    def header_value(self):
        """Blanks at the ends and in runs, quotes; no control characters, which we refuse."""
        alphabet = UNRESERVED + RESERVED + "    " + FOREIGN.translate(
            {0xa0: None, 0x2028: None})            # which Python takes for blanks, as nobody else
        return self.text(alphabet, 0, 40)

    def headers(self):
        names = [self.header_name() for _ in range(self.dice.randint(0, 6))]
        if names and self.dice.random() < 0.3:     # the same again, in another case
            names.append(self.dice.choice(names).swapcase())
        return [[name, self.header_value()] for name in names]

    def time(self):
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(
            seconds=self.dice.randrange(0, 4_102_444_800))
        return moment.strftime("%Y%m%dT%H%M%SZ")

    def request(self):
        service, region = self.dice.choice(SERVICES)
        token = self.text(UNRESERVED + "/+=", 1, 1200) if self.dice.random() < 0.5 else ""
        return {"method": self.dice.choice(["GET", "POST", "PUT", "DELETE", "HEAD"]),
                "host": self.dice.choice(HOSTS), "segments": self.segments(),
                "query": self.query(), "headers": self.headers(),
                "body": self.dice.choice(["", self.word(0, 4000), "<ChangeBatch/>"]),
                "service": service, "region": region, "time": self.time(),
                "key_id": "AKIA" + self.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, 16),
                "secret": self.text(UNRESERVED + "/+", 1, 64), "token": token}


def encode(text):
    return quote(text, safe="-_.~")


def target_of(request):
    path = "/" + "/".join(map(encode, request["segments"]))
    query = "&".join("=".join(pair) for pair in
                     sorted((encode(key), encode(value)) for key, value in request["query"]))
    return path + ("?" + query if query else "")


def botocore_signs(request):
    """What botocore makes of it: it encodes and sorts the query by itself."""
    path = target_of(request).partition("?")[0]
    theirs = AWSRequest(method=request["method"], url=f"https://{request['host']}{path}",
                        data=request["body"].encode(),
                        params=[tuple(pair) for pair in request["query"]])
    for key, value in request["headers"]:
        theirs.headers.add_header(key, value)
    theirs.headers["Host"] = request["host"]
    theirs.headers["X-Amz-Date"] = request["time"]
    if request["token"]:
        theirs.headers["X-Amz-Security-Token"] = request["token"]
    theirs.context["timestamp"] = request["time"]
    credentials = Credentials(request["key_id"], request["secret"], request["token"] or None)
    signer = SigV4Auth(credentials, request["service"], request["region"])
    canonical = signer.canonical_request(theirs)
    to_sign = signer.string_to_sign(theirs, canonical)
    names = signer.signed_headers(signer.headers_to_sign(theirs))
    return {"target": target_of(request), "canonical": canonical, "string_to_sign": to_sign,
            "authorization": f"AWS4-HMAC-SHA256 Credential={signer.scope(theirs)}, "
                             f"SignedHeaders={names}, "
                             f"Signature={signer.signature(to_sign, theirs)}"}


def we_sign(requests):
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run([BUILD / "tests/lib/signer"], input=lines, capture_output=True, text=True,
                          check=True, timeout=300)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def test_ten_thousand_random_requests_are_signed_as_botocore_signs_them():
    draw = Draw(random.Random(SEED))
    requests = [draw.request() for _ in range(COUNT)]
    ours = we_sign(requests)
    assert len(ours) == COUNT
    for number, (request, signed) in enumerate(zip(requests, ours)):
        assert signed == botocore_signs(request), f"request {number} of SEED={SEED}: {request}"


def test_what_a_server_could_read_in_two_ways_is_not_signed():
    good = Draw(random.Random(1)).request()
    bad = [{"segments": ["a", "..", "b"]}, {"segments": ["."]}, {"segments": ["a", "", "b"]},
           {"headers": [["X-A", "one\r\nX-B: two"]]}, {"headers": [["", "x"]]},
           {"time": "2026-11-22T00:00:00Z"}, {"query": [["k", str(i)] for i in range(33)]},
           {"key_id": ""}, {"key_id": "AKIA\n"}]
    assert we_sign([dict(good, **change) for change in bad]) == [None] * len(bad)
