# SPDX-License-Identifier: Apache-2.0
"""regionshift init where Route 53 denies it: said at once, with whom it denies what; no waiting
helps then."""

import json

import pytest

import policies     # of tests/lab, which stage puts on the path

WRITE = ("MoveWeightsAndFence", "route53:ChangeResourceRecordSets")
READ = next((sid, action) for _, sid, action in policies.every_action("reader")
            if action == "route53:ListResourceRecordSets")


@pytest.fixture
def lacking(make_stage, tmp_path):
    """lacking(sid, action): a stage that bears the actor's policy without this."""
    def make(sid, action):
        file = tmp_path / "iam.json"
        file.write_text(json.dumps(policies.directory(
            policies.without(policies.document("actor"), sid, action))))
        stage = make_stage(lab_options=["--rate", "0", "--iam", str(file)], settle=False)
        stage.wait_until("the daemon answers",
                         lambda: stage.ctl("status", check=False).returncode == 0, 30)
        return stage
    return make


def allow_all(stage):
    stage.lab.iam(policies.directory(policies.document("actor")))


def denied(stage, action):
    """init --yes ends, having said which user may not do this, and where the policy stands."""
    done = stage.ctl("init", "--yes", check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    for words in (f"zone {policies.ZONE}: ", "AccessDenied", policies.USER, action, "config/iam/"):
        assert words in done.stderr, (words, done.stderr)
    assert "not done within" not in done.stderr
    return done


def test_init_that_may_not_write_says_so_and_ends(lacking):
    stage = lacking(*WRITE)
    done = denied(stage, WRITE[1])
    assert "the daemon tries again by itself" in done.stderr
    allow_all(stage)
    stage.wait_until("the zone has it", lambda: stage.lab.fences(), 60)


def test_init_that_may_not_read_says_so_and_ends(lacking):
    stage = lacking(*READ)
    done = denied(stage, READ[1])
    assert "decision stands" not in done.stderr, "nothing was begun"
    allow_all(stage)
    stage.wait_until("init is done",
                     lambda: stage.ctl("init", "--yes", check=False).returncode == 0, 60)
