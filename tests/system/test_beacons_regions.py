# SPDX-License-Identifier: Apache-2.0
"""Out of us-east-1 while Route 53's own control plane, which stands there, is away: the region is
cut off with all that is in it, its probe and its member of the store too. By weights, had the API
survived, and by beacons alone. REGIONSHIFT_CHECKER_SPEED=1 takes the checkers' time as it is."""

import json
import os
import subprocess
import time

import pytest
from programs import BUILD, faketime_env
from regions import REGIONS, VANTAGES, Regions, why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
SPEED = float(os.environ.get("REGIONSHIFT_CHECKER_SPEED", "10"))
PORT = 8054
EAST, WEST = REGIONS
DEADLINE_S = 60 + 60 / SPEED
TIMING = {"interval": 1, "timeout": 0.5, "retry": 0.1, "hold": 0, "stable": 1, "dwell": 2,
          "lease": 3}


class BeaconRegions(Regions):
    """Three regions whose probes keep beacons, which Route 53's checkers read over the network."""

    def __init__(self, folder):
        super().__init__(3, lab_options=["--rate", "0", "--checker-speed", str(SPEED)],
                         timing=TIMING, more=self.common(folder), more_of=self.own())

    @staticmethod
    def place(n):
        return f"10.77.{n}.2:{PORT}"

    def common(self, folder):
        words = []
        for region in REGIONS:
            path = folder / f"{region}.word"
            path.write_text(f"leave-{region}-0123456789abcdef")
            path.chmod(0o600)
            words.append(f'{{ region = "{region}"; word = "file:{path}"; }}')
        changes = [("beacons = false;", f"beacons = true; beacon_words = ( {', '.join(words)} );",
                    "beacons")]
        return changes + [(f'vantage = "{vantage}";', f'vantage = "{vantage}"; beacon = "http://'
                           f'{self.place(n)}";', "where checkers reach it")
                          for n, vantage in enumerate(VANTAGES[:3], 1)]

    def own(self):
        return {probe: [(r"http = \{", f'http = {{\n    beacons = "{self.place(n)}";', "beacons")]
                for n, probe in enumerate(("use1", "usw2", "fra"), 1)}

    def init_health_checks(self):
        """Run on the host of the second probe, at half the checkers' pace; returns what it said.
        """
        pace = max(SPEED / 2, 1)
        done = subprocess.run(
            [*self.network.on("probe-2"), str(BUILD / "regionshift"), "-c",
             str(self.conf(self.probe(2))), "init", "--health-checks", "--yes", "--json"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False,
            env=dict(self.daemon_env(), **faketime_env(f"+0 x{pace:g}", monotonic=True)))
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def answers(self):
        """The regions that DNS answers with, of 10 questions for pizza."""
        regions = {self.address("pizza", region): region for region in REGIONS}
        found = self.dig("pizza.example.com", 10, self.network.on("cloud"))
        return {regions[address] for address in found}


@pytest.fixture
def regions(tmp_path):
    with BeaconRegions(tmp_path) as made:
        made.settle()
        assert made.init_health_checks()["done"]
        assert all(check["healthy"] for check in made.lab.checks()
                   if check["type"] == "CALCULATED"), "attached before Route 53 believed in it"
        assert made.answers() == {EAST}
        yield made


def seconds_until_right(regions, died):
    regions.wait_until("DNS answers with the west alone", lambda: regions.answers() == {WEST},
                       DEADLINE_S)
    return time.monotonic() - died


@pytest.mark.parametrize("api", ["up", "down"])
def test_traffic_leaves_us_east_1_with_and_without_the_write_api(regions, api):
    before = regions.weights()
    if api == "down":
        regions.lab.fault("down")
    died = time.monotonic()
    regions.region_dies(1)
    taken = seconds_until_right(regions, died)
    decided = regions.wait_log(5, since=died, probes=("usw2", "fra"), fact="decided").at - died
    print(f"write API {api}: decided {decided:.1f} s after the loss, first right answer "
          f"{taken:.1f} s, checkers {SPEED:g} times as fast")
    if api == "up":
        assert regions.weights() == {EAST: 0, WEST: 100}
        return
    assert regions.weights() == before, "the zone was not written"
    regions.lab.heal("down")
    regions.wait_until("one truth", lambda: regions.weights() == {EAST: 0, WEST: 100}, 60)
    assert regions.answers() == {WEST}
    regions.check_log()
