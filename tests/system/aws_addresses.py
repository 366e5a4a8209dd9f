# SPDX-License-Identifier: Apache-2.0
"""aws_addresses.py CASES HOME: gives the addresses of AWS's metadata services, and the names of two
STS, to this machine, so it is run in namespaces of its own; asks for credentials in each
environment of CASES, and prints who was asked."""

import json
import subprocess
import sys
from pathlib import Path

from certificates import Authority
from identity import Hand, Identity, Server

HOSTS = ("169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23")
NAMES = {"sts.eu-central-1.amazonaws.com": "127.0.0.2",
         "sts.cn-north-1.amazonaws.com.cn": "127.0.0.3"}
PROXY = {name: "http://127.0.0.1:1" for name in ("http_proxy", "all_proxy", "ALL_PROXY")}


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def start(home):
    ip("link", "set", "lo", "up")
    servers = {}
    for host in HOSTS:
        ip("address", "add", f"{host}/{128 if ':' in host else 32}", "dev", "lo",
           *(("nodad",) if ":" in host else ()))
        servers[host] = Identity()
        Server(servers[host], host, 80)
    hosts = home / "hosts"
    hosts.write_text("".join(f"{address} {name}\n" for name, address in NAMES.items()))
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
    authority = Authority(home / "tls")
    for name, address in NAMES.items():
        servers[name] = Identity()
        Server(servers[name], address, 443, authority.issue(name, f"DNS:{name}"))
    return servers


def asked(servers, env, home):
    before = {host: len(one.requests) for host, one in servers.items()}
    env = {name: value.replace("HOME", str(home)) for name, value in env.items()}
    hand = Hand({"HOME": str(home), **PROXY, **env})
    hand.key()
    hand.stop()
    return [host for host, one in servers.items() for _ in one.requests[before[host]:]]


def main():
    cases, home = json.loads(sys.argv[1]), Path(sys.argv[2])
    (home / "token").write_text("web-token-1")
    servers = start(home)
    print(json.dumps({name: asked(servers, env, home) for name, env in cases.items()}))


main()
