# SPDX-License-Identifier: Apache-2.0
"""The command: the parts put together, the line that says ready, the end."""

import json
import signal
import ssl
import sys
import threading

from .account import Account, Zone
from .api import Api, RateLimits
from .checkers import Poller, make_checkers
from .checks import Checks
from .control import Control
from .dnsserver import NameServer
from .faults import Faults
from .hosts import Hosts
from .iam import BadPolicy
from .journal import Journal
from .operations import PRIVATE_SERVERS, Operations
from .options import NAMESERVERS, parse
from .principals import Authority, Directory, Principal, load
from .server import HttpServer
from .signature import Key
from .watched import Watched
from .zone import Rules


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
                      frozenset(dict(options.host)))
        checks = Checks(make_checkers(options.checkers, options.checker),
                        options.health_check_limit, options.health_check)
        authority = self._authority(options)
        self._account = Account(self._journal, checks, authority, rules, options.insync_delay,
                                options.one_change_at_a_time, options.seed)
        self._hosts = Hosts(self._account, dict(options.host), options.seed)
        self._poller = Poller(checks, self._hosts.address, options.checker_speed, options.seed)
        glue = _glue(options, options.dns)
        servers = [name.rstrip(".") for name in glue]
        for name, zone_id in options.zone:
            self._account.add_zone(Zone(zone_id, name, servers, caller_reference=zone_id))
        for name, zone_id in options.private_zone:
            self._account.add_zone(Zone(zone_id, name, PRIVATE_SERVERS, caller_reference=zone_id,
                                        private=True))
        self._name_servers = [
            NameServer(number, where, self._account, self._faults,
                       {name: to for name, to in glue.items() if to}, self._hosts, options.seed)
            for number, where in enumerate(options.dns)]
        self._http = HttpServer(options.http, options.control or (options.http[0], 0),
                                self._stopping, self._tls(options))
        watched = Watched(authority.directory.account)
        self._http.api = Api(self._account,
                             Operations(self._account, servers, options.list_max,
                                        options.refuse_private, options.refuse_delete_in_use),
                             self._faults,
                             authority, watched, RateLimits(options.rate),
                             options.strict_order, self._stopping)
        self._http.control = Control(self._account, self._faults, self._http.api, self._switched,
                                     self._poller, self._hosts, authority, watched)

    @staticmethod
    def _authority(options):
        """Users and roles as --iam says; without, one key that may do anything."""
        if options.iam:
            return Authority(load(options.iam))
        directory = Directory()
        everything = Principal(f"arn:aws:iam::{directory.account}:user/lab", directory.account)
        directory.keys[options.access_key] = Key(options.access_key, options.secret_key,
                                                 options.session_token, everything)
        return Authority(directory)

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
        self._poller.start()
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
        self._poller.stop()
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
    except BadPolicy as bad:
        print(f"route53: {bad}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"route53: {error.strerror or error}"
              + (f": {error.filename}" if error.filename else ""), file=sys.stderr)
        return 1
    print(json.dumps(lab.start()), flush=True)
    signal.sigwait(ends)
    lab.stop()
    return 0
