# SPDX-License-Identifier: Apache-2.0
"""How the lab's own tests talk to it: boto3, the `aws` command, botocore's signer on raw sockets.

Never through regionshift's client: the lab is what that client is tested against.
"""

import datetime
import functools
import json
import socket
import subprocess
import time

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions

from labctl import ACCESS_KEY, SECRET_KEY

ZONE = "ZLAB1"
APEX = "example.com"
NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
LIST = f"/2013-04-01/hostedzone/{ZONE}/rrset"
POST = LIST + "/"
GOOD = ("<ChangeBatch><Changes><Change><Action>CREATE</Action><ResourceRecordSet>"
        "<Name>www.example.com</Name><Type>A</Type><TTL>60</TTL><ResourceRecords>"
        "<ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>"
        "</ResourceRecordSet></Change></Changes></ChangeBatch>")


@functools.lru_cache(maxsize=None)
def client(endpoint, access=ACCESS_KEY, secret=SECRET_KEY, token=None, attempts=1, check=True,
           kind="route53"):
    """A boto3 client that does not retry unless told to; check=False: nor looks what it sends."""
    config = botocore.config.Config(retries={"total_max_attempts": attempts}, read_timeout=60,
                                    connect_timeout=60, proxies={}, parameter_validation=check)
    return boto3.session.Session().client(
        kind, endpoint_url=endpoint, region_name="us-east-1", config=config,
        aws_access_key_id=access, aws_secret_access_key=secret, aws_session_token=token)


def change(lab, *changes, zone=ZONE, comment=None, **kwargs):
    """One batch; changes are (action, record set). Returns the ChangeInfo."""
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": rrset}
                         for action, rrset in changes]}
    if comment is not None:
        batch["Comment"] = comment
    return client(lab.endpoint, **kwargs).change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]


def refusal(call, *args, **kwargs):
    """(code, message) of a call that must be refused."""
    try:
        call(*args, **kwargs)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("it was accepted")


def listed(lab, zone=ZONE, **kwargs):
    """All record sets, through boto3's own paginator."""
    pages = client(lab.endpoint).get_paginator("list_resource_record_sets")
    return pages.paginate(HostedZoneId=zone, **kwargs).build_full_result()["ResourceRecordSets"]


def names(lab):
    return [rrset["Name"] for rrset in listed(lab)]


def until(condition, deadline=60.0):
    """Waits for a condition to hold and returns its value; an AssertionError past the deadline."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"not within {deadline} s: {condition}"
        time.sleep(0.01)


def status(lab, change_info):
    return client(lab.endpoint).get_change(Id=change_info["Id"])["ChangeInfo"]["Status"]


def aws(lab, *arguments, check=True, options=()):
    """Debian's `aws route53 ...`; returns its JSON, or with check=False the process."""
    done = subprocess.run(["/usr/bin/aws", "--endpoint-url", lab.endpoint, "--output", "json",
                           *options, "route53", *arguments], env=lab.aws_env(), text=True,
                          timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if not check:
        return done
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# -- requests as bytes --

def signed(lab, method="GET", target=LIST, body=b"", access=ACCESS_KEY, secret=SECRET_KEY,
           token=None, skew_s=0, region="us-east-1", service="route53", headers=()):
    """(method, target, headers, body), signed by botocore as if its clock were off by skew_s."""
    path, _, query = target.partition("?")
    request = botocore.awsrequest.AWSRequest(method=method, url=lab.endpoint + path, data=body)
    if query:
        request.url += "?" + query
    for name, value in headers:
        request.headers[name] = value
    signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(access, secret, token),
                                     service, region)
    stamp = datetime.datetime.utcnow() + datetime.timedelta(seconds=skew_s)
    request.context["timestamp"] = stamp.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(to_sign, request))
    return method, target, list(request.headers.items()), body


def send(lab, method, target, headers=(), body=b"", raw=None):
    """Sends a request over a socket of its own; returns all bytes until the lab closes."""
    host, _, port = lab.http.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as sock:
        if raw is None:
            lines = [f"{method} {target} HTTP/1.1", f"Host: {lab.http}", "Connection: close",
                     f"Content-Length: {len(body)}"]
            lines += [f"{name}: {value}" for name, value in headers]
            raw = ("\r\n".join(lines) + "\r\n\r\n").encode() + body
        sock.sendall(raw)
        reply = b""
        while True:
            piece = sock.recv(65536)
            if not piece:
                return reply
            reply += piece


def http_status(reply):
    return int(reply.split(b" ", 2)[1])


def post_xml(lab, inner, envelope="ChangeResourceRecordSetsRequest", xmlns=NAMESPACE):
    """POSTs a request with `inner` in the envelope, signed; returns the whole reply."""
    space = f' xmlns="{xmlns}"' if xmlns else ""
    return post(lab, f"<{envelope}{space}>{inner}</{envelope}>".encode())


def post(lab, body):
    return send(lab, *signed(lab, "POST", POST, body))
