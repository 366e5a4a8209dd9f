# SPDX-License-Identifier: Apache-2.0
"""What is checked in a bench, and measures the checker from outside: tests/bench/target for HTTP
and TCP, Debian's nginx for TLS. Both answer on every 127.1.x.y, asked in the same words."""

import collections
import json
import subprocess
import tempfile
import time
from pathlib import Path

from figures import percentile
from programs import BUILD, StageError, find_tool, free_port

FIRST_ADDRESS = 0x7F010001      # 127.1.0.1, as in target.c
BODY = '{"status":"ok"}'
LOOK_S = 0.2


def address_of(index):
    value = FIRST_ADDRESS + index
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


class Target:
    """tests/bench/target on its own core: HTTP and TCP at .port; whoever knocks at .hole hears
    nothing."""

    def __init__(self, pin):
        self.process = subprocess.Popen([*pin, str(BUILD / "tests/bench/target"), BODY], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        words = self.process.stdout.readline().split()
        if len(words) != 4:
            raise StageError("tests/bench/target does not start")
        self.port, self.hole = int(words[1]), int(words[3])

    def order(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def begin(self, kind, interval_s):
        counted = "connections" if kind == "tcp" else "requests"
        self.order(f"begin {counted} {round(interval_s * 1e6)}")

    def seen(self):
        return int(self.order("seen"))

    def end(self):
        return json.loads(self.order("end"))

    def wait_seen(self, count, deadline_s):
        """Whether so many addresses have been asked in time."""
        until = time.monotonic() + deadline_s
        while self.seen() < count and time.monotonic() < until:
            time.sleep(LOOK_S)
        return self.seen() >= count

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


def figures_of(asked, seconds, interval_s):
    """What target.c's `end` says, from [(address, when in seconds)] in the order of time."""
    last, intervals = {}, []
    for address, when in asked:
        if address in last:
            intervals.append((when - last[address]) * 1e6)
        last[address] = when
    jitter = [abs(interval - interval_s * 1e6) for interval in intervals]

    def percentiles(samples):
        return {name: round(percentile(samples, percent)) if samples else 0 for name, percent in
                (("p1", 1), ("p50", 50), ("p99", 99), ("max", 100))}
    return {"seconds": seconds, "count": len(asked), "addresses": len(last),
            "intervals": len(intervals), "interval_us": percentiles(intervals),
            "jitter_us": percentiles(jitter)}


class Certificate:
    """An authority, and a server's certificate of it for *.bench.test; ECDSA on P-256."""

    NAME = "h.bench.test"

    def __init__(self, folder):
        self.authority, self.chain = folder / "ca.crt", folder / "server.crt"
        self.key = folder / "server.key"
        authority_key, request, extension = (folder / name for name in
                                             ("ca.key", "server.csr", "server.ext"))
        extension.write_text(f"subjectAltName = DNS:{self.NAME}\n")
        new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        for line in (f"req -x509 {new} -keyout {authority_key} -out {self.authority} -days 30 "
                     "-subj /CN=bench",
                     f"req {new} -keyout {self.key} -out {request} -subj /CN={self.NAME}",
                     f"x509 -req -in {request} -CA {self.authority} -CAkey {authority_key} "
                     f"-CAcreateserial -days 30 -extfile {extension} -out {self.chain}"):
            subprocess.run(["openssl", *line.split()], check=True, capture_output=True)


class TlsTarget(Target):
    """nginx with one worker on the target's core; its access log is the measure. A log has times in
    milliseconds."""

    hole = 0

    def __init__(self, pin, count):     # pylint: disable=super-init-not-called
        self.folder = tempfile.TemporaryDirectory(prefix="regionshift-bench-")
        folder = Path(self.folder.name)
        self.certificate = Certificate(folder)
        self.port = free_port(address_of(0))
        self.log = folder / "access.log"
        self.settings = folder / "nginx.conf"
        self.settings.write_text(self.text(folder, count))
        self.process = subprocess.Popen([*pin, find_tool("nginx"), "-e", str(folder / "error.log"),
                                         "-c", str(self.settings)])
        self.began = self.offset = 0
        self.interval_s = 1.0
        until = time.monotonic() + 10
        while not self.log.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                raise StageError("nginx does not start: " + (folder / "error.log").read_text())
            time.sleep(LOOK_S)

    def text(self, folder, count):
        listens = " ".join(f"listen {address_of(i)}:{self.port} ssl;" for i in range(count))
        temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in
                             ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
                f"events {{ worker_connections 16384; }}\nhttp {{ {temporary}\n"
                "log_format asked '$server_addr $msec $ssl_session_reused';\n"
                f"access_log {self.log} asked; ssl_certificate {self.certificate.chain};\n"
                f"ssl_certificate_key {self.certificate.key}; ssl_session_cache shared:S:20m;\n"
                f"server {{ {listens}\n"
                f"location / {{ return 200 '{BODY}'; }} }} }}\n")

    def asked(self):
        """[(address, when, "r" when the session was resumed)] since begin()."""
        with open(self.log, encoding="ascii") as file:
            file.seek(self.offset)
            lines = [line.split() for line in file if line.endswith("\n")]
        return [(address, float(when), reused) for address, when, reused in lines]

    def begin(self, kind, interval_s):
        self.offset = self.log.stat().st_size
        self.began, self.interval_s = time.monotonic(), interval_s

    def seen(self):
        return len({address for address, _, _ in self.asked()})

    def end(self):
        seconds = time.monotonic() - self.began
        asked = self.asked()
        reused = collections.Counter(word for _, _, word in asked)
        return {**figures_of([(address, when) for address, when, _ in asked], seconds,
                             self.interval_s), "resumed": reused["r"]}

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.folder.cleanup()
