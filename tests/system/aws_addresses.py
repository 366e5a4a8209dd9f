# SPDX-License-Identifier: Apache-2.0
"""aws_addresses.py CASES HOME: gives the addresses of AWS's metadata services to this machine, so
it is run in a network namespace of its own; asks for credentials in each environment of CASES, and
prints which addresses were asked."""

import json
import subprocess
import sys

from identity import Hand, Identity, Server

HOSTS = ("169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23")
PROXY = {name: "http://127.0.0.1:1" for name in ("http_proxy", "all_proxy", "ALL_PROXY")}


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def start():
    ip("link", "set", "lo", "up")
    servers = {}
    for host in HOSTS:
        ip("address", "add", f"{host}/{128 if ':' in host else 32}", "dev", "lo",
           *(("nodad",) if ":" in host else ()))
        servers[host] = Identity()
        Server(servers[host], host, 80)
    return servers


def asked(servers, env, home):
    before = {host: len(one.requests) for host, one in servers.items()}
    hand = Hand({"HOME": home, **PROXY, **env})
    hand.key()
    hand.stop()
    return [host for host, one in servers.items() for _ in one.requests[before[host]:]]


def main():
    cases, home = json.loads(sys.argv[1]), sys.argv[2]
    servers = start()
    print(json.dumps({name: asked(servers, env, home) for name, env in cases.items()}))


main()
