# SPDX-License-Identifier: Apache-2.0
"""tests/aws-live against the lab: that it works, cleans up, and can say no."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from labctl import Lab, simple

TREE = Path(__file__).resolve().parents[2]
FACTS = ["delete-weight", "delete-other", "stale-batch", "read-own-write", "one-ttl", "wildcard",
         "error-bodies", "clock-skew", "insync-time", "servers"]


def live(lab, *words, answer="", yes=True):
    environment = dict(os.environ, **lab.credentials_env())
    return subprocess.run(
        ["/usr/bin/python3", str(TREE / "tests/aws-live"), "--zone", "ZLAB1", "--pace", "0",
         "--poll", "0.05", "--endpoint-url", lab.endpoint, "--dns", lab.dns,
         *(["--yes"] if yes else []), *words],
        input=answer, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(name="lab")
def _lab():
    with Lab(options=["--rate", "0"]) as lab:
        lab.seed([simple("www.example.com", "A", "192.0.2.1")])
        yield lab


def records(lab):
    return lab.records()


def test_all_facts_are_found_as_the_lab_plays_them_and_nothing_is_left(lab, tmp_path):
    before = records(lab)
    out = tmp_path / "seen.json"
    done = live(lab, "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(out.read_text())
    assert list(seen) == FACTS
    assert {one["verdict"] for one in seen.values()} == {"PROVED"}, done.stdout
    assert "do not match" in seen["stale-batch"]["seen"]["body"]
    assert records(lab) == before


def test_a_route53_that_ignores_the_weight_of_a_delete_is_noticed():
    with Lab(options=["--rate", "0", "--delete-ignores-weight"]) as lab:
        done = live(lab, "delete-weight")
    assert done.returncode == 1
    assert "DIFFERS  delete-weight" in done.stdout


def test_without_a_yes_nothing_is_done(lab):
    done = live(lab, yes=False, answer="other.example\n")
    assert done.returncode == 2
    assert "nothing was done" in done.stdout
    assert "CREATE a weighted set of weight 10" in done.stdout
    assert len(lab.log()) == 1          # the seed
    done = live(lab, "delete-weight", yes=False, answer="example.com\n")
    assert done.returncode == 0
    assert len(lab.log()) > 1


def test_what_costs_something_needs_its_own_option(lab):
    assert live(lab, "request-rate").returncode != 0
    with Lab() as slow:                     # 5 requests a second, as Route 53
        done = live(slow, "--rate", "request-rate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Throttling" in done.stdout


def test_what_a_killed_run_left_is_found_again(lab):
    lab.seed([simple("www.example.com", "A", "192.0.2.1"),
              simple("a.rs-live-0badcafe.example.com", "A", "192.0.2.9")])
    done = live(lab, "--clean", "rs-live-0badcafe")
    assert "deleted: 1 record sets" in done.stdout
    assert not [one for one in records(lab) if "rs-live" in one["Name"]]


def test_each_fact_is_in_the_list_of_what_is_unproved():
    listed = (TREE / "docs/UNPROVED.md").read_text()
    shown = subprocess.run(["/usr/bin/python3", str(TREE / "tests/aws-live"), "--list"],
                           capture_output=True, text=True, check=True).stdout
    names = [line.strip() for line in shown.split("\n") if line[:2] == "  " and line[2] != " "]
    assert len(names) >= len(FACTS)
    assert [name for name in names if f"{name}`" not in listed] == []
