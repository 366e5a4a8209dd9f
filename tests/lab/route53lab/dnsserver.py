# SPDX-License-Identifier: Apache-2.0
"""The sockets of DNS: UDP and TCP on one port, one pair for each name server of the lab."""

import random
import socket
import socketserver
import struct
import threading

import dns.exception
import dns.flags
import dns.message
import dns.rcode

from . import answers

TCP_IDLE_S = 10.0
HEADER_BYTES = 12
BIND_TRIES = 20


def _struck(fault, number):
    return fault is not None and fault["server"] in (-1, number)


def _form_error(wire):
    """FORMERR for what has a header but is no query we can read."""
    flags = 0x8000 | (wire[2] << 8 & 0x7900) | dns.rcode.FORMERR
    return wire[:2] + struct.pack("!HHHHH", flags, 0, 0, 0, 0)


class NameServer:
    """Number `number` of the lab's name servers, at `address` (port 0: a free one)."""

    def __init__(self, number, address, account, faults, glue, hosts, seed=None):
        self._number = number
        self._account = account
        self._faults = faults
        self._glue = glue
        self._hosts = hosts
        self._dice = random.Random(seed)
        self._udp, self._tcp = self._bind(address)
        self.address = self._udp.server_address[:2]

    def _bind(self, address):
        """UDP and TCP on one port; with port 0, tries until one is free for both."""
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        for attempt in range(BIND_TRIES):
            tcp = _TcpServer(address, family, self)
            try:
                return _UdpServer(tcp.server_address[:2], family, self), tcp
            except OSError:
                tcp.server_close()
                if address[1] or attempt == BIND_TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def start(self):
        for server in (self._udp, self._tcp):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05},
                             name=f"dns-{self._number}", daemon=True).start()

    def stop(self):
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()

    def _book(self, zones, zone_name):
        with self._account.lock:
            records = self._account.visible(zones[zone_name], self._number)
        return answers.Book(zone_name, records, self._dice, self._hosts)

    def handle(self, wire, over_udp):
        """Bytes in, bytes out; None: no answer at all."""
        if _struck(self._faults.get("dns-down"), self._number) or len(wire) < HEADER_BYTES:
            return None
        if wire[2] & 0x80:
            return None                 # a response: answering it could go on for ever
        try:
            query = dns.message.from_wire(wire)
        except (dns.exception.DNSException, ValueError, struct.error):
            return _form_error(wire)
        zones = self._account.public_zones()
        response = answers.respond(query, zones, lambda name: self._book(zones, name), self._glue)
        if _struck(self._faults.get("dns-servfail"), self._number):
            response = dns.message.make_response(query)
            response.set_rcode(dns.rcode.SERVFAIL)
        return answers.to_wire(response, query, over_udp)


class _UdpHandler(socketserver.BaseRequestHandler):
    def handle(self):
        wire, sock = self.request
        reply = self.server.owner.handle(wire, over_udp=True)
        if reply is not None:
            sock.sendto(reply, self.client_address)


class _TcpHandler(socketserver.StreamRequestHandler):
    timeout = TCP_IDLE_S

    def handle(self):
        try:
            while True:
                head = self.rfile.read(2)
                if len(head) < 2:
                    return
                wire = self.rfile.read(struct.unpack("!H", head)[0])
                reply = self.server.owner.handle(wire, over_udp=False)
                if reply is None:
                    return
                self.wfile.write(struct.pack("!H", len(reply)) + reply)
        except OSError:
            return                      # the client went away or fell silent


class _UdpServer(socketserver.UDPServer):
    max_packet_size = 65535

    def __init__(self, address, family, owner):
        self.address_family = family
        self.owner = owner
        super().__init__(address, _UdpHandler)


class _TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, family, owner):
        self.address_family = family
        self.owner = owner
        super().__init__(address, _TcpHandler)
