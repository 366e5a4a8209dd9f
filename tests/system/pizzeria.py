#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One service of JWT Pizza in one region, as an HTTP server.

    pizzeria.py ADDR:PORT pizza REGION FACTORY_URL     takes orders, has them baked by its factory
    pizzeria.py ADDR:PORT factory REGION               bakes

GET /health answers "ok". POST /order at a pizza service answers 200, or "Error 500" when its
factory does not bake: what no customer should read. Prints one line when it listens."""

import http.server
import sys
import urllib.request

ADDRESS, ROLE, REGION = sys.argv[1:4]
FACTORY = sys.argv[4] if len(sys.argv) > 4 else None
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Service(http.server.BaseHTTPRequestHandler):
    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/health":
            self.answer(200, f"ok {ROLE} {REGION}\n")
        else:
            self.answer(404, "GET /health or POST /order\n")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if ROLE == "factory":
            self.answer(200, f"baked in {REGION}\n")
            return
        try:
            with OPENER.open(urllib.request.Request(FACTORY, data=b"", method="POST"),
                             timeout=1) as reply:
                self.answer(200, f"sold in {REGION}, {reply.read().decode()}")
        except OSError as error:
            self.answer(500, f"Error 500: no factory ({error})\n")

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256


host, _, port = ADDRESS.rpartition(":")
server = Server((host, int(port)), Service)
print(f"{ROLE} of {REGION} on {host}:{server.server_address[1]}", flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    pass
