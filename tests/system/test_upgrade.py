# SPDX-License-Identifier: Apache-2.0
"""A rolling upgrade: daemons of two releases share one store (include/store_form.h). The next minor
release writes a field more into every value; the next major writes values that older ones cannot
read. Both are this very daemon with one file compiled otherwise: tests/lib/next_minor, next_major.
"""

import json
import subprocess

import pytest
from etcd_alone import EtcdAlone
from programs import BUILD, TOP, find_tool
from stage import PROBES, REGIONS, StageError
from test_failover import epochs, moves, must_stay, wait_moved, weights

EAST, WEST = REGIONS
GROUP = "jwt-pizza"
NEXT_MINOR = "tests/lib/next_minor"
NEXT_MAJOR = "tests/lib/next_major"


@pytest.fixture(params=["sqlite", "etcd"])
def etcd(request, tmp_path):
    """The store, where it is an etcd; else None."""
    if request.param == "sqlite":
        yield None
        return
    if find_tool("etcd") is None:
        pytest.skip("there is no `etcd` (Debian: etcd-server)")
    alone = EtcdAlone(tmp_path)
    try:
        yield alone.start()
    finally:
        alone.kill()


@pytest.fixture
def stage(etcd, make_stage):    # in this order: the daemons end before their store does
    """As conftest.py's, once on each engine of the store."""
    return make_stage(etcd=etcd)


def upgrade(stage, probe, release):
    """Stops one daemon, starts another release in its place; returns once it votes."""
    stage.stop_daemon(probe)
    start(stage, probe, release)


def start(stage, probe, release=None):
    stage.releases[probe] = release or "regionshiftd"
    stage.start_daemon(probe)
    stage.wait_until(f"{probe} answers", lambda: stage.ctl(
        "status", probe=probe, check=False).returncode == 0, 20)
    stage.wait_until(f"{probe} votes", lambda: counted(
        stage, probe, f"pizza/{WEST}")[probe] == "up", 20)


def values(stage, prefix):
    """What stands in the store, as {key: text}."""
    if stage.etcd is not None:
        return stage.etcd.values(prefix)
    done = subprocess.run([BUILD / "tests/lib/store_tool", stage.store, "get", prefix],
                          capture_output=True, text=True, timeout=30, check=True)
    return {line.split(" ", 2)[0]: line.split(" ", 2)[2] for line in done.stdout.splitlines()}


def group_of(stage, probe):
    return stage.status(probe)["groups"][0]


def counted(stage, probe, site):
    """{voter: what became of its vote}, as a probe sees it."""
    sites = {entry["site"]: entry for entry in group_of(stage, probe)["sites"]}
    return {voter: vote["counted"] for voter, vote in sites[site]["votes"].items()}


def wait_counted(stage, site, votes):
    """Until every daemon counts these votes for this site."""
    for probe in PROBES:
        stage.wait_until(f"{probe} counts {votes}",
                         lambda probe=probe: counted(stage, probe, site) == votes, 20)


ALL_UP = {probe: "up" for probe in PROBES}


def test_a_newer_minor_release_fails_over_together_with_older_ones(stage):
    upgrade(stage, "usw2", NEXT_MINOR)
    wait_counted(stage, f"factory/{EAST}", ALL_UP)
    assert '"news"' in values(stage, "v1/votes/usw2/")["v1/votes/usw2/jwt-pizza"]
    assert '"news"' not in values(stage, "v1/votes/use1/")["v1/votes/use1/jwt-pizza"]
    stage.kill_site("factory", EAST)
    wait_moved(stage)
    must_stay(stage, "0/100 0/100")
    assert len(moves(stage)) == 1
    assert epochs(stage) == [1, 2]
    for probe in PROBES:
        assert stage.status(probe)["store"]["unreadable"] == []


def test_all_are_upgraded_one_after_the_other_and_nothing_moves(stage):
    for probe in PROBES:
        upgrade(stage, probe, NEXT_MINOR)
        assert weights(stage) == "100/0 100/0"
        assert stage.order_pizza()[0] == 200
    wait_counted(stage, f"factory/{EAST}", ALL_UP)
    for probe in PROBES:
        assert stage.status(probe)["incidents"] == []
    assert not moves(stage) and epochs(stage) == [1]
    stage.kill_site("factory", EAST)
    wait_moved(stage)
    assert '"minor":1' in values(stage, "v1/decisions/")["v1/decisions/jwt-pizza"]


def test_a_release_can_be_taken_back(stage):
    """Older daemons read what the newer ones left: heads, ledger, journal."""
    for probe in PROBES:
        upgrade(stage, probe, NEXT_MINOR)
    stage.kill_site("factory", EAST)
    wait_moved(stage)
    stage.start_site("factory", EAST)
    for probe in PROBES:
        stage.stop_daemon(probe)
        start(stage, probe)
    stage.wait_until("failback", lambda: stage.ctl("failback", GROUP, "--reason", "repaired",
                                                   check=False).returncode == 0, 30)
    stage.wait_until("weights are back", lambda: weights(stage) == "100/0 100/0", 30)
    assert epochs(stage) == [1, 2, 3]


def test_an_order_of_a_newer_minor_is_obeyed_by_an_older_one_and_keeps_what_it_said(stage):
    upgrade(stage, "fra", NEXT_MINOR)           # may not act: an older one obeys
    stage.ctl("drain", EAST, "--reason", "maintenance", probe="fra")
    wait_moved(stage)
    order, = values(stage, "v1/orders/").values()
    told = json.loads(order)
    assert told["news"] == {"of": [1, 2]} and told["minor"] == 1
    assert [mark["group"] for mark in told["obeyed"]] == [GROUP]


def test_the_vote_of_a_newer_major_is_refused_by_name_and_the_others_are_a_quorum(stage):
    upgrade(stage, "usw2", NEXT_MAJOR)
    stage.wait_until("the vote is refused", lambda: counted(
        stage, "use1", f"factory/{EAST}")["usw2"] == "unreadable", 20)
    assert counted(stage, "fra", f"factory/{EAST}") == {"use1": "up", "usw2": "unreadable",
                                                        "fra": "up"}
    assert {"key": "v1/votes/usw2/jwt-pizza", "form": "newer"} in \
        stage.status("use1")["store"]["unreadable"]
    assert "v1/votes/usw2/jwt-pizza, of a newer release" in stage.ctl("status").stdout
    stage.kill_site("factory", EAST)
    wait_moved(stage)
    must_stay(stage, "0/100 0/100")
    assert len(moves(stage)) == 1 and epochs(stage) == [1, 2]


def test_a_decision_of_a_newer_major_stops_an_older_daemon_and_does_not_look_like_none(stage):
    upgrade(stage, "usw2", NEXT_MAJOR)
    stage.stop_daemon("use1")
    stage.kill_site("factory", EAST)
    wait_moved(stage)                           # usw2 decided: it reads the older vote of fra
    start(stage, "use1")
    group = stage.wait_until("it says so", lambda: group_of(stage, "use1")
                             if group_of(stage, "use1")["refused"] else None, 20)
    assert group["decision"] is None
    assert (group["refused"]["rule"], group["refused"]["reason"]) == ("D8", "head-unreadable")
    assert "upgraded" in group["refused"]["text"]
    assert {"key": "v1/decisions/jwt-pizza", "form": "newer"} in \
        stage.status("use1")["store"]["unreadable"]
    begun = stage.ctl("init", "--yes", check=False)
    assert begun.returncode == 3 and "cannot be read here" in begun.stdout + begun.stderr
    must_stay(stage, "0/100 0/100")
    assert epochs(stage) == [1, 2]
    upgrade(stage, "use1", NEXT_MAJOR)
    assert group_of(stage, "use1")["decision"]["epoch"] == 2
    assert group_of(stage, "use1")["refused"] is None


def test_an_order_of_a_newer_major_holds_the_older_daemons_until_they_are_upgraded(stage):
    upgrade(stage, "fra", NEXT_MAJOR)           # an order of its release; it may not act
    stage.ctl("drain", WEST, "--reason", "of the next release", probe="fra", check=False)
    stage.wait_until("frozen", lambda: group_of(stage, "use1")["frozen"], 20)
    order, = stage.status("use1")["orders"]
    assert order["verb"] == "unreadable" and "version 2" in order["reason"]
    stage.kill_site("factory", EAST)
    must_stay(stage, "100/0 100/0", 5)
    assert not moves(stage)
    upgrade(stage, "use1", NEXT_MAJOR)
    assert not group_of(stage, "use1")["frozen"]


@pytest.mark.parametrize("name", ["next_minor", "next_major"])
def test_the_next_release_is_this_one_but_for_its_version(name):
    """The test's daemons stay worth something: every other object is the shipped one."""
    makefile = (TOP / "tests/tests.am").read_text()
    assert f"tests_lib_{name}_LDADD = $(regionshiftd_LDADD)" in makefile
    if not (BUILD / "tests/lib" / name).exists():
        raise StageError(f"build/tests/lib/{name} is not built")
