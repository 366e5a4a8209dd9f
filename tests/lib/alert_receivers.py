#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Places alerts go to, for tests: aiosmtpd three times (plain; STARTTLS and AUTH required; TLS from
the first byte) and an HTTP receiver, all on 127.0.0.1.

    alert_receivers.py FOLDER [ADDRESS]     where its key is kept; an address instead of 127.0.0.1

Prints one JSON line with the ports, then one for everything received. Reads commands, a line each:
    mail refuse N REPLY...   the next N MAIL commands get REPLY
    mail delay SECONDS       before each answer to DATA
    http refuse N STATUS     the next N requests get STATUS
    http delay SECONDS       before each answer
and answers {"kind":"ok"}. A mail with the word "poison" is never taken.
The login is rs with the password in MAILBOX_PASSWORD, or s3cret.
Ends with its standard input."""

import asyncio
import http.server
import json
import logging
import os
import ssl
import subprocess
import sys
import threading
import time
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
folder = sys.argv[1]
listen = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"
lock = threading.Lock()
state = {
    "mail": {"refuse": 0, "reply": "", "delay": 0.0},
    "http": {"refuse": 0, "reply": "", "delay": 0.0},
}


def say(**what):
    with lock:
        print(json.dumps(what), flush=True)


def refusal(kind):
    """The reply of a refusal still due, or None."""
    with lock:
        if state[kind]["refuse"] == 0:
            return None
        state[kind]["refuse"] -= 1
        return state[kind]["reply"]


class Mailbox:
    def __init__(self, name):
        self.name = name

    async def handle_MAIL(self, server, session, envelope, address, options):
        reply = refusal("mail")
        if reply is not None:
            say(kind="refused", by="mail")
            return reply
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(state["mail"]["delay"])
        if b"poison" in envelope.original_content:
            say(kind="refused", by="mail")
            return "554 5.7.1 not this one"
        say(kind="mail", by=self.name, tls=session.ssl is not None,
            user=session.auth_data.decode() if session.auth_data else "",
            sender=envelope.mail_from, to=envelope.rcpt_tos,
            data=envelope.original_content.decode("ascii"))
        return "250 2.0.0 taken"


class Hook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = refusal("http")
        time.sleep(state["http"]["delay"])
        say(kind="refused" if status else "hook", by="http", path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            data=body.decode())
        self.send_response(int(status or 200))
        if status and status.startswith("3"):
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST

    def log_message(self, *args):
        pass


class Hooks(http.server.ThreadingHTTPServer):
    def handle_error(self, request, address):
        pass  # a client that hangs up is what is being tested


def authenticate(server, session, envelope, mechanism, data):
    password = os.environ.get("MAILBOX_PASSWORD", "s3cret").encode()
    good = data.login == b"rs" and data.password == password
    return AuthResult(success=good, handled=False, auth_data=data.login if good else None)


def tls_context():
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost,DNS:good.test", "-keyout", folder + "/key.pem", "-out",
         folder + "/cert.pem"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
    return context


async def start_mailbox(name, tls=None, **options):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Mailbox(name), hostname="test", **options),
                                      listen, 0, ssl=tls)
    return server.sockets[0].getsockname()[1]


def command(line):
    kind, verb, first, *rest = line.split(None, 3)
    with lock:
        if verb == "refuse":
            state[kind].update(refuse=int(first), reply=" ".join(rest))
        else:
            state[kind]["delay"] = float(first)
    say(kind="ok")


async def main():
    context = tls_context()
    hook = Hooks((listen, 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    say(kind="ports", plain=await start_mailbox("plain"),
        starttls=await start_mailbox("starttls", tls_context=context, require_starttls=True,
                                     auth_required=True, authenticator=authenticate),
        tls=await start_mailbox("tls", tls=context), http=hook.server_address[1])
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        command(line.decode())


asyncio.run(main())
