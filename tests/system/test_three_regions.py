# SPDX-License-Identifier: Apache-2.0
"""README, "Run it in three regions", done by somebody new: its very commands, on three machines of
the laboratory, from nothing to a drill, and to the loss of a region."""

import re
import shutil
import subprocess

import pytest
from machines import MACHINES, Machines, why_not
from programs import TOP
from regions import GROUP, REGIONS, SERVICES

REASON = why_not()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))
TIMING = {"interval": 1, "timeout": 0.8, "retry": 0.2, "hold": 2, "stable": 2, "dwell": 2,
          "lease": 3}
DEADLINE_S = 60
EAST, WEST = REGIONS


def section(text, title):
    """From a heading to the next of its level."""
    level = re.match("#+", title)[0]
    return re.search(rf"(?ms)^{re.escape(title)}$(.*?)(?=^{level} |\Z)", text)[1]


def steps():
    """{number of the step: [its indented blocks of commands]}."""
    text = section((TOP / "README.md").read_text(), "## Run it in three regions")
    parts = re.split(r"(?m)^(\d)\. \*\*", text)
    blocks = {}
    for number, part in zip(parts[1::2], parts[2::2]):
        found = re.findall(r"(?m)(?:^ {7}.*\n)+", part)
        blocks[int(number)] = [re.sub(r"(?m)^ {7}", "", block) for block in found]
    return blocks


def issue_function():
    """Of docs/ETCD.md, section 2: the authority, and the function, without its examples."""
    text = section((TOP / "docs" / "ETCD.md").read_text(), "## 2. Certificates")
    block = re.search(r"(?s)```sh\n(.*?)```", text)[1]
    return block[:block.index("\nissue ")]


class Newcomer:
    """Reads, types, carries files about, and looks."""

    def __init__(self, lab):
        self.lab = lab
        self.steps = steps()
        self.own = lab.folder / "own"
        self.own.mkdir()

    def on_each(self, block):
        for machine, address in MACHINES.items():
            named = block.replace("NAME=use1 ADDRESS=10.0.1.11",
                                  f"NAME={machine} ADDRESS={address}")
            self.lab.run(machine, f"NAME={machine}\n{named}")

    def certificates(self):
        subprocess.run(["sh", "-euc", issue_function() + "\n" + self.steps[1][0]], cwd=self.own,
                       check=True, capture_output=True)
        for machine in MACHINES:
            for name in ("ca.pem", *(f"{role}-{machine}.{kind}" for role in ("member", "probe")
                                     for kind in ("pem", "key"))):
                shutil.copy(self.own / name, self.lab.home(machine))

    def members(self):
        self.on_each(self.steps[2][0])
        for machine in MACHINES:
            self.lab.wait_until(f"{machine} sees three members", lambda m=machine: self.lab.run(
                m, f"NAME={m}\n{self.steps[2][1]}", check=False).count("is healthy") == 3,
                DEADLINE_S)

    def settings(self):
        for machine in MACHINES:
            self.lab.edit_settings(machine)
        self.on_each(self.steps[3][0])

    def users(self):
        shown = self.lab.run("use1", self.steps[4][0].splitlines()[0])
        assert "nothing was written" in shown
        self.lab.run("use1", self.steps[4][0].splitlines()[1])
        for machine in MACHINES:
            password = self.lab.run("use1", f"cat /root/etcd/{machine}")
            (self.lab.home(machine) / "password").write_text(password)
        self.on_each(self.steps[4][1])

    def weights_are(self, east, west, what):
        self.lab.wait_until(what, lambda: all(
            self.lab.weights(service) == {EAST: east, WEST: west} for service in SERVICES),
            DEADLINE_S)

    def all_vote(self):
        """As somebody sees it in `status`: every site up, by three votes that count."""
        for machine in MACHINES:
            self.lab.wait_until(f"{machine} counts every vote", lambda m=machine: len(re.findall(
                r"(?m)^  \S+/\S+ .* up +\d.* up +up +up$",
                self.lab.run(m, "regionshift status", check=False))) == 4, DEADLINE_S)

    def gate(self, region):
        self.lab.wait_until(f"{region} may gain", lambda: re.search(
            rf"(?m)^open .* gain .*{region}", self.lab.run("usw2", f"regionshift explain {GROUP}")),
            DEADLINE_S)

    def drill_by_order(self):
        plan, drain, status, restore, failback = self.steps[6][0].splitlines()
        self.gate(WEST)
        self.lab.run("use1", plan)
        self.lab.run("use1", drain)
        self.weights_are(0, 100, "drained")
        assert "epoch 2" in self.lab.run("fra", status)
        self.lab.run("use1", restore)
        self.gate(EAST)
        self.lab.run("use1", failback)
        self.weights_are(100, 0, "back again")

    def drill_that_counts(self):
        self.gate(WEST)
        self.lab.run("use1", self.steps[7][0])
        self.lab.endpoints_die(1)
        self.weights_are(0, 100, "the region is left")
        self.lab.wait_until("use1 is absent", lambda: "absent" in self.lab.run(
            "usw2", "regionshift status"), DEADLINE_S)
        self.lab.wait_mail(DEADLINE_S, Event="moved", Incident=f"{GROUP}.moved.e4")
        self.lab.endpoints_return(1)
        self.lab.run("use1", "sudo systemctl start etcd regionshiftd")
        self.all_vote()
        self.gate(EAST)
        assert self.lab.weights() == {EAST: 0, WEST: 100}, "nothing moves back by itself"
        self.lab.run("usw2", self.steps[7][1])
        self.weights_are(100, 0, "back again")


def test_who_follows_the_readme_has_three_regions_and_survives_the_loss_of_one():
    with Machines(TIMING) as lab:
        newcomer = Newcomer(lab)
        newcomer.certificates()
        newcomer.members()
        newcomer.settings()
        newcomer.users()
        newcomer.on_each(newcomer.steps[5][0])
        newcomer.all_vote()
        lab.run("use1", newcomer.steps[5][1])
        newcomer.drill_by_order()
        newcomer.drill_that_counts()
        lab.check_log()
