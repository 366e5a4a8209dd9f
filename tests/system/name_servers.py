# SPDX-License-Identifier: Apache-2.0
"""Name servers: real ones, each on a port of its own on 127.0.0.1 and ::1, and zones signed for
them. Those that are missing are None, for who skips."""

import os
import pwd
import shutil
import socket
import subprocess
import time

from programs import BUILD, Program, StageError, find_tool, free_port

NAMED = find_tool("named")
SIGN = find_tool("dnssec-signzone")
KEYGEN = find_tool("dnssec-keygen")
NSD = find_tool("nsd")
DIG = shutil.which("dig")
# BIND's programs fit to libraries of the very same version, which are unpacked beside them.
LIBRARIES = [str(path.parent) for path in (BUILD / "tools" / "usr" / "lib").glob("*/libdns-9*.so")]
BIND_ENV = dict(os.environ, LD_LIBRARY_PATH=os.pathsep.join(LIBRARIES[:1]))

ZONE = """$TTL 60
@    IN SOA   ns1.{zone}. host\\.master.{zone}. 2026112201 3600 600 86400 300
@    IN NS    ns1
@    IN MX    10 Mail
@    IN CAA   128 issue "ca.example.net; policy=ev"
@    IN TXT   "v=spf1 -all" "say \\"hi\\"; it\\\\s 50% \\233"
ns1  IN A     127.0.0.1
app  IN A     192.0.2.10
app  IN AAAA  2001:db8::10
www  IN CNAME edge
edge IN CNAME App
_sip._tcp IN SRV 0 5 5060 Sip
10   IN PTR   app
{many}
"""
# More than 1232 bytes: cut over UDP.
MANY = "\n".join(f'many IN TXT "{number:04d} {"x" * 100}"' for number in range(40))
RECORDS = (("www", "A"), ("app", "AAAA"), ("www", "CNAME"), ("", "MX"), ("", "NS"), ("10", "PTR"),
           ("", "SOA"), ("_sip._tcp", "SRV"), ("", "TXT"), ("", "CAA"))

OPTIONS = """options {{
  directory "{folder}"; pid-file none; session-keyfile none; listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 port {port} {{ {v6} }}; empty-zones-enable no; notify no; {more}
}};
controls {{ }};
"""
NSD_SETTINGS = """server:
  ip-address: 127.0.0.1@{port}
  username: "{user}"
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  xfrdir: "{folder}"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "{zone}"
  zonefile: "{file}"
"""


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


def run(*command, cwd=None, check=True, env=None):
    done = subprocess.run([str(word) for word in command], cwd=cwd, check=False, timeout=60,
                          capture_output=True, text=True, env=env)
    assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def dig(port, name, kind, *options, check=True):
    return run(DIG, "+short", "@127.0.0.1", "-p", port, name, kind, *options, check=check)


def wait_for_answer(program, port, name, deadline=120):
    """Returns when it answers on its port; one that does not is ended."""
    until = time.monotonic() + deadline
    while not dig(port, name, "SOA", "+tries=1", "+time=1", check=False).endswith("300\n"):
        if time.monotonic() > until or program.process.poll() is not None:
            program.stop()
            raise StageError("\n".join(line.text for line in program.lines))
        time.sleep(0.05)


def write_zone(folder, zone):
    path = folder / f"{zone}.zone"
    path.write_text(ZONE.format(zone=zone, many=MANY))
    return path


def sign_zone(folder, zone):
    """Returns the file of the signed zone, and its key as a trust anchor has it."""
    path = write_zone(folder, zone)
    key = run(KEYGEN, "-q", "-K", folder, "-a", "ECDSAP256SHA256", "-f", "KSK", zone,
              env=BIND_ENV).strip()
    run(SIGN, "-q", "-S", "-z", "-K", folder, "-o", zone, path, cwd=folder, env=BIND_ENV)
    fields = [line for line in (folder / f"{key}.key").read_text().splitlines()
              if not line.startswith(";")][0].split("DNSKEY")[1].split()
    anchor = f'"{zone}" static-key {" ".join(fields[:3])} "{"".join(fields[3:])}";'
    return folder / f"{zone}.zone.signed", anchor


def start_named(folder, name, text, zone, more="recursion no; dnssec-validation no;"):
    """Returns the program and its port."""
    port = free_port("127.0.0.1")
    settings = folder / f"{name}.conf"
    settings.write_text(OPTIONS.format(folder=folder, port=port, more=more,
                                       v6="::1;" if has_ipv6() else "") + text)
    program = Program(name, [NAMED, "-g", "-n", "1", "-c", str(settings)], env=BIND_ENV)
    wait_for_answer(program, port, zone)
    return program, port


def start_nsd(folder, zone):
    port = free_port("127.0.0.1")
    settings = folder / "nsd.conf"
    settings.write_text(NSD_SETTINGS.format(folder=folder, port=port, zone=zone,
                                            user=pwd.getpwuid(os.geteuid()).pw_name,
                                            file=write_zone(folder, zone)))
    program = Program("nsd", [NSD, "-d", "-c", str(settings)])
    wait_for_answer(program, port, zone)
    return program, port
