# SPDX-License-Identifier: Apache-2.0
"""botocore as the referee: in the same environment, with the same files, its chain and ours come to
the same credentials, or both to none. Where we differ on purpose, it is said here and why."""

import os
import random

import botocore.session
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from identity import ARN, Hand, Identity, Server

CASES = 200
MIDDLE = "arn:aws:iam::123456789012:role/middle"
WEB = "arn:aws:iam::123456789012:role/web"


def keys(name):
    return f"aws_access_key_id = AKIA{name}\naws_secret_access_key = {name.lower()}-secret\n"


# What a profile may say, with its weight.
PARTS = [("", 4), (keys("BASE"), 3), (keys("OTHER"), 2), ("region = eu-west-1\n", 2),
         (f"role_arn = {ARN}\nsource_profile = base\n", 3),
         (f"role_arn = {ARN}\nsource_profile = middle\nexternal_id = e/1\n", 2),
         (f"role_arn = {MIDDLE}\nsource_profile = base\n", 2),
         (f"role_arn = {MIDDLE}\nsource_profile = default\n", 1),
         (f"role_arn = {ARN}\ncredential_source = Environment\n", 1),
         (f"role_arn = {ARN}\ncredential_source = EcsContainer\n", 1),
         (f"role_arn = {ARN}\ncredential_source = Ec2InstanceMetadata\n", 1),
         (f"role_arn = {ARN}\n", 1),
         (f"role_arn = {WEB}\nweb_identity_token_file = HOME/token\n", 2),
         ("credential_process = HOME/tool one 'two words'\n", 3),
         ("credential_process = HOME/broken\n", 1)]
VARIABLES = [({}, 6), ({"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env-secret"}, 3),
             ({"AWS_ACCESS_KEY_ID": "AKIAENV"}, 1),
             ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, 1),
             ({"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/token", "AWS_ROLE_ARN": WEB}, 2),
             ({"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/nothing", "AWS_ROLE_ARN": WEB}, 1),
             ({"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/token"}, 1)]
SURROUNDINGS = [({}, 4), ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "URL/v2/credentials/x"}, 3),
                ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "URL/v2/credentials/x",
                  "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token"}, 2),
                ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "URL/nowhere"}, 1),
                ({"AWS_EC2_METADATA_DISABLED": "true"}, 3)]
PROFILES = [({}, 5), ({"AWS_PROFILE": "middle"}, 2), ({"AWS_DEFAULT_PROFILE": "middle"}, 1),
            ({"AWS_PROFILE": "missing"}, 1)]


def draw(dice, table):
    return dice.choices([one for one, _ in table], [weight for _, weight in table])[0]


def fill(text, folder, url):
    return text.replace("HOME", str(folder)).replace("URL", url)


class Case:
    def __init__(self, dice, folder, url):
        self.env = {**draw(dice, VARIABLES), **draw(dice, SURROUNDINGS), **draw(dice, PROFILES)}
        self.settings = draw(dice, [("", 5), ("middle", 1), ("missing", 1)])
        self.env = {name: fill(value, folder, url) for name, value in self.env.items()}
        self.env.update(HOME=str(folder), AWS_EC2_METADATA_SERVICE_ENDPOINT=url + "/",
                        AWS_CONFIG_FILE=str(folder / "config"), AWS_ENDPOINT_URL_STS=url,
                        AWS_SHARED_CREDENTIALS_FILE=str(folder / "credentials"))
        self.shared = self.config = ""
        for name in ("default", "middle", "base"):
            section = name if name == "default" else f"profile {name}"
            self.shared += dice.choice(["", f"[{name}]\n{fill(draw(dice, PARTS), folder, url)}"])
            self.config += dice.choice(["", f"[{section}]\n{fill(draw(dice, PARTS), folder, url)}"])

    def write(self, folder):
        (folder / "config").write_text(self.config)
        (folder / "credentials").write_text(self.shared)

    def differs(self):
        """Why we go another way than botocore, on purpose."""
        wanted = self.env.get("AWS_PROFILE") or self.env.get("AWS_DEFAULT_PROFILE")
        is_there = f"[{wanted}]" in self.shared or f"[profile {wanted}]" in self.config
        if wanted and not is_there and not self.settings and self.env.get("AWS_ACCESS_KEY_ID"):
            return "keys of the environment count, though a variable names a profile in vain"
        return None

    def __str__(self):
        return f"{self.env}\nprofile={self.settings}\n{self.shared}--\n{self.config}"


def of_botocore(case, monkeypatch):
    """The key id, or None."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in case.env.items():
        monkeypatch.setenv(name, value)
    session = botocore.session.Session(profile=case.settings or None)
    create = session.create_client
    session.create_client = lambda service, *more, **options: create(
        service, *more, **{**options, "region_name": "us-east-1",
                           "endpoint_url": case.env["AWS_ENDPOINT_URL_STS"]})
    try:
        found = session.get_credentials()
        return None if found is None else found.get_frozen_credentials().access_key
    except (BotoCoreError, ClientError, OSError):
        return None


@pytest.fixture(name="lab", scope="module")
def start_lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    identity = Identity()
    identity.named_by_way = True
    identity.keys.update({f"AKIA{name}": (f"{name.lower()}-secret", "")
                          for name in ("BASE", "OTHER", "ENV")})
    (folder / "token").write_text("web-token-1")
    for name, text in (("tool", 'test "$#$2" = "2two words" && echo \'{"Version":1,'
                        '"AccessKeyId":"AKIAPROC","SecretAccessKey":"proc-secret"}\''),
                       ("broken", "exit 1")):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o700)
    identity.keys["AKIAPROC"] = ("proc-secret", "")
    server = Server(identity)
    yield folder, f"http://127.0.0.1:{server.port}", identity
    server.stop()


def of_ours(case):
    hand = Hand(case.env, case.settings)
    found = hand.get()
    hand.stop()
    return found["key_id"], found["error"]


@pytest.mark.parametrize("seed", range(10))
def test_botocore_and_we_come_to_the_same_credentials(lab, monkeypatch, seed):
    folder, url, _ = lab
    monkeypatch.setattr("time.sleep", lambda _: None)       # botocore waits between attempts
    dice = random.Random(seed)
    ways = set()
    for _ in range(CASES // 10):
        case = Case(dice, folder, url)
        case.write(folder)
        theirs = of_botocore(case, monkeypatch)
        ours, error = of_ours(case)
        ways.add(theirs)
        if case.differs() is None:
            assert ours == theirs, f"{case}\nours: {ours} {error}\ntheirs: {theirs}"
    assert len(ways) > 2, "the draws reach several sources"


def test_where_we_differ_it_is_on_purpose(lab, monkeypatch):
    folder, url, _ = lab
    dice = random.Random(0)
    case = Case(dice, folder, url)
    case.settings, case.shared, case.config = "", f"[default]\n{keys('BASE')}", ""
    base = {name: value for name, value in case.env.items()
            if name in ("HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
                        "AWS_ENDPOINT_URL_STS", "AWS_EC2_METADATA_SERVICE_ENDPOINT")}
    case.write(folder)
    case.env = {**base, "AWS_SECRET_ACCESS_KEY": "half"}    # half a pair: they look further
    assert of_botocore(case, monkeypatch) == "AKIABASE"
    assert of_ours(case)[0] is None
    case.env = {**base, "AWS_PROFILE": "missing", "AWS_ACCESS_KEY_ID": "AKIAENV",
                "AWS_SECRET_ACCESS_KEY": "s"}
    assert of_botocore(case, monkeypatch) is None
    assert of_ours(case)[0] == "AKIAENV"
    case.shared += f"[one]\n{keys('ONE')}[two]\n{keys('TWO')}"
    case.write(folder)
    case.env = {**base, "AWS_PROFILE": "one", "AWS_DEFAULT_PROFILE": "two"}
    assert of_botocore(case, monkeypatch) == "AKIATWO"      # the CLI and other SDKs: one
    assert of_ours(case)[0] == "AKIAONE"
