# SPDX-License-Identifier: Apache-2.0
"""Break-glass where it is meant for: three regions, etcd gone with the region that burns, and an
operator at one of the daemons that are left."""

from stage import REGIONS

EAST, WEST = REGIONS
DRAIN = ("drain", EAST, "--override", "--yes", "--reason", "the east burns")


def store_is(lab, ok, probes):
    for n in probes:
        lab.wait_until(f"daemon {n} {'has' if ok else 'misses'} the store",
                       lambda n=n: lab.status(n)["store"]["ok"] == ok, 60)


def reconciled(lab, n):
    """The zone became the head; or the others, who see the fire as well, agreed on the same move as
    soon as the store answered: then that is the head, and the zone says so already."""
    status = lab.status(n)
    head = status["groups"][0]["decision"]
    drained = [region["name"] for region in status["regions"] if region["drained"]]
    return drained == [EAST] and head["kind"] in ("adopt", "leave") and \
        not status["groups"][0]["break_glass"] and \
        not any(order["local"] for order in status["orders"])


def test_the_region_that_burns_is_drained_while_all_of_etcd_is_down(regions3):
    lab = regions3
    before = len(lab.batches())
    lab.etcd_all_down()
    store_is(lab, False, (1, 2, 3))
    lab.endpoints_die(1)
    assert lab.ctl("drain", EAST, "--reason", "x", n=2, check=False).returncode == 1
    done = lab.ctl(*DRAIN, n=2)
    assert "obeyed" in done.stdout and lab.weights() == {EAST: 0, WEST: 100}
    assert len(lab.batches()) == before + 1, "one batch, by one daemon"

    lab.etcd_all_up()
    store_is(lab, True, (1, 2, 3))
    for n in (1, 2, 3):
        lab.wait_until(f"daemon {n} knows of it", lambda n=n: reconciled(lab, n), 60)
    assert lab.weights() == {EAST: 0, WEST: 100}
    lab.check_log()


def test_a_daemon_without_the_store_yields_to_what_the_others_did(regions3):
    """The others have the store, and move; the operator of the daemon that has none cannot know,
    and breaks the glass: the fence that was shown to him is gone, and he is told so."""
    lab = regions3
    for n in (1, 2, 3):
        lab.cut("probe-2", f"store-{n}")
    store_is(lab, False, (2,))
    before = len(lab.batches())
    lab.endpoints_die(1)
    lab.wait_until("the others move", lambda: lab.weights() == {EAST: 0, WEST: 100}, 60)
    done = lab.ctl(*DRAIN, n=2, check=False)
    assert done.returncode == 3 and "the fence of epoch 1" in done.stdout
    assert "C3 zone-moved-on" in done.stderr
    again = lab.ctl(*DRAIN, n=2, check=False)
    assert again.returncode == 3 and "serves no traffic" in again.stderr, "now it knows"
    lab.heal()
    store_is(lab, True, (1, 2, 3))
    assert lab.weights() == {EAST: 0, WEST: 100} and len(lab.batches()) == before + 1
    assert not [r for r in lab.status(2)["regions"] if r["drained"]]
    lab.check_log()
