# SPDX-License-Identifier: Apache-2.0
"""A tap in the wire between the programs and Route 53's stand-in: every request as it was sent,
judged by botocore: which operation of its model it is, and whether its signature is right."""

import re
import socket
import threading
import time
from urllib.parse import parse_qsl

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class Request:
    """One request, taken apart."""

    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, self.version = lines[0].split(" ")
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        self.body = body
        self.at = time.monotonic()

    def header(self, name):
        """The one header of that name; more than one could be read in two ways."""
        values = [value for key, value in self.headers if key.lower() == name]
        assert len(values) == 1, f"{name}: {values}"
        return values[0]

    def operation(self):
        path, _, query = self.target.partition("?")
        if path == "/":
            return dict(parse_qsl(self.body.decode()))["Action"]
        for (method, pattern), name in _routes().items():
            if method == self.method and re.fullmatch(pattern, path):
                return name
        raise AssertionError(f"no operation of Route 53: {self.method} {self.target}")

    def is_signed_by(self, access, secret):
        """Does botocore make the same signature of what came over the wire?"""
        scope = ("us-east-1", "sts" if self.target == "/" else "route53")
        match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)"
                             r"/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})",
                             self.header("authorization"))
        assert match, self.header("authorization")
        key, day, region, service, names, signature = match.groups()
        assert key == access and self.header("x-amz-date").startswith(day)
        assert (region, service) == scope
        again = AWSRequest(method=self.method, url=f"http://{self.header('host')}{self.target}",
                           data=self.body)
        for name in names.split(";"):
            again.headers.add_header(name, self.header(name))
        again.context["timestamp"] = self.header("x-amz-date")
        signer = SigV4Auth(Credentials(access, secret), service, region)
        to_sign = signer.string_to_sign(again, signer.canonical_request(again))
        unsigned = {key.lower() for key, _ in self.headers} - set(names.split(";"))
        assert unsigned <= {"authorization", "user-agent", "accept", "content-length"}, unsigned
        return signer.signature(to_sign, again) == signature


def _routes(cache={}):
    """{(method, pattern of the path): operation}, of botocore's model."""
    if not cache:
        model = botocore.session.get_session().get_service_model("route53")
        for name in model.operation_names:
            http = model.operation_model(name).http
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", http["requestUri"].split("?")[0])
            cache[http["method"], pattern] = name
    return cache


class Tap:
    """Listens on a port of its own, passes everything on to `to`, and keeps the requests, and the
    answers as they came, in pieces."""

    def __init__(self, to):
        host, _, port = to.rpartition(":")
        self.to = (host, int(port))
        self.requests = []
        self.answers = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self):
        self.listener.close()

    def _listen(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.to)
            threading.Thread(target=self._requests, args=(near, far), daemon=True).start()
            threading.Thread(target=self._pass_answers, args=(far, near), daemon=True).start()

    def answered(self, words):
        """How often these bytes were answered; an answer's body comes in one piece from the lab."""
        return sum(data.count(words) for data in list(self.answers))

    def _pass_answers(self, source, sink):
        try:
            while data := source.recv(65536):
                self.answers.append(data)
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()

    def _requests(self, source, sink):
        waiting = b""
        try:
            while data := source.recv(65536):
                waiting = self._take(waiting + data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _take(self, data):
        """Keeps the whole requests in data; returns what is left."""
        while b"\r\n\r\n" in data:
            head, _, rest = data.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                return data
            self.requests.append(Request(head, rest[:size]))
            data = rest[size:]
        return data
