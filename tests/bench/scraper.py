# SPDX-License-Identifier: Apache-2.0
"""Asks a blackbox_exporter for one probe of each endpoint in turn, as Prometheus would.

    scraper.py PORT COUNT INTERVAL_S TARGET     ADDRESS in TARGET becomes 127.1.0.1 and so on

Ends on SIGTERM, and says "good N bad N": what the exporter found."""

import http.client
import itertools
import signal
import sys
import threading
import time
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "system")]
from targets import address_of  # noqa: E402

CONNECTIONS = 32


class Scraper:
    def __init__(self, port, count, interval_s, target):
        self.port, self.count, self.target = port, count, target
        self.pause_s = interval_s / count
        self.began = time.monotonic()
        self.turns = itertools.count()
        self.found = [0, 0]

    def ask(self, connection, turn):
        endpoint = self.target.replace("ADDRESS", address_of(turn % self.count))
        connection.request("GET", "/probe?module=m&target=" + urllib.parse.quote(endpoint, ""))
        is_good = b"\nprobe_success 1" in connection.getresponse().read()
        self.found[0 if is_good else 1] += 1

    def work(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        for turn in self.turns:
            left = self.began + turn * self.pause_s - time.monotonic()
            if left > 0:
                time.sleep(left)
            try:
                self.ask(connection, turn)
            except (OSError, http.client.HTTPException):
                connection.close()
                time.sleep(0.1)     # it is not there yet, or not any more


def main():
    port, count, interval_s, target = sys.argv[1:]
    scraper = Scraper(int(port), int(count), float(interval_s), target)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        for _ in range(CONNECTIONS):
            threading.Thread(target=scraper.work, daemon=True).start()
        while True:
            signal.pause()
    finally:
        print("good {} bad {}".format(*scraper.found), flush=True)


if __name__ == "__main__":
    main()
