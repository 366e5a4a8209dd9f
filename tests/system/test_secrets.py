# SPDX-License-Identifier: Apache-2.0
"""S-25: no byte of a secret gets out. Daemons with canaries for secrets live through a failover in
which sinks and callers fail too; then all that they wrote, said and sent is searched for them."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import sqlite3
import subprocess
import urllib.parse
from pathlib import Path

import pytest
from operators import (EAST, GROUP, TIMING, TOKEN, WORDS, CleanStage, ask, order, start)
from stage import BUILD, PROBES, SERVICES, ZONE, StageError
from labctl import SECRET_KEY       # the stage knows where that is

PASSWORD = "canary-of-the-mailbox-5f0c9d"
SIGNING = "canary-of-the-webhook-77e1b2"
SECRETS = {"token": TOKEN, "password": PASSWORD, "signing": SIGNING, "aws": SECRET_KEY,
           **{f"word-{region}": word for region, word in WORDS.items()}}
VANTAGES = ("aws/us-east-1", "aws/us-west-2", "hetzner/fra1")
BEARER = {"Authorization": f"Bearer {TOKEN}"}


# ---- looking ----

def base64_cores(secret):
    """What base64 makes of it wherever it begins in a text: without the characters at both ends
    that its neighbours have a part in."""
    for shift, shared in ((0, 0), (1, 2), (2, 3)):
        whole = (shift + len(secret)) * 8 // 6
        core = base64.b64encode(bytes(shift) + secret)[shared:whole]
        yield core
        yield core.replace(b"+", b"-").replace(b"/", b"_")


def disguises(text):
    """(how it is written, the bytes, whether upper and lower case are one)."""
    secret = text.encode()
    yield "plain", secret.lower(), True
    yield "in a URL", urllib.parse.quote(text, safe="").encode().lower(), True
    yield "in JSON", text.replace("/", "\\/").encode().lower(), True
    yield "hex", secret.hex().encode(), True
    for core in base64_cores(secret):
        yield "base64", core, False


def leaks(places, name):
    """Where a secret is, of {place: bytes}."""
    found = []
    for place, data in places.items():
        lower = data.lower()
        hows = [how for how, canary, fold in disguises(SECRETS[name])
                if canary in (lower if fold else data)]
        if hows:
            found.append(f"{name}, {hows[0]}, in {place}")
    return found


def rows_of(database, scratch):
    """All rows as SQL, with what is in the -wal and what is broken up over pages."""
    copy = scratch / "copy.db"
    for suffix in ("", "-wal"):
        copy.with_name(f"copy.db{suffix}").unlink(missing_ok=True)
        if Path(f"{database}{suffix}").exists():
            shutil.copy(f"{database}{suffix}", f"{copy}{suffix}")
    db = sqlite3.connect(copy)
    text = "\n".join(db.iterdump())
    db.close()
    return text.encode()


def files_of(folder, scratch, when):
    """{place: bytes} of every file, but those that hold the secrets because they must."""
    places = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and not path.name.startswith("secret-"):
            name = f"{path.relative_to(folder)} ({when})"
            places[name] = path.read_bytes()
            if path.suffix == ".db":
                places[f"rows of {name}"] = rows_of(path, scratch)
    return places


# ---- a life with canaries ----

class CanaryStage(CleanStage):
    """Beacons, orders over TCP, a mailbox that wants a login over TLS, a webhook that is signed;
    the keys of AWS from a program, which says what it was given (more sources of credentials, and
    that none of them leaks: test_credentials.py)."""

    def daemon_env(self):
        keys = self.lab.credentials_env()
        env = {name: value for name, value in super().daemon_env().items() if name not in keys}
        document = self.folder / "secret-aws"
        document.write_text(json.dumps({
            "Version": 1, "AccessKeyId": keys["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": keys["AWS_SECRET_ACCESS_KEY"]}))
        tool = self.folder / "keys-tool"
        tool.write_text(f'#!/bin/sh\nenv >> "{self.folder}/process-env"\n'
                        f'echo "$@" >> "{self.folder}/process-env"\ncat "{document}"\n')
        tool.chmod(0o700)
        config = self.folder / "aws-config"
        config.write_text(f'[default]\ncredential_process = "{tool}" words\n')
        return dict(env, AWS_CONFIG_FILE=str(config))

    def start_mailbox(self):
        super().start_mailbox()
        for name, text in {"token": TOKEN, "signing": SIGNING, **WORDS}.items():
            path = self.folder / f"secret-{name}"
            path.write_text(text + "\n")
            path.chmod(0o600)
        words = ", ".join(f'{{ region = "{region}"; word = "file:{self.folder}/secret-{region}"; }}'
                          for region in WORDS)
        login = (f'host = "localhost"; port = {self.mail_ports["starttls"]}; tls = "starttls";\n'
                 f'        ca_file = "{self.folder}/cert.pem";\n'
                 '        user = "rs"; password = "env:MAILBOX_PASSWORD";')
        hook = ('{ type = "webhook"; '
                f'url = "http://127.0.0.1:{self.mail_ports["http"]}/hook";\n'
                f'      secret = "file:{self.folder}/secret-signing"; }}')
        self.more = [
            *((f'vantage = "{vantage}";',
               f'vantage = "{vantage}"; beacon = "http://192.0.2.{n}:80";', "checkers ask there")
              for n, vantage in enumerate(VANTAGES, 1)),
            (r'(?<=control\.sock";)', f'\n    token = "file:{self.folder}/secret-token";',
             "orders over TCP"),
            (r"beacons = false;", f"beacons = true; beacon_words = ( {words} );", "beacons"),
            (r'host = "127\.0\.0\.1";\s+port = \d+;\s+tls = "none";', login, "a login"),
            (r'(?<=to = \( "oncall@example\.com" \);\n    \})', f",\n    {hook}", "a webhook")]

    def received(self, kind):
        """What the mailbox and the webhook were sent."""
        said = [json.loads(line.text) for line in self.programs["mailbox"].lines]
        return [one for one in said if one.get("kind") == kind]

    def run(self, *arguments, **more):
        """A program's whole output; it must not fail."""
        done = subprocess.run([str(part) for part in arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=120, check=False,
                              env=dict(self.daemon_env(), **more))
        if done.returncode not in (0, 2):
            raise StageError(f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr


def answers(stage):
    """Every path that is read, over both transports; the beacons are to be read for their words."""
    text = json.loads(ask(stage, "GET", "/api/v1/status")[2])
    incidents = [one["id"] for one in text["incidents"]]
    paths = ["/healthz", "/readyz", "/metrics", "/api/v1/status", f"/api/v1/explain/{GROUP}",
             f"/api/v1/plan?down={EAST}", "/api/v1/history", "/api/v1/init", "/nowhere",
             "/api/v1/ready", "/api/v1/health-checks",
             *(f"/api/v1/incident/{one}" for one in incidents)]
    assert incidents, "the failover is an incident"
    places = {}
    for probe in PROBES:
        for tcp in (False, True):
            for path in paths:
                _, headers, body = ask(stage, "GET", path, None, BEARER, tcp, probe)
                places[f"{path} of {probe}{' over TCP' * tcp}"] = f"{headers}\n{body}".encode()
    return places


def processes(stage):
    places = {}
    for probe in PROBES:
        process = Path("/proc") / str(stage.programs[probe].process.pid)
        for name in ("cmdline", "comm"):
            places[f"{name} of {probe}"] = (process / name).read_bytes()
        children = b"".join(path.read_bytes() for path in process.glob("task/*/children"))
        assert children == b"", "a program that was run for its keys has ended"
        assert re.search(r"Max core file size +0 +0 ", (process / "limits").read_text())
    return places


def health_checks(stage):
    """What `init --health-checks` shows: health checks whose search strings are the words."""
    done = stage.run(BUILD / "regionshift", "-c", stage.conf("use1"), "init", "--health-checks")
    assert b"8 to make" in done, done
    return done


def printed(stage, folder):
    """What the programs print of settings in which there are secrets."""
    conf = stage.conf("use1")
    daemon, command = BUILD / "regionshiftd", BUILD / "regionshift"
    inline = folder / "inline.conf"         # the secrets themselves, where references must be
    inline.write_text(re.sub(r'"file:\S*/secret-(?:token|signing)"', f'"{TOKEN}"', re.sub(
        r'"env:\w+"', f'"{PASSWORD}"', conf.read_text())))
    broken = folder / "broken.conf"         # a secret that is refused for what it holds
    (folder / "two-lines").write_text(f"{TOKEN}\n{SIGNING}\n")
    (folder / "two-lines").chmod(0o600)
    broken.write_text(conf.read_text().replace(f"{stage.folder}/secret-token",
                                               str(folder / "two-lines")))
    scenario = folder / "dead.scn"
    scenario.write_text("scenario dead\nat 10 site primary refuse\nexpect 0..2m shift\n")
    own = ("--probe", "use1")
    places = {
        "regionshiftd -t": stage.run(daemon, "-c", conf, "-t", *own),
        "regionshiftd --dump-config": stage.run(daemon, "-c", conf, "--dump-config", *own),
        "regionshiftd -t with secrets inline": stage.run(daemon, "-c", inline, "-t", *own),
        "regionshiftd -t with a secret of two lines": stage.run(daemon, "-c", broken, "-t", *own),
        "simulate --trace": stage.run(command, "-c", conf, "simulate", "--scenario", scenario,
                                      "--trace"),
        "freeze over TCP": stage.run(command, "-s", f"http://{stage.http('fra')}", "freeze",
                                     "--yes", "--reason", "canary",
                                     REGIONSHIFT_TOKEN_FILE=stage.folder / "secret-token"),
        "ready": stage.ctl("ready", check=False).stdout.encode(),
        "init --health-checks": health_checks(stage),
        "alert-test": stage.ctl("alert-test", check=False).stdout.encode()}
    assert b"holds a control character" in places["regionshiftd -t with a secret of two lines"]
    assert places["regionshiftd -t with secrets inline"].count(b"env:NAME") >= 1
    assert b"committed group=" in places["simulate --trace"]
    return places


def recordings(stage):
    """Every recording, inflated."""
    places = {}
    for probe in PROBES:
        history = stage.folder / probe / "history.db"
        exported = stage.run(BUILD / "regionshift", "replay", history, "--export")
        assert re.search(rb'"fact head [^"]*epoch=2', exported), "the failover is in it"
        places[f"recording of {probe}"] = exported
    return places


def beacon(stage, probe):
    return ask(stage, "GET", f"/beacon/{GROUP}/{EAST}", tcp=True, probe=probe)


def fail_over(stage):
    """With sinks that take nothing, so that the alerts stay in the spool, and with orders of people
    who know the token and of some who do not."""
    stage.mailbox_command("mail refuse 1000 451 4.3.0 later")
    stage.mailbox_command("http refuse 1000 503")
    replies = [order(stage, True, {"Authorization": f"Bearer {token}"}, verb=verb, reason="canary")
               for verb, token in (("freeze", TOKEN), ("thaw", TOKEN), ("freeze", TOKEN[:-1]),
                                   ("freeze", f"{TOKEN[::-1]}x"), ("freeze", ""))]
    assert [reply[0] for reply in replies] == [200, 200, 403, 403, 403]
    stage.replies = json.dumps(replies).encode()
    stage.kill_site("factory", EAST)
    stage.wait_until("all moved", lambda: all(
        stage.lab.weights(f"{service}.example.com")[f"{service}-{EAST}"] == 0
        for service in SERVICES), 30)
    for probe in PROBES:
        stage.wait_log(30, probes=(probe,), fact="head", epoch=2)
    stage.wait_until("an alert waits", lambda: any(
        any((stage.folder / probe / "spool" / "alerts").iterdir()) for probe in PROBES), 20)
    stage.wait_until("both sinks refused", lambda: {
        one["by"] for one in stage.received("refused")} == {"mail", "http"}, 30)


# One stage for all, in the order of the file: so on one worker.
pytestmark = pytest.mark.xdist_group("secrets")


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """The stage as it stood after the failover, with `places`: all that was written and said."""
    scratch = tmp_path_factory.mktemp("scratch")
    os.environ["MAILBOX_PASSWORD"] = PASSWORD       # the mailbox's, and the daemons' (env:)
    try:
        with CanaryStage(timing=TIMING, lab_options=["--rate", "0"],
                         folder=tmp_path_factory.mktemp("stage")) as stage:
            start(stage)
            planned = stage.ctl("plan", "--down", EAST, "--xml").stdout.encode()
            fail_over(stage)
            stage.beacons = {probe: beacon(stage, probe) for probe in PROBES}
            places = {"replies to orders": stage.replies, "plan --xml": planned, **processes(stage),
                      **files_of(stage.folder, scratch, "alerts waiting")}
            stage.mailbox_command("mail refuse 0 -")
            stage.mailbox_command("http refuse 0 -")
            places.update({**printed(stage, scratch), **answers(stage)})
            stage.wait_until("mail and webhook", lambda: stage.received("mail") and
                             stage.received("hook"), 60)
            logs = {f"log of {probe}": stage.programs[probe] for probe in PROBES}
            places.update(recordings(stage))
            for probe in PROBES:
                assert stage.stop_daemon(probe) == 0
            places.update(files_of(stage.folder, scratch, "stopped"))
            for name, program in [*logs.items(), ("alerts sent", stage.programs["mailbox"])]:
                places[name] = "\n".join(line.text for line in program.lines).encode()
            stage.places = places
            stage.alerts = {kind: stage.received(kind) for kind in ("mail", "hook")}
            yield stage
    finally:
        del os.environ["MAILBOX_PASSWORD"]


# ---- what must be so ----

@pytest.mark.parametrize("name", SECRETS)
def test_no_byte_of_a_secret_gets_out(life, name):
    assert leaks(life.places, name) == []


def test_the_canaries_are_the_secrets_that_were_used(life):
    for status, _, text in life.beacons.values():
        assert (status, text.strip()) == (200, WORDS[EAST])
    assert all(mail["user"] == "rs" and mail["tls"] for mail in life.alerts["mail"])
    for hook in life.alerts["hook"]:
        signed = hmac.new(SIGNING.encode(), hook["data"].encode(), hashlib.sha256).hexdigest()
        assert hook["headers"]["x-regionshift-signature"] == f"sha256={signed}"
    assert b"words" in life.places["process-env (stopped)"], "the keys came from the program"
    accepted = [entry for entry in life.lab.log() if entry["verdict"] == "accepted"]
    assert len(accepted) >= 2, "the laboratory checks the signature of AWS"


def test_everything_that_could_leak_was_looked_at(life):
    names = "\n".join(life.places)
    for wanted in ("store/store.db (", "rows of store/store.db (", "route53.log (",
                   *(f"{probe}/{name} (alerts waiting)" for probe in PROBES
                     for name in ("history.db", "history.db-wal", "spool/latches.json")),
                   *(f"{what} of {probe}" for probe in PROBES
                     for what in ("cmdline", "log", "recording", "/metrics", "/api/v1/status",
                                  f"/api/v1/explain/{GROUP}", "/api/v1/ready",
                                  "/api/v1/health-checks")),
                   "spool/alerts/", "process-env (", "spool/epochs.json", "alerts sent",
                   "simulate --trace", "plan --xml", "init --health-checks"):
        assert wanted in names, wanted
    for place in ("recording of use1", "log of use1", "/api/v1/status of use1"):
        assert GROUP.encode() in life.places[place], place
    assert f'"{EAST}":2'.encode() in life.places["use1/spool/latches.json (stopped)"].replace(
        b" ", b"")
    assert ZONE.encode() in life.places["regionshiftd --dump-config"]


def row(data):
    db = sqlite3.connect(data / "a.db")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE t (filler TEXT, line BLOB)")
    db.execute("INSERT INTO t VALUES (?, ?)", ("x" * 4060, SECRETS["token"].encode()))
    db.commit()
    db.close()


PLANTS = {
    "plain": lambda secret: secret.encode(),
    "shouted": lambda secret: secret.upper().encode(),
    "hex": lambda secret: secret.encode().hex().encode(),
    "HEX": lambda secret: secret.encode().hex().upper().encode(),
    "url": lambda secret: urllib.parse.quote_plus(secret).encode(),
    "json": lambda secret: json.dumps(secret).replace("/", "\\/").encode(),
    **{f"base64 after {n}": lambda secret, n=n: base64.b64encode(b"x" * n + secret.encode() + b"y")
       for n in range(4)},
    "base64url": lambda secret: base64.urlsafe_b64encode(b"\0rs\0" + secret.encode()),
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("plant", PLANTS)
def test_a_leak_is_found_however_it_is_written(name, plant):
    data = b"msg=\"before " + PLANTS[plant](SECRETS[name]) + b" after\""
    assert leaks({"log": data}, name)
    assert not any(leaks({"log": data}, other) for other in SECRETS if other != name)


def test_a_leak_is_found_in_a_row_that_is_broken_up_over_pages(tmp_path):
    stage, scratch = tmp_path / "stage", tmp_path / "scratch"
    stage.mkdir()
    scratch.mkdir()
    (stage / "secret-token").write_text(TOKEN)
    row(stage)
    places = files_of(stage, scratch, "now")
    assert "secret-token (now)" not in places
    assert "token, hex, in rows of a.db (now)" in leaks(places, "token")
