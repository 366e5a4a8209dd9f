# SPDX-License-Identifier: Apache-2.0
"""Stage: everything a whole failover needs, on loopback addresses: Route 53's stand-in, the
services of two regions, a mailbox, three daemons on one store. For the demonstration and the system
tests. Ends what it started, and nothing else."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deployment import (NORMAL, REGIONS, SERVICES, ZONE, Deployment,  # noqa: F401
                        settings_text)
from programs import (BUILD, PYTHON, TOP, Line, Program, StageError, free_port,  # noqa: F401
                      sanitizer_env, sanitizer_reports)

sys.path.insert(0, str(TOP / "tests" / "lab"))
from labctl import Lab, weighted  # noqa: E402

PROBES = Deployment.probes


class Stage(Deployment):
    """Starts in a folder of its own under TMPDIR. Addresses: 127.77.N.x, one N for each region.
    The store is a file, or `etcd`: an EtcdAlone that runs."""

    why_sites = "services on loopback addresses, plain HTTP"
    why_store = "everything in one folder; a short lease"

    def __init__(self, heard=None, lab_options=(), timing=None, folder=None, etcd=None):
        super().__init__(Path(folder or tempfile.mkdtemp(prefix="regionshift-")), heard, timing)
        self.own_folder = folder is None
        self.etcd = etcd
        self.lab_options = list(lab_options)
        self.port = 0
        self.http_ports = {}

    @property
    def store(self):
        """The one file the daemons share, in a folder of its own."""
        return self.folder / "store" / "store.db"

    # -- addresses --

    @staticmethod
    def address(service, region):
        return f"127.77.{REGIONS.index(region) + 1}.{10 * (SERVICES.index(service) + 1)}"

    @staticmethod
    def probe_address(probe):
        return f"127.77.0.{PROBES.index(probe) + 1}"

    def site_url(self, service, region):
        return f"http://{self.address(service, region)}:{self.port}/health"

    def http(self, probe):
        """ADDR:PORT of a daemon's HTTP API; the port is chosen once, so that stages can coexist."""
        if probe not in self.http_ports:
            self.http_ports[probe] = free_port(self.probe_address(probe))
        return f"{self.probe_address(probe)}:{self.http_ports[probe]}"

    # -- settings --

    def store_section(self):
        if self.etcd is not None:
            return f"{self.etcd.store_section()}    lease = {self.timing['lease']};\n"
        return (f'    type = "sqlite";\n    path = "{self.store}";\n'
                f'    lease = {self.timing["lease"]};\n')

    def own_section(self, probe, text):
        return text.replace("127.0.0.1:8053", self.http(probe))

    def write_settings(self):
        self.store.parent.mkdir(exist_ok=True)
        super().write_settings()

    # -- start --

    def start(self):
        self.start_lab()
        self.start_mailbox()
        self.port = free_port(self.address("pizza", REGIONS[0]))
        for region in REGIONS:
            self.start_site("factory", region)
            self.start_site("pizza", region)
        self.write_settings()
        for probe in PROBES:
            self.start_daemon(probe)
        return self

    def start_lab(self):
        self.lab = Lab(zones={"example.com": ZONE}, log=str(self.folder / "route53.log"),
                       options=self.lab_options).start()
        self.lab.seed([weighted(f"{service}.example.com", f"{service}-{region}", NORMAL[region],
                                self.address(service, region))
                       for service in SERVICES for region in REGIONS])

    def start_site(self, service, region):
        name = f"{service}/{region}"
        command = [PYTHON, str(Path(__file__).parent / "pizzeria.py"),
                   f"{self.address(service, region)}:{self.port}", service, region]
        if service == "pizza":
            command.append(f"http://{self.address('factory', region)}:{self.port}/bake")
        program = Program(name, command)
        self.programs[name] = program
        program.wait_line(lambda line: " on " in line.text, 20)

    def kill_site(self, service, region):
        """SIGKILL, as a machine dies. Returns when."""
        at = time.monotonic()
        program = self.programs.pop(f"{service}/{region}")
        program.stop(signal.SIGKILL)
        return at

    def ctl(self, *arguments, probe=PROBES[0], check=True):
        """Runs `regionshift`; returns its CompletedProcess."""
        return self.run_ctl(probe, arguments, check)

    def status(self, probe=PROBES[0]):
        return json.loads(self.ctl("status", "--json", probe=probe).stdout)

    # -- what customers see --

    def order_pizza(self):
        """One customer: resolves the name, orders; returns (status, text)."""
        address = next(iter(self.dig("pizza.example.com", 1)))
        done = subprocess.run(["curl", "-s", "--noproxy", "*", "-m", "3", "-X", "POST", "-w",
                               "\n%{http_code}", f"http://{address}:{self.port}/order"],
                              capture_output=True, text=True, timeout=60, check=False)
        text, _, status = done.stdout.rpartition("\n")
        return int(status or 0), text.strip()

    # -- end --

    def remove_folder(self):
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
