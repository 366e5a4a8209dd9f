# SPDX-License-Identifier: Apache-2.0
"""The command: options, the parts put together, the line that says ready, the end."""

import argparse
import ipaddress
import json
import re
import signal
import ssl
import sys
import threading

from . import names
from .account import Account, Zone
from .api import Api, RateLimit
from .control import Control
from .dnsserver import NameServer
from .faults import Faults
from .journal import Journal
from .operations import MAX_ITEMS, Operations
from .server import HttpServer
from .signature import Key
from .zone import Rules

ACCESS_KEY = "AKIALABLABLABLABLAB1"
SECRET_KEY = "lab/secret+key/for/tests+only/0123456789"
NAMESERVERS = ("ns-1.lab.test", "ns-2.lab.test", "ns-3.lab.test", "ns-4.lab.test")


def address(text):
    """ADDR:PORT or [ADDR6]:PORT to (text, number)."""
    host, colon, port = text.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        ipaddress.ip_address(host)
        if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise ValueError(port)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not ADDR:PORT, ADDR an IP address and "
                                         "PORT 0 to 65535") from None
    return host, int(port)


def zone_option(text):
    name, _, zone_id = text.partition("=")
    if not re.fullmatch(r"[A-Z0-9]{1,32}", zone_id):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=ID, ID of 1 to 32 of A-Z 0-9")
    try:
        return names.normal(name), zone_id
    except names.BadName as bad:
        raise argparse.ArgumentTypeError(str(bad)) from None


def nameserver(text):
    name, _, where = text.partition("=")
    try:
        normal = names.normal(name)
        if where:
            ipaddress.ip_address(where)
    except (names.BadName, ValueError):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME or NAME=IP-ADDRESS") from None
    return normal, where


def at_least_zero(kind):
    def check(text):
        value = kind(text)
        if not 0 <= value < float("inf"):
            raise ValueError(text)
        return value
    check.__name__ = "number of at least 0"
    return check


def list_size(text):
    value = int(text)
    if not 1 <= value <= MAX_ITEMS:
        raise ValueError(text)
    return value


list_size.__name__ = f"page size from 1 to {MAX_ITEMS}"


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="route53", description="A stand-in for Amazon Route 53, for tests.",
        epilog=f"Default credentials: access key {ACCESS_KEY}, secret key {SECRET_KEY}")
    add = parser.add_argument
    add("--http", type=address, required=True, metavar="ADDR:PORT", help="API and /_lab; port 0 "
        "picks a free one")
    add("--dns", type=address, required=True, metavar="ADDR:PORT", action="append",
        help="DNS over UDP and TCP; repeat for more name servers")
    add("--tls", nargs=2, metavar=("CERT", "KEY"), help="the API speaks TLS (PEM files)")
    add("--control", type=address, metavar="ADDR:PORT", help="/_lab alone, there also while the "
        "API refuses connections (default: a free port beside --http)")
    add("--zone", type=zone_option, required=True, metavar="NAME=ID", action="append")
    add("--log", metavar="FILE", help="append a JSON line for each batch")
    add("--nameserver", type=nameserver, metavar="NAME[=ADDR]", action="append", default=[],
        help="name servers of every zone; with ADDR the lab's DNS answers it for the name "
        f"(default: {' '.join(NAMESERVERS)} at the addresses of --dns)")
    add("--access-key", default=ACCESS_KEY)
    add("--secret-key", default=SECRET_KEY)
    add("--session-token", help="the key is temporary and needs this token")
    add("--insync-delay", type=at_least_zero(float), default=0.2, metavar="SECONDS",
        help="from acceptance to INSYNC and to DNS (default 0.2)")
    add("--rate", type=at_least_zero(float), default=5, metavar="N",
        help="requests a second for the account (default 5 as in Route 53; 0 = no limit)")
    add("--list-max", type=list_size, default=MAX_ITEMS, metavar="N", help="force small pages")
    add("--strict-order", action="store_true", help="refuse elements out of the model's order")
    add("--one-change-at-a-time", action="store_true",
        help="PriorRequestNotComplete while a change of the zone is PENDING")
    add("--delete-ignores-weight", action="store_true",
        help="accept a DELETE that differs in Weight alone")
    add("--many-values-per-weight", action="store_true",
        help="accept several ResourceRecords in a weighted record set")
    add("--health-check", metavar="ID", action="append", default=[],
        help="a health check that exists (none is played)")
    add("--seed", type=int, help="repeatable weighted choices")
    add("--allow-remote", action="store_true", help="allow addresses other than the loopback")
    options = parser.parse_args(argv)
    _check(parser, options)
    return options


def _check(parser, options):
    control = [options.control] if options.control else []
    for host, port in [options.http] + options.dns + control:
        if not options.allow_remote and not ipaddress.ip_address(host).is_loopback:
            parser.error(f"{host}:{port} is not on the loopback; --allow-remote allows it")
    for what, found in (("id", [zone[1] for zone in options.zone]),
                        ("name", [zone[0] for zone in options.zone])):
        if len(set(found)) < len(found):
            parser.error(f"two zones have the same {what}")


def _glue(options, bound):
    """{name server: address}: as told, or else the DNS listeners in turn."""
    told = options.nameserver or [(name + ".", "") for name in NAMESERVERS]
    return {name: where or (bound[number % len(bound)][0] if not options.nameserver else "")
            for number, (name, where) in enumerate(told)}


class Lab:
    """All the parts."""

    def __init__(self, options):
        self._stopping = threading.Event()
        self._tls_on = options.tls is not None
        self._faults = Faults()
        self._journal = Journal(options.log)
        rules = Rules(options.delete_ignores_weight, options.many_values_per_weight,
                      frozenset(options.health_check))
        self._account = Account(self._journal, rules, options.insync_delay,
                                options.one_change_at_a_time, options.seed)
        glue = _glue(options, options.dns)
        servers = [name.rstrip(".") for name in glue]
        for name, zone_id in options.zone:
            self._account.add_zone(Zone(zone_id, name, servers, caller_reference=zone_id))
        self._name_servers = [
            NameServer(number, where, self._account, self._faults,
                       {name: to for name, to in glue.items() if to}, options.seed)
            for number, where in enumerate(options.dns)]
        self._http = HttpServer(options.http, options.control or (options.http[0], 0),
                                self._stopping, self._tls(options))
        key = Key(options.access_key, options.secret_key, options.session_token)
        self._http.api = Api(self._account,
                             Operations(self._account, servers, options.list_max), self._faults,
                             {key.access: key}, RateLimit(options.rate), options.strict_order,
                             self._stopping)
        self._http.control = Control(self._account, self._faults, self._http.api, self._switched)

    @staticmethod
    def _tls(options):
        if not options.tls:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(*options.tls)
        except ssl.SSLError as error:
            raise OSError(0, f"--tls {' '.join(options.tls)}: not a certificate and its key "
                          f"({error.reason or error})") from None
        return context

    def _switched(self, name, params):
        """A fault with standing effects was switched on (params) or off (None)."""
        if name == "pending":
            if params is None:
                self._account.release_held()
            else:
                self._account.hold_pending = params
        elif name == "stranded":
            if params is None:
                self._account.end_stranding()
            elif self._account.stranding is None:
                self._account.start_stranding()
        elif name == "dns-stale":
            if params is None:
                self._account.thaw_dns()
            else:
                every = range(len(self._name_servers))
                self._account.freeze_dns(every if params["server"] < 0 else [params["server"]])
        elif name == "down":
            self._http.refuse(params is not None and params["mode"] == "refuse")

    def start(self):
        """Serves; returns what the ready line says."""
        for server in self._name_servers:
            server.start()
        self._http.start()

        def text(where):
            return f"[{where[0]}]:{where[1]}" if ":" in where[0] else f"{where[0]}:{where[1]}"
        servers = [text(server.address) for server in self._name_servers]
        return {"scheme": "https" if self._tls_on else "http",
                "http": text(self._http.address), "control": text(self._http.control_address),
                "dns": servers[0], "dns_all": servers}

    def stop(self):
        self._stopping.set()
        self._http.stop()
        for server in self._name_servers:
            server.stop()
        self._journal.close()


def main(argv=None):
    options = parse(argv)
    # Waited for, not handled: a handler that sets an Event hangs when it comes inside wait().
    ends = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    try:
        lab = Lab(options)
    except OSError as error:
        print(f"route53: {error.strerror or error}"
              + (f": {error.filename}" if error.filename else ""), file=sys.stderr)
        return 1
    print(json.dumps(lab.start()), flush=True)
    signal.sigwait(ends)
    lab.stop()
    return 0
