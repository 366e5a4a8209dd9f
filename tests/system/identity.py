# SPDX-License-Identifier: Apache-2.0
"""Stand-ins of those who hand out credentials: the metadata service of EC2 (version 2 only), the
endpoint of a container (ECS, EKS), STS. One server plays them all; what it is to do wrong is set by
the test. And a hand on our own chain: tests/lib/credentials_tool."""

import base64
import calendar
import hashlib
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

BUILD = Path(os.environ.get("REGIONSHIFT_BUILD",
                            Path(__file__).resolve().parents[2] / "build")).resolve()
TOOL = BUILD / "tests" / "lib" / "credentials_tool"
METADATA = "/latest/meta-data/iam/security-credentials/"
ARN = "arn:aws:iam::123456789012:role/failover"
XMLNS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'


def moment(seconds):
    """A wall time as AWS writes it, `seconds` from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


class Verifier(SigV4Auth):
    def headers_to_sign(self, request):
        return request.headers


class Identity:
    """What the server knows and was told to do. Every list or dict may be changed by a test."""

    def __init__(self):
        self.requests = []          # (method, path, headers, body), in the order they came
        self.faults = {}            # name of a route -> [(status, body) or callable or "hang"]
        self.life_s = 3600          # of credentials handed out
        self.number = 0             # of those handed out: ASIA<n> tells which
        self.named_by_way = False   # ASIA<hash> instead, the same for the same way to them
        self.role = "machine-role"
        self.tokens = set()         # of the metadata service
        self.authorization = None   # that the container endpoint wants
        self.web_tokens = {"web-token-1"}
        self.keys = {"AKIABASE": ("base-secret", "")}   # id -> (secret, token) that STS believes
        self.external_ids = {}      # arn -> that is needed
        self.clock_s = 0            # its clock is so far ahead of ours
        self.lock = threading.Lock()

    # -- what it hands out --

    def issue(self, way):
        """New credentials; `way`: how they were come by, which names them if that is wished."""
        self.number += 1
        key = "ASIA" + hashlib.sha1(way.encode()).hexdigest()[:12].upper() if self.named_by_way \
            else f"ASIA{self.number}"
        found = {"AccessKeyId": key, "SecretAccessKey": f"secret-{self.number}/+=",
                 "Token": f"token-{self.number}/+==",
                 "Expiration": moment(self.life_s + self.clock_s)}
        self.keys[key] = (found["SecretAccessKey"], found["Token"])
        return found

    # -- routes: each returns (status, body) --

    def metadata_token(self, method, headers, _body, _query):
        life_s = int(headers["x-aws-ec2-metadata-token-ttl-seconds"])
        if method != "PUT" or not 1 <= life_s <= 21600:
            return 400, ""
        self.tokens.add(f"imds-token-{len(self.tokens)}")
        return 200, f"imds-token-{len(self.tokens) - 1}"

    def believed(self, headers):
        return headers.get("x-aws-ec2-metadata-token") in self.tokens

    def metadata_role(self, _method, headers, _body, _query):
        if not self.believed(headers):
            return 401, ""
        return (200, self.role) if self.role else (404, "")

    def metadata_document(self, _method, headers, _body, _query):
        if not self.believed(headers):
            return 401, ""
        return 200, json.dumps({"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": moment(0),
                                **self.issue("machine")})

    def container(self, _method, headers, _body, _query):
        if self.authorization is not None and headers.get("authorization") != self.authorization:
            return 401, json.dumps({"code": "Unauthorized", "message": "no such token\x07"})
        return 200, json.dumps({"AccountId": "123456789012", "RoleArn": ARN,
                                **self.issue(f"container {headers.get('authorization')}")})

    def assume(self, headers, body, form):
        key, refusal = self.check_signature(headers, body)
        if refusal is not None:
            return refusal
        wanted = self.external_ids.get(form["RoleArn"])
        if wanted is not None and form.get("ExternalId") != wanted:
            return sts_error(403, "AccessDenied", "not authorized to perform: sts:AssumeRole")
        return 200, sts_answer("AssumeRole", self.issue(
            f"{key} {form['RoleArn']} {form.get('ExternalId')}"))

    def web_identity(self, form):
        if form["WebIdentityToken"] not in self.web_tokens:
            return sts_error(400, "ExpiredTokenException", "Token expired")
        return 200, sts_answer("AssumeRoleWithWebIdentity", self.issue(
            f"{form['WebIdentityToken']} {form['RoleArn']}"))

    def sts(self, _method, headers, body, _query):
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        assert form["Version"] == "2011-06-15"
        if form["Action"] == "AssumeRoleWithWebIdentity":
            return self.web_identity(form)
        return self.assume(headers, body, form)

    def check_signature(self, headers, body):
        """Whose it is, and the refusal or None: botocore signs it again, as it came."""
        match = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d+/([^/]+)/sts/aws4_request, "
                         r"SignedHeaders=([^,]+), Signature=(\w+)$", headers["authorization"])
        key, region, names, signature = match.groups()
        if key not in self.keys:
            return key, sts_error(403, "InvalidClientTokenId", "The security token is invalid")
        secret, token = self.keys[key]
        if headers.get("x-amz-security-token", "") != token:
            return key, sts_error(403, "InvalidClientTokenId", "The security token is invalid")
        request = AWSRequest("POST", f"http://{headers['host']}/", data=body)
        for name in names.split(";"):
            request.headers[name] = headers[name]
        request.context["timestamp"] = headers["x-amz-date"]
        signer = Verifier(Credentials(key, secret), "sts", region)
        canonical = signer.canonical_request(request)
        if signer.signature(signer.string_to_sign(request, canonical), request) != signature:
            return key, sts_error(403, "SignatureDoesNotMatch", "it does not match")
        at = calendar.timegm(time.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ"))
        if abs(at - time.time() - self.clock_s) > 300:
            return key, sts_error(403, "SignatureDoesNotMatch", "Signature expired")
        return key, None


def sts_answer(action, found):
    names = {"SessionToken": "Token"}
    fields = "".join(f"<{name}>{found[names.get(name, name)]}</{name}>"
                     for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"))
    return (f"<{action}Response {XMLNS}><{action}Result><Credentials>{fields}</Credentials>"
            f"</{action}Result></{action}Response>")


def sts_error(status, code, message):
    return status, (f"<ErrorResponse {XMLNS}><Error><Type>Sender</Type><Code>{code}</Code>"
                    f"<Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>")


def route_of(path):
    if path == "/latest/api/token":
        return "metadata_token"
    if path == METADATA:
        return "metadata_role"
    if path.startswith(METADATA):
        return "metadata_document"
    if path.startswith("/v2/credentials") or path.startswith("/v1/credentials"):
        return "container"
    return "sts" if path == "/" else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *arguments):      # pylint: disable=redefined-builtin
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(time.time() + self.server.identity.clock_s, usegmt=True)

    def reply(self, status, body):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def answer(self):
        identity = self.server.identity
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        route = route_of(urlsplit(unquote(self.path)).path)
        with identity.lock:
            identity.requests.append((self.command, self.path, headers, body))
            faults = identity.faults.get(route, [])
            fault = faults.pop(0) if faults else None
            if fault is None or fault == "pass":
                fault = ((404, "") if route is None else
                         getattr(identity, route)(self.command, headers, body, self.path))
        if fault == "hang":
            self.server.stopping.wait(30)
            return
        if fault == "drop":
            self.close_connection = True
            return
        self.reply(*fault)

    do_GET = do_PUT = do_POST = answer


class Six(ThreadingHTTPServer):
    address_family = socket.AF_INET6


class Server:
    """Identity over HTTP on a free port of `host`, or over TLS."""

    def __init__(self, identity, host="127.0.0.1", port=0, certificate=None):
        self.http = (Six if ":" in host else ThreadingHTTPServer)((host, port), Handler)
        self.http.daemon_threads = True
        self.http.identity = identity
        self.http.stopping = threading.Event()
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.port = self.http.server_port
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self):
        self.http.stopping.set()
        self.http.shutdown()
        self.http.server_close()


class Hand:
    """Our chain in a process, in an environment of the test's making."""

    def __init__(self, env, profile="", region="us-east-1", wrapper=()):
        base = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                                                    "LSAN_OPTIONS") if name in os.environ}
        self.process = subprocess.Popen(
            [*wrapper, TOOL, profile, region], env={**base, **env}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.errors = []        # all that it said of what went wrong

    def say(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline())
        self.errors.append(said.get("error", ""))
        return said

    def get(self, *role):
        return self.say("get", *role)

    def key(self, *role):
        found = self.get(*role)
        assert found["key_id"], found["error"]
        return found["key_id"]

    def error(self, *role):
        found = self.get(*role)
        assert found["key_id"] is None, found
        return found["error"]

    def until_key(self, wanted, *role):
        """Asks until a look in the background has brought it."""
        end = time.monotonic() + 120
        while (found := self.get(*role))["key_id"] != wanted:
            assert time.monotonic() < end, found
            time.sleep(0.02)

    def until_error(self, words, *role):
        end = time.monotonic() + 120
        while words not in (found := self.say("view", *role))["error"]:
            assert time.monotonic() < end, found
            self.get(*role)
            time.sleep(0.02)

    def stop(self):
        """Its stderr; it must have closed all it had."""
        _, errors = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, errors
        return errors


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()
