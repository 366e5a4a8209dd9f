# SPDX-License-Identifier: Apache-2.0
"""The daemon under the policies of config/iam, which the stand-in of Route 53 enforces: it fails
over with them, and needs all that they allow. What they forbid: tests/lab/test_lab_policies.py."""

import json
import subprocess

import pytest
from programs import BUILD
from stage import PROBES, REGIONS, Stage, StageError
from test_beacons import Beacons
from test_failover import moves, wait_moved, weights

import policies     # of tests/lab, which stage puts on the path
from clients import client
from policies import EXTERNAL_ID, ROLE, ZONE, document

EAST, WEST = REGIONS
READER_KEY, READER_SECRET = "AKIAREADERREADERREAD", "reader/secret/0123456789"
READER = {READER_KEY: policies.user(document("reader"), secret=READER_SECRET,
                                    arn=f"arn:aws:iam::{policies.US}:user/regionshift-reader")}


@pytest.fixture
def iam_stage(make_stage, tmp_path):
    """iam_stage(directory, **options): a stage whose Route 53 knows these users only."""
    def make(directory, **options):
        file = tmp_path / "iam.json"
        file.write_text(json.dumps(directory))
        return make_stage(lab_options=["--rate", "0", "--iam", str(file)], **options)
    return make


class WithReader(Stage):
    """The last of the probes, which may not act, bears the reader's key."""

    starting = None

    def start_daemon(self, probe, wrapper=(), options=()):
        self.starting = probe
        super().start_daemon(probe, wrapper, options)

    def daemon_env(self):
        env = super().daemon_env()
        if self.starting == PROBES[-1]:
            env.update(AWS_ACCESS_KEY_ID=READER_KEY, AWS_SECRET_ACCESS_KEY=READER_SECRET)
        return env


def asked_by_reader(stage):
    return [verdict for verdict in stage.lab.verdicts()
            if verdict["principal"].endswith("-reader")]


def used(stage):
    """{(Sid, action)} by which the daemons were allowed something."""
    return {(sid, verdict["action"]) for verdict in stage.lab.verdicts()
            if verdict["verdict"] == "allowed" for sid in verdict["sids"]}


def refused(stage):
    return {verdict["action"] for verdict in stage.lab.verdicts()
            if verdict["verdict"] != "allowed"}


def fail_over(stage, deadline=30):
    """The factory dies in the east; returns once the move is known to all servers and INSYNC."""
    died = stage.kill_site("factory", EAST)
    wait_moved(stage, deadline)
    stage.wait_log(deadline, since=died, fact="insync")
    stage.wait_log(deadline, since=died, fact="servers", state="done")


def test_the_actor_fails_over_with_what_its_policy_allows_and_uses_all_of_it(iam_stage):
    stage = iam_stage(policies.directory(document("actor"), others=READER), kind=WithReader)
    fail_over(stage)
    assert len(moves(stage)) == 1
    assert not refused(stage)
    assert not asked_by_reader(stage), "it neither acts nor keeps beacons: it needs no credentials"
    assert used(stage) == {(sid, action) for _, sid, action in policies.every_action("actor")}


@pytest.mark.parametrize("name, sid, action", policies.every_action("reader"),
                         ids=lambda value: value.rpartition(":")[2])
def test_without_reading_no_group_is_taken_on(iam_stage, name, sid, action):
    less = [policies.without(document(policy), sid, action) for policy in ("actor", name)]
    stage = iam_stage(policies.directory(*less), settle=False)
    with pytest.raises(StageError):
        stage.settle(deadline=2)
    stage.wait_until("it is refused", lambda: refused(stage), 30)
    assert refused(stage) == {action}


@pytest.mark.parametrize("sid, action", [
    ("MoveWeightsAndFence", "route53:ChangeResourceRecordSets"),
    ("FollowChange", "route53:GetChange")], ids=["ChangeResourceRecordSets", "GetChange"])
def test_without_writing_nothing_moves_and_without_following_nobody_knows(iam_stage, sid, action):
    stage = iam_stage(policies.directory(document("actor")))
    stage.lab.iam(policies.directory(policies.without(document("actor"), sid, action)))
    with pytest.raises(StageError):
        fail_over(stage, deadline=3)
    stage.wait_until("it is refused", lambda: refused(stage), 30)
    assert refused(stage) == {action}


def test_the_two_tests_above_left_no_right_out():
    tried = {("MoveWeightsAndFence", "route53:ChangeResourceRecordSets"),
             ("FollowChange", "route53:GetChange")}
    tried |= {(sid, action) for _, sid, action in policies.every_action("reader")}
    assert tried == {(sid, action) for _, sid, action in policies.every_action("actor")}


def test_a_policy_of_another_zone_moves_nothing_and_pages(iam_stage):
    stage = iam_stage(policies.directory(document("actor")))
    other = json.loads(json.dumps(document("actor")).replace(ZONE, "ZANOTHER"))
    stage.lab.iam(policies.directory(document("reader"), other))
    died = stage.kill_site("factory", EAST)
    stage.wait_mail(60, since=died, Event="cannot_write")
    assert weights(stage) == "100/0 100/0" and not moves(stage)
    stage.lab.iam(policies.directory(document("actor")))
    wait_moved(stage, 60)


# -- a probe that only keeps beacons --

def beacons(folder):
    """The change of the settings that gives both regions a word."""
    words = []
    for region in REGIONS:
        file = folder / f"{region}.word"
        file.write_text(f"leave-{region}-0123456789abcdef")
        file.chmod(0o600)
        words.append(f'{{ region = "{region}"; word = "file:{file}"; }}')
    return ("beacons = false;", f"beacons = true;\n        beacon_words = ( {', '.join(words)} );",
            "a probe that keeps beacons reads the zone")


def test_a_beacons_keeper_reads_the_fence_and_needs_no_right_to_write(iam_stage, tmp_path):
    stage = iam_stage(policies.directory(document("actor"), others=READER), kind=WithReader,
                      more=[beacons(tmp_path)])
    fail_over(stage)
    fra = asked_by_reader(stage)
    assert {(sid, verdict["action"]) for verdict in fra for sid in verdict["sids"]} == {
        (sid, action) for _, sid, action in policies.every_action("reader")}
    assert {verdict["verdict"] for verdict in fra} == {"allowed"}
    assert len(moves(stage)) == 1


# -- a person who makes health checks --

PERSON_KEY, PERSON_SECRET = "AKIAPERSONPERSONPERS", "person/secret/0123456789"
PERSON = {PERSON_KEY: policies.user(document("health-checks"), secret=PERSON_SECRET,
                                    arn=f"arn:aws:iam::{policies.US}:user/somebody")}


@pytest.fixture
def beacons_stage(tmp_path):
    """Three daemons with actor.json, health-checks-reader.json and beacons; PERSON has
    health-checks.json and no more."""
    file = tmp_path / "iam.json"
    file.write_text(json.dumps(policies.directory(
        document("actor"), document("health-checks-reader"), others=PERSON)))
    made = Beacons(tmp_path, speed=20, options=("--checkers", "3", "--iam", str(file)))
    with made.stage:
        yield made.start()


def init_health_checks(beacons):
    """What `regionshift init --health-checks --yes` says when the person runs it."""
    stage = beacons.stage
    env = dict(beacons.quick_env(), AWS_ACCESS_KEY_ID=PERSON_KEY,
               AWS_SECRET_ACCESS_KEY=PERSON_SECRET)
    done = subprocess.run([str(BUILD / "regionshift"), "-c", str(stage.conf(PROBES[0])), "init",
                           "--health-checks", "--yes", "--json"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_person_makes_the_health_checks_and_the_daemons_attach_them(beacons_stage):
    stage = beacons_stage.stage
    done = init_health_checks(beacons_stage)
    assert done["done"] and done["attached_groups"] == 1
    somebody = client(stage.lab.endpoint, PERSON_KEY, PERSON_SECRET)
    child = next(check for check in stage.lab.checks() if check["type"] != "CALCULATED")
    somebody.update_health_check(HealthCheckId=child["id"], FailureThreshold=7)
    assert init_health_checks(beacons_stage)["updated"] == 1
    assert not refused(stage)
    by_person = {(sid, verdict["action"]) for verdict in stage.lab.verdicts()
                 for sid in verdict["sids"] if verdict["principal"].endswith("/somebody")}
    assert by_person == {(sid, action) for _, sid, action in
                         policies.every_action("health-checks")}


# -- a zone in another account --

ZONE_ROLE = (r'(?m)^aws = \{\n', f"""aws = {{
    zones = ( {{ id = "{ZONE}"; role = "{ROLE}"; external_id = "{EXTERNAL_ID}"; }} );
""", "the zone is of another account")


class WithSts(Stage):
    """STS answers where the stand-in of Route 53 does."""

    def daemon_env(self):
        return dict(super().daemon_env(), AWS_ENDPOINT_URL_STS=self.lab.endpoint)


def test_the_actor_fails_over_in_another_account_by_its_role_alone(iam_stage):
    stage = iam_stage(policies.across_accounts(document("assume-role"), document("actor"),
                                               document("trust")), kind=WithSts, more=[ZONE_ROLE])
    fail_over(stage)
    session = f"arn:aws:sts::{policies.THEM}:assumed-role/regionshift-actor/"
    assert all(verdict["principal"].startswith(session) for verdict in stage.lab.verdicts()
               if verdict["action"].startswith("route53:"))
    assert not refused(stage) and ("BecomeTheActor", "sts:AssumeRole") in used(stage)
