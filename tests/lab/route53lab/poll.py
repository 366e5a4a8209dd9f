# SPDX-License-Identifier: Apache-2.0
"""One attempt of one checker at one endpoint: (is it good?, what GetHealthCheckStatus says of it).

Connected within 4 s (TCP checks: 10 s), a status of 2xx or 3xx within 2 s more and, where a string
is looked for, the string in the first 5,120 bytes of the body within 2 s more. Certificates are
not looked at.
"""

import asyncio
import http
import ipaddress
import os
import re
import ssl

CONNECT_S = 4.0
TCP_CONNECT_S = 10.0
ANSWER_S = 2.0
BODY_S = 2.0
HEAD_BYTES = 16384
BODY_BYTES = 5120
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: [^\r\n]*)?\r?\n")
AGENT = "Amazon-Route53-Health-Check-Service (ref {}; report http://amzn.to/1vsZADi)"


class Failure(Exception):
    """Why the attempt failed, in the words of the status report."""


def _tls_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    return context


_TLS = _tls_context()


def _source(checker, address):
    """From where: the checker's own address, if packets can go from there to `address`."""
    target = ipaddress.ip_address(address)
    if checker.source is None:
        return None
    own = ipaddress.ip_address(checker.source)
    if own.version != target.version or own.is_loopback != target.is_loopback:
        return None
    return checker.source, 0


async def _connect(config, checker, address):
    encrypted = config["Type"].startswith("HTTPS")
    name = config.get("FullyQualifiedDomainName") if config.get("EnableSNI") else None
    limit = TCP_CONNECT_S if config["Type"] == "TCP" else CONNECT_S
    try:
        return await asyncio.wait_for(asyncio.open_connection(
            address, config["Port"], local_addr=_source(checker, address),
            ssl=_TLS if encrypted else None, limit=HEAD_BYTES,
            server_hostname=(name or "") if encrypted else None), limit)
    except asyncio.TimeoutError:
        raise Failure("The health checker could not establish a connection within the timeout "
                      "limit.") from None
    except ssl.SSLError as error:
        raise Failure(f"SSL alert {error.reason or 'handshake failure'}".lower()) from None
    except OSError as error:
        raise Failure(f"{os.strerror(error.errno or 0)}.") from None


def _request(check_id, config):
    host = config.get("FullyQualifiedDomainName") or config["IPAddress"]
    host = f"[{host}]" if ":" in host else host
    usual = 443 if config["Type"].startswith("HTTPS") else 80
    if config["Port"] != usual:
        host += f":{config['Port']}"
    path = config.get("ResourcePath", "/")
    lines = [f"GET {path if path.startswith('/') else '/' + path} HTTP/1.1", f"Host: {host}",
             "Connection: close", f"User-Agent: {AGENT.format(check_id)}", "Accept: */*"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


async def _head(reader):
    """The status and the header lines as bytes."""
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ANSWER_S)
    except asyncio.TimeoutError:
        raise Failure("The endpoint did not respond within the timeout limit.") from None
    except asyncio.LimitOverrunError:
        raise Failure("The response headers are too long.") from None
    except (asyncio.IncompleteReadError, OSError):
        raise Failure("The connection closed before the response was complete.") from None
    match = STATUS_LINE.match(head)
    if not match:
        raise Failure("The response is not HTTP.")
    return int(match.group(1)), head


async def _pieces(reader, head):
    """The body as it comes, as Content-Length or chunks bound it."""
    lower = head.lower()
    length = re.search(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", lower)
    if re.search(rb"\r\ntransfer-encoding:[^\r]*chunked", lower):
        while True:
            size = int((await reader.readline()).split(b";")[0].strip() or b"0", 16)
            if size == 0:
                return
            yield await reader.readexactly(min(size, BODY_BYTES))
            if size > BODY_BYTES:
                return
            await reader.readline()
    left = int(length.group(1)) if length else BODY_BYTES
    while left > 0:
        piece = await reader.read(min(left, BODY_BYTES))
        if not piece:
            return
        left -= len(piece)
        yield piece


async def _holds(reader, head, wanted):
    """Is the string in the first 5,120 bytes?"""
    body = b""
    try:
        async for piece in _pieces(reader, head):
            body = (body + piece)[:BODY_BYTES]
            if wanted in body or len(body) == BODY_BYTES:
                break
    except (asyncio.IncompleteReadError, OSError, ValueError):
        pass                            # what came before the end counts
    return wanted in body


async def _answer(check_id, config, reader, writer):
    writer.write(_request(check_id, config))
    status, head = await _head(reader)
    try:
        words = http.HTTPStatus(status).phrase
    except ValueError:
        words = "Unknown"
    if not 200 <= status < 400:
        raise Failure(f"HTTP Status Code {status}, {words}")
    if config["Type"].endswith("STR_MATCH"):
        try:
            found = await asyncio.wait_for(
                _holds(reader, head, config["SearchString"].encode("utf-8")), BODY_S)
        except asyncio.TimeoutError:
            found = False
        if not found:
            raise Failure("The search string was not found in the response body.")
    return f"HTTP Status Code {status}, {words}"


async def attempt(check_id, config, checker, address):
    """`address`: the endpoint's; None: its name could not be resolved."""
    writer = None
    try:
        if address is None:
            raise Failure("DNS resolution failed.")
        reader, writer = await _connect(config, checker, address)
        if config["Type"] == "TCP":
            return True, "Success: TCP connection established"
        return True, "Success: " + await _answer(check_id, config, reader, writer)
    except Failure as failure:
        return False, f"Failure: {failure}"
    finally:
        if writer is not None:
            writer.transport.abort()
