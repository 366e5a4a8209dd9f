# SPDX-License-Identifier: Apache-2.0
"""A zone of another account: what STS is asked is signed as botocore signs it, what is sent to
Route 53 is signed by what STS gave, and no byte of that gets out (S-25)."""

import json
import re
from pathlib import Path

import policies     # of tests/lab, which stage puts on the path
import pytest
from labctl import ACCESS_KEY, SECRET_KEY
from operators import EAST, GROUP, ask
from stage import PROBES, Stage
from test_aws import OF_DAEMONS
from test_failover import wait_moved
from test_iam import ZONE_ROLE
from test_secrets import disguises, files_of
from wiretap import Tap

GIVEN = re.compile(rb"<AccessKeyId>([^<]+)</AccessKeyId><SecretAccessKey>([^<]+)</SecretAccessKey>"
                   rb"<SessionToken>([^<]+)</SessionToken>")


class Tapped(Stage):
    """Route 53 and STS are reached through the same tap."""

    def start_lab(self):
        super().start_lab()
        self.tap = Tap(self.lab.http)
        self.lab.http = self.tap.address

    def daemon_env(self):
        return dict(super().daemon_env(), AWS_ENDPOINT_URL_STS=self.lab.endpoint)

    def stop(self):
        super().stop()
        self.tap.close()

    def given(self):
        """{access key: (secret, token)} that STS gave."""
        return {key.decode(): (secret.decode(), token.decode()) for data in list(self.tap.answers)
                for key, secret, token in GIVEN.findall(data)}


@pytest.fixture
def moved(make_stage, tmp_path):
    """After a failover under a role."""
    file = tmp_path / "iam.json"
    file.write_text(json.dumps(policies.across_accounts(
        policies.document("assume-role"), policies.document("actor"),
        policies.document("trust"))))
    stage = make_stage(kind=Tapped, lab_options=["--rate", "0", "--iam", str(file)],
                       more=[ZONE_ROLE])
    died = stage.kill_site("factory", EAST)
    wait_moved(stage)
    stage.wait_log(30, since=died, fact="insync", epoch=2)
    return stage


def places(stage, scratch):
    """All that the daemons wrote and say."""
    found = files_of(stage.folder, scratch, "now")
    for probe in PROBES:
        found[f"log of {probe}"] = "\n".join(
            line.text for line in stage.programs[probe].lines).encode()
        for path in ("/metrics", "/api/v1/status", "/api/v1/ready", "/api/v1/history",
                     f"/api/v1/explain/{GROUP}", f"/api/v1/plan?down={EAST}"):
            _, headers, body = ask(stage, "GET", path, probe=probe)
            found[f"{path} of {probe}"] = f"{headers}\n{body}".encode()
        process = Path("/proc") / str(stage.programs[probe].process.pid)
        found[f"cmdline of {probe}"] = (process / "cmdline").read_bytes()
    return found


def test_a_role_is_asked_for_and_used_as_botocore_signs_it_and_stays_secret(moved, tmp_path):
    requests, given = list(moved.tap.requests), moved.given()
    assert {request.operation() for request in requests} == {*OF_DAEMONS, "AssumeRole"}
    for request in requests:
        key = re.search(r"Credential=([^/]+)/", request.header("authorization"))[1]
        secret, token = given.get(key, (SECRET_KEY, None))
        assert (key == ACCESS_KEY) == (request.operation() == "AssumeRole") == (token is None)
        assert request.is_signed_by(key, secret), (request.method, request.target)
        assert not request.is_signed_by(key, secret + "x"), "a judge that sees nothing"
        assert token is None or request.header("x-amz-security-token") == token
    searched = places(moved, tmp_path)
    assert policies.ROLE.encode() in searched["/api/v1/ready of use1"], "it tells whose they are"
    for secrets in given.values():
        for secret in secrets:
            found = [(how, place) for place, data in searched.items()
                     for how, canary, fold in disguises(secret)
                     if canary in (data.lower() if fold else data)]
            assert found == []
    assert len(given) >= 2, "each actor becomes the role by itself"
