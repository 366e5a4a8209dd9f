# SPDX-License-Identifier: Apache-2.0
"""An endpoint for the lab's health checkers: answers as told, and remembers who asked."""

import collections
import socketserver
import ssl
import subprocess
import threading

Asked = collections.namedtuple("Asked", "source path headers")
DEFAULT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def page(body, status="200 OK"):
    """A whole response with this body."""
    body = body.encode() if isinstance(body, str) else body
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        owner = self.server.owner
        try:
            sock = owner.tls.wrap_socket(self.request, server_side=True) if owner.tls \
                else self.request
            head = b""
            while b"\r\n\r\n" not in head:
                piece = sock.recv(65536)
                if not piece:
                    return owner.note(Asked(self.client_address[0], None, {}))
                head += piece
            lines = head.decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in lines[1:] if line)
            owner.note(Asked(self.client_address[0], lines[0], headers))
            for part in owner.answer if isinstance(owner.answer, list) else [owner.answer]:
                if isinstance(part, float):
                    owner.stopping.wait(part)
                else:
                    sock.sendall(part)
        except OSError:
            pass                        # the checker has heard enough
        return None


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64


class Endpoint:
    """`answer`: bytes, or a list of bytes and pauses (float seconds). `tls`: an SSLContext."""

    def __init__(self, tls=None):
        self.answer = DEFAULT
        self.asked = []
        self.names = []                 # those sent by SNI
        self.tls = tls
        if tls is not None:
            tls.sni_callback = lambda _sock, name, _context: self.names.append(name)
        self.stopping = threading.Event()
        self._arrived = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()

    def note(self, asked):
        with self._arrived:
            self.asked.append(asked)
            self._arrived.notify_all()

    def wait_asked(self, count, deadline=60):
        """Waits until so many have asked."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.asked) >= count, deadline)

    def stop(self):
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()


def self_signed(folder):
    """A context with a certificate that nobody should trust: wrong name, own issuer."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=wrong.invalid",
                    "-days", "1", "-keyout", key, "-out", cert], check=True, capture_output=True,
                   timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context
