# SPDX-License-Identifier: Apache-2.0
"""The command's options."""

import argparse
import ipaddress
import re

from . import names
from .checks import MAX_CHECKS, REGIONS
from .operations import MAX_ITEMS

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


def checker(text):
    region, _, where = text.partition("=")
    try:
        if region not in REGIONS:
            raise ValueError(region)
        return region, str(ipaddress.ip_address(where))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not REGION=IP-ADDRESS, REGION one of "
                                         + " ".join(REGIONS)) from None


def name_and_addresses(text):
    name, _, addresses = text.partition("=")
    try:
        return names.normal(name), [str(ipaddress.ip_address(one))
                                    for one in addresses.split(",")]
    except (names.BadName, ValueError):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=ADDR[,ADDR...]") from None


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="route53", description="A stand-in for Amazon Route 53, for tests.",
        epilog=f"Default credentials: access key {ACCESS_KEY}, secret key {SECRET_KEY}")
    _add_options(parser.add_argument)
    _add_check_options(parser.add_argument)
    options = parser.parse_args(argv)
    _check(parser, options)
    return options


def _add_options(add):
    add("--http", type=address, required=True, metavar="ADDR:PORT", help="API and /_lab; port 0 "
        "picks a free one")
    add("--dns", type=address, required=True, metavar="ADDR:PORT", action="append",
        help="DNS over UDP and TCP; repeat for more name servers")
    add("--tls", nargs=2, metavar=("CERT", "KEY"), help="the API speaks TLS (PEM files)")
    add("--control", type=address, metavar="ADDR:PORT", help="/_lab alone, there also while the "
        "API refuses connections (default: a free port beside --http)")
    add("--zone", type=zone_option, required=True, metavar="NAME=ID", action="append")
    add("--private-zone", type=zone_option, metavar="NAME=ID", action="append", default=[],
        help="a zone of a VPC: the API has it, DNS does not answer for it")
    add("--log", metavar="FILE", help="append a JSON line for each batch")
    add("--nameserver", type=nameserver, metavar="NAME[=ADDR]", action="append", default=[],
        help="name servers of every zone; with ADDR the lab's DNS answers it for the name "
        f"(default: {' '.join(NAMESERVERS)} at the addresses of --dns)")
    add("--access-key", default=ACCESS_KEY)
    add("--secret-key", default=SECRET_KEY)
    add("--iam", metavar="FILE", help="JSON: users, roles, their policies and accounts, which are "
        "then enforced (principals.py has the format); --access-key and so on are not used")
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
    add("--seed", type=int, help="repeatable weighted choices")
    add("--allow-remote", action="store_true", help="allow addresses other than the loopback")


def _add_check_options(add):
    add("--health-check", metavar="ID", action="append", default=[],
        help="a health check that exists and is healthy; the API does not know more of it")
    add("--checkers", type=at_least_zero(int), default=16, metavar="N", help="health checkers, "
        "spread over the eight regions, polling from 127.0.53.1 and on (default 16)")
    add("--checker", type=checker, metavar="REGION=ADDR", action="append", default=[],
        help="a health checker that polls from that address; repeat (then --checkers is not used)")
    add("--checker-speed", type=at_least_zero(float), default=1, metavar="FACTOR",
        help="how much faster than RequestInterval they poll; 0: only when told through /_lab")
    add("--host", type=name_and_addresses, metavar="NAME=ADDR[,ADDR...]", action="append",
        default=[], help="addresses of a name outside the zones: what a health check or an alias "
        "record is aimed at")
    add("--health-check-limit", type=at_least_zero(int), default=MAX_CHECKS, metavar="N",
        help=f"health checks the account may have (default {MAX_CHECKS})")
    add("--refuse-private", action="store_true", help="refuse health checks of addresses that the "
        "Internet cannot reach, as Route 53 does")
    add("--refuse-delete-in-use", action="store_true",
        help="HealthCheckInUse for a health check that records or other checks refer to")


def _check(parser, options):
    control = [options.control] if options.control else []
    for host, port in [options.http] + options.dns + control:
        if not options.allow_remote and not ipaddress.ip_address(host).is_loopback:
            parser.error(f"{host}:{port} is not on the loopback; --allow-remote allows it")
    every = options.zone + options.private_zone
    for what, found in (("id", [zone[1] for zone in every]),
                        ("name", [zone[0] for zone in options.zone])):
        if len(set(found)) < len(found):
            parser.error(f"two zones have the same {what}")
