# SPDX-License-Identifier: Apache-2.0
"""The sockets of HTTP: reads a request, delivers a reply, or fails to, as the reply says."""

import http.server
import select
import socket
import socketserver
import struct
import sys
import threading

from .api import MAX_BODY, Reply, Request
from .errors import ApiError

IDLE_S = 60.0
HANG_POLL_S = 0.1
CONTROL_PATH = "/_lab"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "route53-lab"
    timeout = IDLE_S
    wbufsize = -1                       # one write for head and body
    disable_nagle_algorithm = True

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _serve(self):
        if self.server.owner.refusing and not self.path.startswith(CONTROL_PATH):
            return self._reset()
        body = self._body()
        if body is None:
            return None
        request = Request(self.command, self.path, list(self.headers.items()), body,
                          self.client_address[0])
        return self._deliver(self.server.owner.route(request))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = _serve

    def _body(self):
        """The body, or None after a refusal was sent."""
        lengths = self.headers.get_all("Content-Length", ["0"])
        length = lengths[0]
        if self.headers.get("Transfer-Encoding") is not None:
            return self._refuse(501, "NotImplemented",
                                "A header you provided implies functionality that is not "
                                "implemented: Transfer-Encoding")
        if len(lengths) > 1 or not length.isascii() or not length.isdigit():
            return self._refuse(400, "BadRequest", "Content-Length is not one number")
        if int(length) > MAX_BODY:
            return self._refuse(413, "RequestEntityTooLarge",
                                f"the body has {length} bytes, more than {MAX_BODY}")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body

    def _refuse(self, status, code, message):
        self.close_connection = True
        text = ApiError(code, message, status).to_xml("lab")
        self._send(Reply(status, text.encode()), close=True)
        return None

    def _deliver(self, reply):
        if reply.delivery == "send":
            self._send(reply, close=self.close_connection)
        elif reply.delivery == "cut":
            self._send(reply, close=True, body=reply.body[:len(reply.body) // 2])
            self.close_connection = True
        elif reply.delivery == "hang":
            self._hang()
        elif reply.delivery == "reset":
            self._reset()
        else:
            self.close_connection = True        # drop: the peer sees the end, and no reply

    def _send(self, reply, close, body=None):
        self.send_response(reply.status)
        headers = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body))}
        if close:
            headers["Connection"] = "close"
        for name, value in dict(headers, **reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body if body is None else body)
        self.wfile.flush()

    def send_response(self, code, message=None):
        """Without the library's own Date: the lab's clock may be set wrong on purpose."""
        self.send_response_only(code, message)
        self.send_header("Server", self.server_version)

    def _reset(self):
        """RST instead of FIN."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _hang(self):
        """Until the client goes away or the lab ends."""
        self.close_connection = True
        while not self.server.owner.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], HANG_POLL_S)
            if readable and not self.connection.recv(4096):
                return                          # whatever else it sends, there is no answer

    def log_message(self, *_args):
        """Quiet: the journal and /_lab/state tell what happened."""


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address, owner, tls=None):
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.owner = owner
        super().__init__(address, _Handler)
        if tls is not None:                     # each handshake in its own handler's thread
            self.socket = tls.wrap_socket(self.socket, server_side=True,
                                          do_handshake_on_connect=False)

    def server_bind(self):
        """Without the library's look-up of our own host name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request, client_address):
        """A client that goes away is not worth a traceback; a bug of the lab is."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class HttpServer:
    """Two listeners: the API with /_lab beside it, and /_lab alone, which `refuse` spares.

    `tls` is an SSLContext for the API, or None; /_lab alone is always plain.
    """

    def __init__(self, address, control_address, stopping, tls=None):
        self.stopping = stopping
        self._tls = tls
        self.refusing = False
        self.api = self.control = None          # set before start()
        self._listener = _Listener(address, self, tls)
        self.address = self._listener.server_address[:2]
        self._control = _Listener(control_address, self)
        self.control_address = self._control.server_address[:2]
        self._lock = threading.Lock()
        self._keeper = None             # holds the port, without listening, while refusing

    @staticmethod
    def _run(listener):
        threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05},
                         name="http", daemon=True).start()

    def start(self):
        self._run(self._listener)
        self._run(self._control)

    def route(self, request):
        if request.target == CONTROL_PATH or request.target.startswith(CONTROL_PATH + "/"):
            return self.control.serve(request)
        return self.api.serve(request)

    def refuse(self, on):
        """Connections to the API's port are refused while on; nobody else gets the port."""
        with self._lock:
            if on and not self.refusing:
                self.refusing = True
                self._listener.shutdown()
                self._listener.server_close()
                self._keeper = socket.socket(self._listener.address_family, socket.SOCK_STREAM)
                self._keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self._keeper.bind(self.address)
            elif not on and self.refusing:
                self._listener = _Listener(self.address, self, self._tls)
                self._keeper.close()
                self._run(self._listener)
                self.refusing = False

    def stop(self):
        for listener in (self._control, self._listener):
            if listener is not self._listener or not self.refusing:
                listener.shutdown()
                listener.server_close()
