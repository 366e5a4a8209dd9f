# SPDX-License-Identifier: Apache-2.0
"""One etcd on loopback, as its own cluster, and calls of its gateway as any user."""

import base64
import http.server
import json
import os
import signal
import ssl
import threading
import urllib.error
import urllib.request

from certificates import Authority
from programs import Program, find_tool, free_port

PREFIX = "/regionshift/pizza/"
HERE = "127.0.0.1"
START_S = 30.0
CALL_S = 60.0


def b64(text):
    return base64.b64encode(text.encode()).decode()


def key(name):
    """The "key" of a request, below the prefix."""
    return {"key": b64(PREFIX + name)}


def under(name):
    """"key" and "range_end" of everything that begins with the name, which ends in '/'."""
    return {**key(name), "range_end": b64(PREFIX + name[:-1] + "0")}


class EtcdAlone:
    """tls: it serves TLS and wants a client certificate; options: further ones of etcd."""

    def __init__(self, folder, tls=False, options=()):
        self.folder = folder
        self.authority = Authority(folder / "tls") if tls else None
        self.port, self.peer_port = free_port(HERE), free_port(HERE)
        self.options = list(options)
        self.program = None
        if self.authority:
            self.authority.issue("member", f"IP:{HERE}")
            self.authority.issue("client", "DNS:client.example")

    @property
    def scheme(self):
        return "https" if self.authority else "http"

    @property
    def url(self):
        return f"{self.scheme}://{HERE}:{self.port}"

    def start(self):
        peer = f"http://{HERE}:{self.peer_port}"
        command = [find_tool("etcd"), "--name", "alone", "--data-dir", str(self.folder / "data"),
                   "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
                   "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                   "--initial-cluster", f"alone={peer}", "--bcrypt-cost", "4",
                   "--logger", "zap", "--log-outputs", "stderr", *self.options]
        if self.authority:
            tls = self.authority.folder
            command += ["--cert-file", str(tls / "member.pem"), "--key-file",
                        str(tls / "member.key"), "--client-cert-auth", "--trusted-ca-file",
                        str(self.authority.certificate)]
        env = {name: value for name, value in os.environ.items() if not name.startswith("ETCD")}
        self.program = Program("etcd", command, env=env)
        self.program.wait_line(lambda line: "published local member" in line.text, START_S)
        return self

    def kill(self):
        if self.program is not None:
            self.program.stop(signal.SIGKILL)
            self.program = None

    def store_section(self, client="client"):
        """The settings' store."""
        lines = ['type = "etcd";', f'endpoints = [ "{self.url}" ];',
                 f'prefix = "{PREFIX.rstrip("/")}";']
        if self.authority:
            tls = self.authority.folder
            lines += [f'ca_file = "{self.authority.certificate}";',
                      f'cert_file = "{tls / client}.pem";', f'key_file = "{tls / client}.key";']
        return "".join(f"    {line}\n" for line in lines)

    # -- calls --

    def _context(self):
        if not self.authority:
            return None
        context = ssl.create_default_context(cafile=self.authority.certificate)
        context.load_cert_chain(self.authority.folder / "client.pem",
                                self.authority.folder / "client.key")
        return context

    def ask(self, path, body, token=None):
        """(HTTP status, JSON) of one call, whatever it says."""
        request = urllib.request.Request(f"{self.url}/v3/{path}", json.dumps(body).encode(),
                                         {"Authorization": token} if token else {})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=self._context()))
        try:
            with opener.open(request, timeout=CALL_S) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def must(self, path, body, token=None):
        status, answer = self.ask(path, body, token)
        assert status == 200, f"{path}: {status} {answer}"
        return answer

    def values(self, name):
        """{key below the prefix: text} of everything that begins with the name."""
        found = self.must("kv/range", under(name)).get("kvs", [])
        return {base64.b64decode(item["key"]).decode()[len(PREFIX):]:
                base64.b64decode(item["value"]).decode() for item in found}

    def token(self, user, password):
        return self.must("auth/authenticate", {"name": user, "password": password})["token"]


class Forgetful(http.server.ThreadingHTTPServer):
    """Stands before an etcd and hands everything on; the first answer of each of these paths it
    forgets: the connection ends without a word."""

    daemon_threads = True

    def __init__(self, url, paths):
        super().__init__((HERE, 0), Handler)
        self.etcd_url = url
        self.forgets = set(paths)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://{HERE}:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True      # head and body are two writes

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: self.headers[name] for name in ("Authorization",) if self.headers[name]}
        request = urllib.request.Request(self.server.etcd_url + self.path, body, headers)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                    request, timeout=CALL_S) as reply:
                status, answer = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            status, answer = error.code, error.read()
        if self.path in self.server.forgets:
            self.server.forgets.remove(self.path)
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """A test says what is wrong."""
