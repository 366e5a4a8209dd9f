# SPDX-License-Identifier: Apache-2.0
"""Checks of type alb: the daemon asks Elastic Load Balancing, which the lab plays under botocore's
model."""

import pytest
from witnesses import IN_ROLE, THERE, Witness, healed_and_down, reload, target_group, verdicts

ASKED = "DescribeTargetHealth"
SERVER = "the lab, botocore's model"
OURS, THEIRS = target_group(), target_group(THERE)


@pytest.fixture
def lab(tmp_path):
    with Witness(tmp_path) as lab:
        yield lab
        assert lab.said() == "", "the lab wrote to stderr"


def alb(arn=OURS, more=""):
    return f'type = "alb"; target_group = "{arn}"; {more}'


@pytest.mark.cell("alb", "good", SERVER)
def test_healthy_targets_are_up_in_our_account_and_in_a_roles(lab, tmp_path):
    lab.targets(OURS, {"i-1": "healthy", "i-2": "healthy", "i-3": "draining"})
    lab.targets(THEIRS, {"192.0.2.1": "healthy"})
    checks = {"one": alb(), "two": alb(OURS, 'expect = "healthy >= 2 and unhealthy == 0";'),
              "theirs": alb(THEIRS, IN_ROLE)}
    with lab.watched(tmp_path, checks) as eyes:
        for name in checks:
            eyes.see(name, "up")


@pytest.mark.cell("alb", "bad", SERVER)
def test_a_group_without_a_healthy_target_is_down_until_one_is_well(lab, tmp_path):
    lab.targets(OURS, {"i-1": "unhealthy", "i-2": "initial", "i-3": "unavailable"})
    lab.targets(THEIRS, {})
    with lab.watched(tmp_path, {"sick": alb(), "empty": alb(THEIRS, IN_ROLE)}, 1) as eyes:
        line = eyes.see("sick", "down", "status")
        eyes.see("empty", "down", "status")
        lab.targets(OURS, {"i-1": "unhealthy", "i-2": "healthy", "i-3": "unavailable"})
        assert eyes.see("sick", "up").at > line.at


@pytest.mark.cell("alb", "hostile", SERVER)
def test_what_says_nothing_of_targets_is_never_a_verdict(lab, tmp_path):
    lab.targets(THEIRS, {"i-1": "unhealthy"})
    checks = {"none": alb(), "theirs": alb(THEIRS)}
    with lab.watched(tmp_path, checks, timeout=1) as eyes:
        lab.wait_asked(ASKED, more=8)
        lab.targets(OURS, {"i-1": "unavailable", "i-2": "unavailable"})
        lab.wait_asked(ASKED, more=8)
        lab.fault("error500", operation=ASKED)
        lab.targets(OURS, {"i-1": "unhealthy"})
        lab.wait_asked(ASKED, more=8)
        healed_and_down(lab, eyes, "none")
        assert not verdicts(eyes, "theirs")


@pytest.mark.cell("alb", "timed out", SERVER)
def test_load_balancing_that_is_silent_is_never_a_verdict(lab, tmp_path):
    lab.targets(OURS, {"i-1": "unhealthy"})
    lab.fault("down", mode="hang", operation=ASKED)
    with lab.watched(tmp_path, {"sick": alb()}, timeout=1) as eyes:
        lab.wait_asked(ASKED, more=4)
        healed_and_down(lab, eyes, "sick")


@pytest.mark.cell("alb", "cancelled", SERVER)
def test_a_reload_drops_the_questions_under_way_and_asks_anew(lab, tmp_path):
    lab.targets(OURS, {"i-1": "unhealthy"})
    lab.fault("down", mode="hang", operation=ASKED)
    with lab.watched(tmp_path, {"sick": alb()}, timeout=2) as eyes:
        lab.wait_asked(ASKED, more=1)
        reload(eyes)
        lab.heal()
        eyes.see("sick", "down", "status")
