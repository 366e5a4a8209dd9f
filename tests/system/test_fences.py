# SPDX-License-Identifier: Apache-2.0
"""What becomes of a fence that somebody else wrote, and of a change that Route 53 took and forgot:
by real daemons, at the stand-in of Route 53 (C2, C7, C8). A fence that is deleted is in
test_failover.py, one that is no fence in test_verification.py."""

import hashlib
import re

from stage import PROBES, REGIONS, SERVICES
from test_failover import GROUP, epochs, moves, must_stay, wait_moved, weights

EAST, WEST = REGIONS
NONCE, PLAN = "00112233445566778899aabbccddeeff", "0123456789abcdef"


def text(epoch, by="use1"):
    return f"v=rs1 group={GROUP} epoch={epoch} by={by} nonce={NONCE} plan={PLAN}"


def expect_fence(stage, epoch, east, west):
    """The zone's one fence, to the letter but its nonce: who wrote it, which epoch, which plan."""
    wanted = "".join(f"{service}/{region}={weight}\n" for service in SERVICES
                     for region, weight in zip(REGIONS, (east, west)))
    plan = hashlib.sha256(wanted.encode()).hexdigest()[:16]
    fences = [one for one in stage.lab.records() if one["Name"].startswith("_regionshift")]
    assert [(one["Name"], one["Type"], one["TTL"], len(one["ResourceRecords"]))
            for one in fences] == [(f"_regionshift.{GROUP}.example.com.", "TXT", 10, 1)]
    value = fences[0]["ResourceRecords"][0]["Value"]
    assert re.fullmatch(rf'"v=rs1 group={GROUP} epoch={epoch} by=({"|".join(PROBES[:2])}) '
                        rf'nonce=[0-9a-f]{{32}} plan={plan}"', value), value
    assert NONCE not in value


def expect_next_fence(stage):
    """The move's: above what we knew, with or without one more decision where no fence was."""
    assert epochs(stage) in ([1, 2], [1, 3], [1, 2, 3])
    expect_fence(stage, epochs(stage)[-1], 0, 100)


def batches(stage):
    """(epoch replaced, epoch written) of each accepted batch of the daemons."""
    def epoch(fences):
        return int(re.search(r"epoch=(\d+)", fences[GROUP])[1]) if GROUP in fences else None
    return [(epoch(entry["fences_before"]), epoch(entry["fences_after"]))
            for entry in stage.lab.log()
            if entry["verdict"] == "accepted" and entry["source"] in ("api", "late")]


def test_a_change_that_route53_forgot_is_made_again_through_the_fence(stage):
    """C8: accepted, then stranded: the zone is as it was before, and head and journals know better.
    Fence below head: the head is applied (C7), by a batch that is made of what is there now."""
    stage.lab.fault("stranded")
    died = stage.kill_site("factory", EAST)
    wait_moved(stage)
    forgotten = stage.lab.fences()[GROUP]
    stage.lab.heal("stranded")
    stage.wait_log(60, since=died, fact="stranded", state="forgotten")
    wait_moved(stage, 60)
    stage.wait_log(60, since=died, fact="insync", epoch=2)
    assert batches(stage) == [(None, 1), (1, 2), (1, 2)] and len(moves(stage)) == 2
    expect_fence(stage, 2, 0, 100)
    assert stage.lab.fences()[GROUP] != forgotten, "a batch is never sent again as it was (C3)"
    must_stay(stage, "0/100 0/100", 2)
    assert set(stage.dig("pizza.example.com")) == {stage.address("pizza", WEST)}


def test_a_fence_from_the_future_is_passed_and_told(stage):
    """C7: as if the store had been set back: the zone is right, the next epochs are above it."""
    stage.lab.human("fence", group=GROUP, text=text(900))
    died = stage.kill_site("factory", EAST)
    wait_moved(stage, 60)
    stage.wait_mail(60, since=died, Event="fence_conflict")
    assert batches(stage) == [(None, 1), (900, 901), (901, 902)]
    expect_fence(stage, 902, 0, 100)
    assert len(moves(stage)) == 1


def test_a_fence_that_leaps_above_all_known_is_no_fence(stage):
    """C2: nobody makes so many decisions: adopted, a few of its kind would use up all epochs."""
    stage.lab.human("fence", group=GROUP, text=text(10 ** 15))
    died = stage.kill_site("factory", EAST)
    stage.wait_mail(60, since=died, Event="fence_missing")
    wait_moved(stage, 60)
    expect_next_fence(stage)
    assert len(moves(stage)) == 1
