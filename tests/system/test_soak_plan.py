# SPDX-License-Identifier: Apache-2.0
"""The plan of the soak: repeatable, bounded, and with a truth that can say no."""

import itertools

import soak_plan
from soak_plan import ALL, PERIOD_S, SPARED, Fault, Truth, plan, steps

PERIODS = [(seed, period) for seed in range(1, 11) for period in range(1, 31)]


def test_a_seed_draws_the_same_faults_for_ever():
    assert plan(7, 3) == plan(7, 3)
    assert plan(7, 3) != plan(7, 4) and plan(7, 3) != plan(8, 3)


def test_no_two_faults_that_overlap_touch_the_same():
    for seed, period in PERIODS:
        for one, other in itertools.combinations(plan(seed, period), 2):
            assert other.at >= one.until or not one.touches & other.touches, (seed, period)


def test_every_fault_ends_within_its_period():
    for seed, period in PERIODS:
        faults = plan(seed, period)
        assert len(faults) >= 5
        assert all(0 < fault.at < fault.until <= PERIOD_S for fault in faults)
        assert len(steps(faults)) == 2 * len(faults)


def test_every_kind_is_drawn_and_the_spared_daemons_are_never_killed():
    faults = [fault for seed, period in PERIODS for fault in plan(seed, period)]
    assert {fault.kind for fault in faults} == {kind for kind, _, _ in soak_plan.KINDS}
    assert not any(fault.who[0] in SPARED for fault in faults
                   if fault.kind in ("daemon_kill", "region_dies"))


def fault(kind, blocks):
    return Fault(kind, (), 0, 1, frozenset(), frozenset(blocks))


def test_a_region_that_three_of_five_cannot_reach_may_lose_its_weight():
    truth = Truth()
    truth.begins(fault("cut", {(2, 1), (3, 1)}), 100)
    assert not truth.justifies_leaving(1, 105)
    truth.begins(fault("cut", {(4, 1)}), 106)
    assert truth.justifies_leaving(1, 107)
    assert not truth.justifies_leaving(2, 107), "the other region is well"


def test_what_was_mended_long_ago_justifies_nothing():
    truth = Truth()
    dead = fault("endpoints_die", {(probe, 1) for probe in ALL})
    truth.begins(dead, 100)
    truth.ends(dead, 110)
    assert truth.justifies_leaving(1, 110 + soak_plan.MEMORY_S)
    assert not truth.justifies_leaving(1, 111 + soak_plan.MEMORY_S)
    assert not truth.justifies_leaving(1, 99), "nor what came only afterwards"
