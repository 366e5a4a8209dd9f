# SPDX-License-Identifier: Apache-2.0
"""Every source of credentials: its first use, its refresh, its failure and its recovery. The table
in docs/CREDENTIALS.md names these tests."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from certificates import Authority
from identity import ARN, METADATA, Hand, Identity, Server, basic, moment, sts_error

HOUR = 3600
OTHER = "arn:aws:iam::210987654321:role/zone"


class World:
    def __init__(self, folder):
        self.folder = folder
        self.identity = Identity()
        self.server = Server(self.identity)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.hands = []
        self.past = []      # that were stopped
        self.passed_s = 0
        self.env = {"HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true",
                    "AWS_ENDPOINT_URL_STS": self.url}

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        fresh.chmod(0o700)
        fresh.replace(path)
        return str(path)

    def config(self, text):
        self.write(".aws/config", text)

    def shared(self, text):
        self.write(".aws/credentials", text)

    def hand(self, profile="", region="us-east-1", wrapper=(), **env):
        chosen = {name: value for name, value in {**self.env, **env}.items() if value is not None}
        self.hands.append(Hand(chosen, profile, region, wrapper))
        self.hands[-1].say("advance", self.passed_s)
        return self.hands[-1]

    def advance(self, seconds):
        """Time passes, for all of them."""
        self.passed_s += seconds
        self.identity.clock_s += seconds
        for hand in self.hands:
            hand.say("advance", seconds)

    def machine(self, **env):
        return self.hand(AWS_EC2_METADATA_DISABLED=None,
                         AWS_EC2_METADATA_SERVICE_ENDPOINT=self.url, **env)

    def container(self, **env):
        return self.hand(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{self.url}/v2/credentials/x", **env)

    def web(self, **env):
        self.write("token", "web-token-1\n")
        return self.hand(AWS_WEB_IDENTITY_TOKEN_FILE=str(self.folder / "token"), AWS_ROLE_ARN=ARN,
                         **env)

    def count(self, path, method=None):
        return sum(1 for one in self.identity.requests
                   if one[1] == path and method in (None, one[0]))

    def stop(self):
        """What they said on stderr."""
        logs = [hand.stop() for hand in self.hands]
        self.past += self.hands
        self.hands = []
        self.server.stop()
        return logs


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    said = "\n".join(made.stop() + [error for hand in made.past for error in hand.errors])
    assert not SECRETS.search(said), said


SECRETS = re.compile("secret-[0-9]|token-[0-9]|hunter2|base-secret|canary|BASIC", re.IGNORECASE)


KEYS = "aws_access_key_id = AKIABASE\naws_secret_access_key = base-secret\n"


# ---- keys of the environment and of files (more of them in tests/io/test_credentials.c) ----

def test_keys_of_the_environment_end_when_they_say_so(world):
    hand = world.hand(AWS_ACCESS_KEY_ID="ASIAENV", AWS_SECRET_ACCESS_KEY="s",
                      AWS_SESSION_TOKEN="t", AWS_CREDENTIAL_EXPIRATION=moment(600.5))
    assert hand.key() == "ASIAENV"
    world.advance(599)
    assert hand.key() == "ASIAENV"
    world.advance(2)
    assert "the environment of a process does not change" in hand.error()


def test_keys_of_a_file_are_read_anew_when_aws_refuses_them(world):
    world.shared("[default]\n" + KEYS)
    hand = world.hand()
    assert hand.key() == "AKIABASE"
    world.shared("[default]\n" + KEYS.replace("BASE", "NEW"))
    world.advance(24 * HOUR)
    assert hand.key() == "AKIABASE"
    hand.say("distrust")
    assert hand.key() == "AKIANEW"


# ---- credential_process ----

def process(world, body, more=""):
    script = world.write("tool", "#!/bin/sh\n" + body)
    world.config(f'[default]\ncredential_process = "{script}" one "two words" $HOME *\n{more}')
    return world.hand()


def document(world, life_s=HOUR, **more):
    found = {"Version": 1, "AccessKeyId": "ASIAPROC", "SecretAccessKey": "s", "SessionToken": "t",
             "Expiration": moment(life_s), **more}
    world.write("document", json.dumps({key: value for key, value in found.items() if value}))


def test_a_process_is_run_without_a_shell_and_with_little_of_our_environment(world):
    document(world)
    hand = process(world, 'printf "%s\\n" "$@" > "$HOME/words"; env > "$HOME/env"\n'
                   'ls -l /proc/self/fd > "$HOME/fds"; read line || echo none > "$HOME/stdin"\n'
                   'cat "$HOME/document"; echo hint >&2\n')
    assert hand.key() == "ASIAPROC"
    assert (world.folder / "words").read_text() == "one\ntwo words\n$HOME\n*\n"
    env = (world.folder / "env").read_text()
    assert f"HOME={world.folder}\n" in env and "AWS_EC2_METADATA_DISABLED" in env
    fds = [line for line in (world.folder / "fds").read_text().splitlines() if "->" in line]
    assert len(fds) == 4, fds       # 0, 1, 2, and the folder that ls reads
    assert (world.folder / "stdin").read_text() == "none\n"


def test_a_process_inherits_no_secret(world):
    document(world)
    world.env.update(MAILBOX_PASSWORD="canary-1", AWS_SECRET_ACCESS_KEY="canary-2",
                     AWS_ACCESS_KEY_ID="AKIAENV", AWS_SESSION_TOKEN="canary-3",
                     AWS_CONTAINER_AUTHORIZATION_TOKEN="canary-4")
    script = world.write("tool", '#!/bin/sh\nenv > "$HOME/env"; cat "$HOME/document"\n')
    world.config(f"[profile p]\ncredential_process = {script}\n")
    hand = world.hand(profile="p")
    assert hand.key() == "ASIAPROC"
    assert "canary" not in (world.folder / "env").read_text()
    assert "PATH=" in (world.folder / "env").read_text()


def test_a_process_is_run_again_before_what_it_gave_ends(world):
    document(world)
    hand = process(world, 'cat "$HOME/document"\n')
    assert hand.key() == "ASIAPROC"
    document(world, 2 * HOUR, AccessKeyId="ASIANEXT")
    world.advance(30 * 60)
    assert hand.key() == "ASIAPROC"
    world.advance(16 * 60)
    assert hand.key() == "ASIAPROC"     # at once; the look goes on behind it
    hand.until_key("ASIANEXT")


def test_what_a_process_gives_without_an_end_is_kept(world):
    document(world, Expiration=None, SessionToken=None)
    hand = process(world, 'echo >> "$HOME/runs"; cat "$HOME/document"\n')
    assert hand.key() == "ASIAPROC"
    world.advance(24 * HOUR)
    assert hand.key() == "ASIAPROC"
    assert (world.folder / "runs").read_text() == "\n"


@pytest.mark.parametrize("body, words", [
    ('echo "no vault \033[31mhere" >&2; exit 3',
     "credential_process of profile default: exit status 3: no vault \\x1b[31mhere"),
    ("kill -TERM $$", "ended by signal 15"),
    ("echo '{}'", "Version: missing"),
    ("echo hunter2", "not JSON"),
    ("true", "not JSON"),
    ("yes hunter2", "it prints too much"),
])
def test_a_process_that_fails_is_told_with_what_it_wrote(world, body, words):
    hand = process(world, body + "\n")
    error = hand.error()
    assert words in error and "hunter2" not in error


def test_a_process_that_does_not_exist_or_cannot_be_split_is_told(world):
    world.config("[default]\ncredential_process = /nowhere/tool\n")
    assert "cannot be started: no such file" in world.hand().error()
    world.config("[default]\ncredential_process = 'tool\n")
    assert "a quote that is not closed" in world.hand().error()


def test_a_process_that_fails_takes_nothing_away_and_recovers(world):
    document(world)
    hand = process(world, 'test -e "$HOME/document" || exit 7; cat "$HOME/document"\n')
    assert hand.key() == "ASIAPROC"
    (world.folder / "document").unlink()
    world.advance(50 * 60)
    hand.until_error("exit status 7")
    assert hand.key() == "ASIAPROC"
    world.advance(9 * 60)
    assert hand.key() == "ASIAPROC"
    world.advance(2 * 60)
    hand.until_error("exit status 7")
    assert "exit status 7" in hand.error()
    document(world, 5 * HOUR, AccessKeyId="ASIABACK")
    world.advance(60)
    hand.until_key("ASIABACK")


# ---- web identity ----

def test_web_identity_gives_a_role_and_reads_its_token_each_time(world):
    hand = world.web(AWS_ROLE_SESSION_NAME="pod-7")
    assert hand.key() == "ASIA1"
    body = world.identity.requests[-1][3].decode()
    assert "Action=AssumeRoleWithWebIdentity" in body and "RoleSessionName=pod-7" in body
    assert "authorization" not in world.identity.requests[-1][2]
    world.identity.web_tokens = {"web-token-2"}
    world.write("token", "web-token-2")
    world.advance(46 * 60)
    hand.get()
    hand.until_key("ASIA2")


def test_web_identity_fails_and_nobody_else_is_asked(world):
    world.shared("[default]\n" + KEYS)
    world.identity.web_tokens = set()
    hand = world.web(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{world.url}/v2/credentials/x")
    error = hand.error()
    assert "ExpiredTokenException: Token expired" in error and ARN in error
    assert world.count("/") == 3, "a token that is refused is read again, twice"
    assert world.count("/v2/credentials/x") == 0


def test_web_identity_without_its_file_is_an_error(world):
    hand = world.hand(AWS_WEB_IDENTITY_TOKEN_FILE="/nowhere/token", AWS_ROLE_ARN=ARN)
    assert "web identity token file /nowhere/token: no such file" in hand.error()
    world.write("token", "a\nb")
    hand = world.hand(AWS_WEB_IDENTITY_TOKEN_FILE=str(world.folder / "token"), AWS_ROLE_ARN=ARN)
    assert "holds no token" in hand.error()


def test_web_identity_keeps_what_it_has_while_sts_is_down_and_recovers(world):
    hand = world.web()
    assert hand.key() == "ASIA1"
    world.identity.faults["sts"] = [(503, "")] * 3
    world.advance(46 * 60)
    hand.until_error("HTTP 503")
    assert hand.key() == "ASIA1"
    world.advance(60)
    hand.until_key("ASIA2")


def test_sts_that_stumbles_is_asked_again(world):
    world.identity.faults["sts"] = ["drop", sts_error(400, "IDPCommunicationError", "later")]
    assert world.web().key() == "ASIA1"


@pytest.mark.parametrize("status, body, words", [
    (200, "<html/>", "no Credentials"), (200, "", "XML"), (200, "x" * 70000, "too large"),
    (200, "<!DOCTYPE a><a/>", "DOCTYPE"), (403, "", "HTTP 403"),
    (*sts_error(403, "RegionDisabledException", "not here"), "RegionDisabledException: not here"),
])
def test_what_sts_answers_otherwise_is_told(world, status, body, words):
    world.identity.faults["sts"] = [(status, body)] * 3
    assert words in world.web().error()


# ---- roles of profiles, and on top ----

ROLE = f"[default]\nrole_arn = {ARN}\nsource_profile = base\nexternal_id = e/1\n"


def test_a_role_of_a_profile_is_assumed_signed_and_in_our_region(world):
    world.config(ROLE + "duration_seconds = 900\nrole_session_name = rs\nregion = eu-west-1\n")
    world.shared("[base]\n" + KEYS)
    world.identity.external_ids[ARN] = "e/1"
    assert world.hand().key() == "ASIA1"
    _, _, headers, body = world.identity.requests[-1]
    assert "/eu-west-1/sts/aws4_request" in headers["authorization"]
    assert b"DurationSeconds=900" in body and b"RoleSessionName=rs" in body


def test_a_role_is_renewed_from_its_source(world):
    world.config(ROLE)
    world.shared("[base]\n" + KEYS)
    hand = world.hand()
    assert hand.key() == "ASIA1"
    world.identity.faults["sts"] = [sts_error(400, "Throttling", "Rate exceeded")] * 3
    world.advance(46 * 60)
    hand.until_error("Throttling: Rate exceeded")
    assert hand.key() == "ASIA1"
    world.advance(60)
    hand.until_key("ASIA2")


def test_a_role_that_is_refused_is_an_error_with_its_name(world):
    world.config(ROLE)
    world.shared("[base]\n" + KEYS)
    world.identity.external_ids[ARN] = "another"
    hand = world.hand()
    error = hand.error()
    assert ARN in error and "AccessDenied" in error and "us-east-1" in error
    assert hand.error() == error
    assert world.count("/") == 1, "the same question is not asked again at once"
    world.identity.external_ids[ARN] = "e/1"
    world.advance(2)
    assert hand.key() == "ASIA1"


def test_roles_stand_on_roles(world):
    world.config(ROLE.replace("base", "middle") +
                 f"[profile middle]\nrole_arn = {OTHER}\nsource_profile = base\n")
    world.shared("[base]\n" + KEYS)
    assert world.hand().key() == "ASIA2"
    bodies = [one[3] for one in world.identity.requests]
    assert b"210987654321" in bodies[0] and b"123456789012" in bodies[1]


def test_a_role_on_top_is_kept_by_itself(world):
    world.shared("[default]\n" + KEYS)
    world.identity.external_ids[OTHER] = "zone/7"
    hand = world.hand()
    assert hand.key() == "AKIABASE"
    assert hand.key(OTHER, "zone/7") == "ASIA1"
    assert hand.key(OTHER, "zone/7") == "ASIA1"
    assert "AccessDenied" in hand.error(OTHER)
    assert hand.key() == "AKIABASE", "ourselves are not touched by it"
    world.advance(46 * 60)
    assert hand.key(OTHER, "zone/7") == "ASIA1"
    hand.until_key("ASIA2", OTHER, "zone/7")


def test_roles_that_nobody_waits_for_make_room(world):
    """Settings that are reloaded with other roles, again and again."""
    world.shared("[default]\n" + KEYS)
    hand = world.hand()
    keys = [hand.key(f"{OTHER}-{number}") for number in range(66)]
    assert len(set(keys)) == 66 and world.count("/") == 66
    assert hand.key(f"{OTHER}-65") == keys[-1]
    assert hand.key(f"{OTHER}-0") not in keys, "it was let go, and is assumed anew"


def test_a_role_on_top_fails_with_ourselves_and_comes_back(world):
    hand = world.machine()
    world.identity.role = None
    assert "the instance has no role" in hand.error(OTHER)
    world.identity.role = "machine-role"
    world.advance(60)
    assert hand.key(OTHER) == "ASIA2"
    del world.identity.keys["ASIA1"]    # what we are is taken no more
    world.advance(60)
    hand.say("distrust")
    assert hand.key(OTHER) == "ASIA4"


def test_a_session_that_sts_takes_no_more_is_looked_for_anew(world):
    hand = world.machine()
    assert hand.key() == "ASIA1"
    world.identity.keys.clear()
    world.advance(60)
    assert "InvalidClientTokenId" in hand.error(OTHER)
    world.advance(60)
    assert hand.key(OTHER) == "ASIA3"


def test_a_clock_that_is_off_is_set_right_by_sts_for_signing(world):
    certificate = Authority(world.folder / "tls").issue("sts", "IP:127.0.0.1")
    secure = Server(world.identity, certificate=certificate)
    world.config(ROLE)
    world.shared("[base]\n" + KEYS)
    world.identity.clock_s = HOUR
    env = {"AWS_ENDPOINT_URL_STS": f"https://127.0.0.1:{secure.port}",
           "AWS_CA_BUNDLE": str(world.folder / "tls" / "ca.pem")}
    try:
        hand = world.hand(**env)
        assert hand.key() == "ASIA1"
        assert len(world.identity.requests) == 2
        left_s = hand.say("view")["left_ms"] / 1000
        assert HOUR - 60 < left_s < HOUR + 2, "their clock says how long they live"
        assert "SSL" in world.hand(**{**env, "AWS_CA_BUNDLE": None}).error()
        world.env["AWS_ENDPOINT_URL_STS"] = world.url
        assert "Signature expired" in world.hand().error(), "nobody is believed without TLS"
    finally:
        secure.stop()


def test_credential_source_takes_what_the_surroundings_give(world):
    world.config(f"[default]\nrole_arn = {ARN}\ncredential_source = Ec2InstanceMetadata\n")
    assert world.machine().key() == "ASIA2"
    world.config(f"[default]\nrole_arn = {ARN}\ncredential_source = EcsContainer\n")
    assert world.container().key() == "ASIA4"
    world.config(f"[profile p]\nrole_arn = {ARN}\ncredential_source = Environment\n")
    assert world.hand("p", AWS_ACCESS_KEY_ID="AKIABASE",
                      AWS_SECRET_ACCESS_KEY="base-secret").key() == "ASIA5"


# ---- container ----

def test_a_container_gives_credentials_for_its_token(world):
    world.identity.authorization = basic("ecs")
    hand = world.container(AWS_CONTAINER_AUTHORIZATION_TOKEN=basic("ecs"))
    assert hand.key() == "ASIA1"
    assert world.identity.requests[0][2]["accept"] == "application/json"


def test_a_container_token_file_is_read_for_every_request(world):
    world.identity.authorization = "eks-token-1"
    path = world.write("token", "eks-token-1\n")
    hand = world.container(AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=path,
                           AWS_CONTAINER_AUTHORIZATION_TOKEN="wrong")
    assert hand.key() == "ASIA1"
    world.identity.authorization = "eks-token-2"
    world.write("token", "eks-token-2")
    world.advance(46 * 60)
    hand.get()
    hand.until_key("ASIA2")


def test_a_container_token_that_would_break_a_header_is_sent_nowhere(world):
    path = world.write("token", "a\r\nX-Evil: 1\n")
    hand = world.container(AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=path)
    assert "would break a header" in hand.error()
    assert not world.identity.requests
    hand = world.container(AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="/nowhere")
    assert "/nowhere: no such file" in hand.error()


def test_a_container_is_asked_three_times_and_nobody_after_it(world):
    world.identity.faults["container"] = [(500, ""), "drop"]
    assert world.container().key() == "ASIA1"
    assert world.count("/v2/credentials/x") == 3
    world.identity.faults["container"] = [(500, "")] * 3
    hand = world.container(AWS_EC2_METADATA_DISABLED=None,
                           AWS_EC2_METADATA_SERVICE_ENDPOINT=world.url)
    assert "HTTP 500" in hand.error()
    assert world.count("/latest/api/token") == 0


def test_a_container_that_refuses_is_told_in_its_words(world):
    world.identity.authorization = "right"
    error = world.container(AWS_CONTAINER_AUTHORIZATION_TOKEN="wrong").error()
    assert "HTTP 401: Unauthorized: no such token\\x07" in error and "wrong" not in error
    world.identity.authorization = None
    world.identity.life_s = -60
    assert "had ended at" in world.container().error()


def test_a_container_keeps_what_it_has_and_recovers(world):
    hand = world.container()
    assert hand.key() == "ASIA1"
    world.identity.faults["container"] = [(400, '{"code":"Nope"}')]
    world.advance(46 * 60)
    hand.until_error("HTTP 400: Nope")
    assert hand.key() == "ASIA1"
    world.advance(60)
    hand.until_key("ASIA2")


# ---- machine ----

def test_the_machine_is_asked_by_version_two_only(world):
    assert world.machine().key() == "ASIA1"
    assert [one[:2] for one in world.identity.requests] == [
        ("PUT", "/latest/api/token"), ("GET", METADATA), ("GET", METADATA + "machine-role")]


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_a_machine_without_version_two_is_told_and_never_asked_by_version_one(world, status):
    world.identity.faults["metadata_token"] = [(status, "")]
    error = world.machine().error()
    assert f"HTTP {status}" in error and "AWS_ACCESS_KEY_ID is not set" in error
    assert [one[0] for one in world.identity.requests] == ["PUT"]


def test_silence_of_the_machine_names_the_hop_limit(world):
    world.identity.faults["metadata_token"] = ["hang"]
    error = world.machine().error()
    assert "HttpPutResponseHopLimit" in error and "AWS_EC2_METADATA_DISABLED" in error


def test_no_proxy_is_between_us_and_the_machine(world):
    proxy = "http://127.0.0.1:1"
    assert world.machine(http_proxy=proxy, HTTP_PROXY=proxy, ALL_PROXY=proxy,
                         all_proxy=proxy).key() == "ASIA1"


def test_an_error_document_with_status_200_is_an_error(world):
    world.identity.faults["metadata_document"] = [
        (200, '{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role"}')]
    error = world.machine().error()
    assert "AssumeRoleUnauthorizedAccess: EC2 cannot assume the role" in error


@pytest.mark.parametrize("route, fault, words", [
    ("metadata_token", (200, "a\r\nb"), "would break a header"),
    ("metadata_token", (200, "x" * 5000), "too large"),
    ("metadata_role", (200, "../../user-data"), "no name of a role"),
    ("metadata_role", (200, ""), "no name of a role"),
    ("metadata_document", (200, "{"), "not JSON"),
    ("metadata_document", (200, "x" * 70000), "too large"),
    ("metadata_document", (302, ""), "HTTP 302"),
])
def test_what_the_machine_answers_otherwise_is_told(world, route, fault, words):
    world.identity.faults[route] = [fault] * 3
    assert words in world.machine().error()


def test_a_metadata_token_that_is_refused_is_asked_for_anew_but_not_for_ever(world):
    world.identity.faults["metadata_document"] = [(401, "")]
    assert world.machine().key() == "ASIA1"
    assert world.count("/latest/api/token") == 2
    world.identity.faults["metadata_document"] = [(401, "")] * 100
    assert "HTTP 401" in world.machine().error()
    assert world.count("/latest/api/token") == 5


def test_the_machine_is_asked_again_before_the_end(world):
    hand = world.machine()
    assert hand.key() == "ASIA1"
    world.advance(46 * 60)
    assert hand.key() == "ASIA1"
    hand.until_key("ASIA2")
    assert world.count("/latest/api/token") == 2


def test_what_the_machine_serves_beyond_its_end_is_used_and_asked_for_rarely(world):
    world.identity.life_s = -600
    hand = world.machine()
    assert hand.key() == "ASIA1"
    world.advance(16 * 60)
    assert hand.key() == "ASIA1"
    assert world.count("/latest/api/token") == 1
    world.identity.life_s = 6 * HOUR
    world.advance(10 * 60)
    assert hand.key() == "ASIA1"
    hand.until_key("ASIA2")


def test_a_machine_that_falls_silent_takes_nothing_away(world):
    hand = world.machine()
    assert hand.key() == "ASIA1"
    world.identity.faults["metadata_token"] = [(503, "")] * 100
    world.advance(2 * HOUR)
    hand.until_error("HTTP 503")
    assert hand.key() == "ASIA1"
    world.identity.faults.clear()
    world.advance(60)
    hand.until_key("ASIA2")


def test_a_machine_that_is_not_there_is_told_with_all_that_was_tried(world):
    hand = world.hand(AWS_EC2_METADATA_DISABLED=None,
                      AWS_EC2_METADATA_SERVICE_ENDPOINT="http://127.0.0.1:1")
    error = hand.error()
    for words in ("no credentials", "AWS_ACCESS_KEY_ID is not set", ".aws/config",
                  "http://127.0.0.1:1"):
        assert words in error


# ---- one look for all, without being asked ----

def test_credentials_are_renewed_without_being_asked_for(world):
    world.identity.life_s = 2
    hand = world.container()
    assert hand.key() == "ASIA1"
    assert hand.key() == "ASIA1"        # somebody uses them
    end = time.monotonic() + 120
    while world.count("/v2/credentials/x") < 2:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_many_who_ask_at_once_are_one_question(world):
    hand = world.container()
    hand.process.stdin.write("get\n" * 50)
    hand.process.stdin.flush()
    keys = {json.loads(hand.process.stdout.readline())["key_id"] for _ in range(50)}
    assert keys == {"ASIA1"} and world.count("/v2/credentials/x") == 1


def test_what_aws_refuses_is_not_asked_for_in_a_rush(world):
    hand = world.container()
    assert hand.key() == "ASIA1"
    for _ in range(20):
        hand.say("distrust")
        assert hand.key() == "ASIA1"
    assert world.count("/v2/credentials/x") == 1
    for number, gap_s in enumerate((6, 11, 21, 41, 81, 161, 301, 301), 2):
        world.advance(gap_s - 3)
        assert hand.key() == f"ASIA{number - 1}", gap_s
        world.advance(3)
        assert hand.key() == f"ASIA{number}", "a policy is not mended by asking on and on"
        hand.say("distrust")


def test_closing_in_the_middle_of_everything_leaves_nothing(world):
    """The tool ends with status 0 only when its loop is empty; sanitizers look for the rest."""
    world.identity.faults = {"metadata_token": ["hang"], "sts": ["hang"] * 2,
                             "container": ["hang"]}
    hands = [world.machine(), world.web(), world.container(),
             process(world, "exec sleep 1000\n")]
    for hand in hands:
        for words in ("get", f"get {OTHER}"):
            hand.process.stdin.write(words + "\n")
        hand.process.stdin.flush()
    world.shared("[default]\n" + KEYS)
    last = world.hand()
    last.process.stdin.write(f"get {OTHER}\nget\n")
    last.process.stdin.flush()
    end = time.monotonic() + 120
    while len(world.identity.requests) < 4:
        assert time.monotonic() < end
        time.sleep(0.02)
    world.stop()
    world.server = Server(world.identity)


ADDRESSES = {"machine": {}, "machine over IPv6": {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"},
             "ECS": {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"},
             "EKS": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"},
             "EKS over IPv6": {
                 "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://[fd00:ec2::23]/v1/credentials"},
             **{f"STS of {region}": {
                 "AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/token", "AWS_ROLE_ARN": ARN,
                 "AWS_REGION": region, "AWS_CA_BUNDLE": "HOME/tls/ca.pem"}
                for region in ("eu-central-1", "cn-north-1")}}


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces of its own take root")
def test_the_addresses_of_aws_are_asked_when_nothing_says_otherwise(tmp_path):
    """In a namespace in which this machine has those addresses and names, and a proxy is named."""
    done = subprocess.run(
        ["unshare", "--net", "--mount", "/usr/bin/python3",
         Path(__file__).with_name("aws_addresses.py"), json.dumps(ADDRESSES), tmp_path],
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "machine": ["169.254.169.254"] * 3, "machine over IPv6": ["fd00:ec2::254"] * 3,
        "ECS": ["169.254.170.2"], "EKS": ["169.254.170.23"], "EKS over IPv6": ["fd00:ec2::23"],
        "STS of eu-central-1": ["sts.eu-central-1.amazonaws.com"],
        "STS of cn-north-1": ["sts.cn-north-1.amazonaws.com.cn"]}
