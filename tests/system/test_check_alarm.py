# SPDX-License-Identifier: Apache-2.0
"""Checks of type alarm: the daemon asks CloudWatch, which the lab plays under botocore's model."""

import pytest
from witnesses import (IN_ROLE, REGION, THERE, Witness, healed_and_down, policies, reload,
                       verdicts)

ASKED = "DescribeAlarms"
SERVER = "the lab, botocore's model"


@pytest.fixture
def lab(tmp_path):
    with Witness(tmp_path) as lab:
        yield lab
        assert lab.said() == "", "the lab wrote to stderr"


def alarm(name, more=""):
    return f'type = "alarm"; alarm = "{name}"; aws_region = "{REGION}"; {more}'


def our(lab, name, state, **more):
    lab.alarm(name, state, account=policies.US, **more)


@pytest.mark.cell("alarm", "good", SERVER)
def test_alarms_that_are_ok_are_up_whatever_their_kind_account_or_region(lab, tmp_path):
    our(lab, "shop: 5xx/é", "OK")
    our(lab, "whole shop", "OK", kind="composite")
    our(lab, "young", "INSUFFICIENT_DATA")
    lab.alarm("theirs", "OK", account=THERE)
    checks = {"metric": alarm("shop: 5xx/é"), "composite": alarm("whole shop"),
              "young": alarm("young", 'expect = "state != ALARM";'),
              "theirs": alarm("theirs", IN_ROLE)}
    with lab.watched(tmp_path, checks) as eyes:
        for name in checks:
            eyes.see(name, "up")
    who = {verdict["principal"] for verdict in lab.verdicts() if verdict["action"].endswith(ASKED)}
    assert who == {policies.USER, who.difference({policies.USER}).pop()}
    assert any(THERE in one and "assumed-role/regionshift-actor/" in one for one in who)


@pytest.mark.cell("alarm", "bad", SERVER)
def test_an_alarm_that_is_raised_is_down_until_it_is_over(lab, tmp_path):
    our(lab, "errors", "ALARM", reason="Threshold Crossed: 57 > 10")
    our(lab, "whole", "ALARM", kind="composite")
    with lab.watched(tmp_path, {"errors": alarm("errors"), "whole": alarm("whole")}, 1) as eyes:
        line = eyes.see("errors", "down", "status")
        eyes.see("whole", "down", "status")
        our(lab, "errors", "OK")
        assert eyes.see("errors", "up").at > line.at


@pytest.mark.cell("alarm", "hostile", SERVER)
def test_a_cloudwatch_that_cannot_or_will_not_tell_is_never_a_verdict(lab, tmp_path):
    our(lab, "errors", "ALARM")
    lab.fault("deny", operation=ASKED)
    with lab.watched(tmp_path, {"errors": alarm("errors")}, timeout=1) as eyes:
        lab.wait_asked(ASKED, more=4)
        lab.fault("down", mode="503", operation=ASKED)      # strikes before the one before
        lab.wait_asked(ASKED, more=4)
        healed_and_down(lab, eyes, "errors")


def test_an_alarm_that_is_not_there_or_has_no_data_or_is_not_for_us_is_never_a_verdict(lab,
                                                                                      tmp_path):
    our(lab, "young", "INSUFFICIENT_DATA")
    lab.alarm("theirs", "ALARM", account=THERE)
    lab.alarm("east", "ALARM", account=policies.US, region="eu-west-1")
    checks = {"none": alarm("none"), "young": alarm("young"), "theirs": alarm("theirs"),
              "elsewhere": alarm("east").replace(REGION, "eu-west-1"),
              "stranger": alarm("none", IN_ROLE.replace("regionshift-jwt-pizza", "another"))}
    with lab.watched(tmp_path, checks, timeout=2) as eyes:
        lab.wait_asked(ASKED, more=10)
        assert not any(verdicts(eyes, name) for name in checks)
        our(lab, "young", "OK")
        our(lab, "none", "ALARM")
        eyes.see("young", "up")
        eyes.see("none", "down", "status")
        assert not any(verdicts(eyes, name) for name in ("theirs", "elsewhere", "stranger"))


@pytest.mark.cell("alarm", "timed out", SERVER)
def test_a_cloudwatch_that_is_silent_is_never_a_verdict(lab, tmp_path):
    our(lab, "errors", "ALARM")
    lab.fault("down", mode="hang", operation=ASKED)
    with lab.watched(tmp_path, {"errors": alarm("errors")}, timeout=1) as eyes:
        lab.wait_asked(ASKED, more=4)
        healed_and_down(lab, eyes, "errors")


@pytest.mark.cell("alarm", "cancelled", SERVER)
def test_a_reload_drops_the_questions_under_way_and_asks_anew(lab, tmp_path):
    our(lab, "errors", "ALARM")
    lab.fault("down", mode="hang", operation=ASKED)
    with lab.watched(tmp_path, {"errors": alarm("errors")}, timeout=2) as eyes:
        lab.wait_asked(ASKED, more=1)
        reload(eyes)
        lab.heal()
        eyes.see("errors", "down", "status")
