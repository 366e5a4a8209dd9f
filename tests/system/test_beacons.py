# SPDX-License-Identifier: Apache-2.0
"""The second way to move traffic: Route 53's own health checkers read the beacons (B1, B2). The
checkers of the laboratory really ask, over HTTP, and its DNS answers follow them."""

import json
import re
import signal
import socket
import subprocess
import time

import pytest
from operators import EAST, GROUP, WEST, ask, make_stage, ready
from programs import BUILD, TOP, faketime_env, free_port
from stage import PROBES, REGIONS, SERVICES

SPEED = 10  # of the laboratory's checkers: 10 s become 1 s
NEXT = {EAST: "evict-east-next-1", WEST: "evict-west-next-2"}


class Beacons:
    """A stage whose three probes serve beacons on addresses of their own."""

    def __init__(self, folder, speed=SPEED, options=()):
        self.stage = make_stage(folder, beacons=True)
        self.stage.lab_options += ("--checker-speed", str(speed), *options)
        # `init --health-checks` has half the checkers' pace, so that they change their minds before
        # its eyes as at 1 and 1, and it gives up no sooner than a slow machine needs.
        self.pace = max(speed / 2, 1)
        self.stage.more.append((r"aws = \{", "aws = {\n    timeout = 30;", "6 s at that pace"))
        self.ports = {probe: free_port(self.stage.probe_address(probe)) for probe in PROBES}
        for probe, vantage in zip(PROBES, ("aws/us-east-1", "aws/us-west-2", "hetzner/fra1")):
            self.stage.more.append((
                rf'vantage = "{vantage}";', f'vantage = "{vantage}"; beacon = "http://'
                f'{self.place(probe)}";', "where checkers reach it"))
        own = self.stage.own_section
        self.stage.own_section = lambda probe, text: re.sub(
            r"(http = \{)", rf'\1\n    beacons = "{self.place(probe)}";', own(probe, text), count=1)

    def place(self, probe):
        return f"{self.stage.probe_address(probe)}:{self.ports[probe]}"

    def start(self):
        self.stage.start()
        for probe in PROBES:
            self.stage.wait_until(f"{probe} answers", lambda p=probe: ready(self.stage, p), 20)
        self.stage.settle()
        return self

    def init(self, *options, probe="use1", check=True, pace=None, conf=None):
        done = subprocess.run(
            [str(BUILD / "regionshift"), "-c", str(conf or self.stage.conf(probe)), "init",
             "--health-checks", *options], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=240, check=False,
            env=self.quick_env(pace))
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def quick_env(self, pace=None):
        """For the command: a clock that runs so many times as fast."""
        quick = faketime_env(f"+0 x{pace or self.pace:g}", monotonic=True)
        return dict(self.stage.daemon_env(), **quick)

    def listing(self):
        return json.loads(self.init("--json").stdout)

    def word(self, probe, region, group=GROUP, path=None):
        """(status, text) as a checker would see it."""
        host, _, port = self.place(probe).rpartition(":")
        done = subprocess.run(
            ["curl", "-s", "--noproxy", "*", "-m", "5", "-w", "\n%{http_code}",
             f"http://{host}:{port}{path or f'/beacon/{group}/{region}'}"],
            capture_output=True, text=True, timeout=60, check=False)
        text, _, status = done.stdout.rpartition("\n")
        return int(status or 0), text

    def lit(self, region):
        return sum(self.word(probe, region)[0] == 200 for probe in PROBES)

    def answers(self, name="pizza.example.com"):
        """The region that DNS answers with, for each of 20 questions."""
        regions = {self.stage.address("pizza", region): region for region in REGIONS}
        return {regions[address] for address in self.stage.dig(name)}

    def fence(self):
        return int(re.search(r"epoch=(\d+)", self.stage.lab.fences()[GROUP]).group(1))

    def weights(self):
        records = self.stage.lab.call("GET", "/zone/example.com")["records"]
        return {record["SetIdentifier"]: record["Weight"] for record in records
                if "Weight" in record}

    def health_of(self):
        records = self.stage.lab.call("GET", "/zone/example.com")["records"]
        return {record["SetIdentifier"]: record.get("HealthCheckId") for record in records
                if "Weight" in record}


# One stage for all, in the order of the file: so on one worker.
pytestmark = pytest.mark.xdist_group("beacons")


@pytest.fixture(scope="module")
def beacons(tmp_path_factory):
    made = Beacons(tmp_path_factory.mktemp("beacons"))
    with made.stage:
        yield made.start()


@pytest.fixture
def attached(beacons):
    """The same, with health checks that are as they ought to be, whichever test comes first."""
    if None in beacons.health_of().values() or any(
            check["step"] != "keep" for check in beacons.listing()["checks"]):
        beacons.init("--yes")
    return beacons


@pytest.fixture
def fresh(tmp_path):
    made = Beacons(tmp_path)
    with made.stage:
        yield made.start()


# ---- init --health-checks ----

def test_it_is_shown_with_its_cost_and_nothing_is_written(beacons):
    shown = beacons.init()
    assert "8 health checks: 8 to make" in shown.stdout
    assert "about $20.50 a month" in shown.stdout, shown.stdout
    assert "nothing was written" in shown.stdout
    assert "evict-" not in shown.stdout + shown.stderr, "the words are secrets"
    assert beacons.stage.lab.checks() == []


def test_then_it_is_made_and_attached_and_a_second_run_has_nothing_to_do(beacons):
    before = beacons.fence()
    done = json.loads(beacons.init("--yes", "--json").stdout)
    assert done["done"] and done["made"] == 8 and done["attached_groups"] == 1
    checks = {check["id"]: check for check in beacons.stage.lab.checks()}
    parents = {check["region"]: check["id"] for check in done["checks"] if check["probe"] is None}
    for region in REGIONS:
        config = checks[parents[region]]["config"]
        assert config["Inverted"] and config["HealthThreshold"] == 2
        assert len(config["ChildHealthChecks"]) == 3
        assert checks[parents[region]]["healthy"]
    assert beacons.health_of() == {f"{service}-{region}": parents[region]
                                   for service in SERVICES for region in REGIONS}
    tags = [check["tags"] for check in checks.values()]
    assert all("regionshift:group" in str(tag) for tag in tags)
    assert beacons.fence() == before + 1, "attaching has an epoch of its own"
    again = json.loads(beacons.init("--yes", "--json").stdout)
    assert again["done"]
    assert (again["made"], again["updated"], again["attached_groups"]) == (0, 0, 0)
    assert beacons.fence() == before + 1
    assert beacons.answers() == {EAST}


def test_what_somebody_changed_is_named_and_put_right(attached):
    parent = next(check for check in attached.listing()["checks"] if check["probe"] is None)
    child = next(check for check in attached.listing()["checks"] if check["probe"] == "fra")
    aws(attached, "update-health-check", "--health-check-id", parent["id"],
        "--health-threshold", "3")
    aws(attached, "update-health-check", "--health-check-id", child["id"],
        "--search-string", "other")
    shown = attached.init().stdout
    assert "HealthThreshold 3, not 2" in shown and "SearchString" in shown
    done = json.loads(attached.init("--yes", "--json").stdout)
    assert (done["made"], done["updated"]) == (0, 2)
    assert all(check["step"] == "keep" for check in attached.listing()["checks"])


def test_a_check_that_was_deleted_is_made_again_under_another_reference(attached):
    child = next(check for check in attached.listing()["checks"] if check["probe"] == "use1")
    aws(attached, "delete-health-check", "--health-check-id", child["id"])
    done = json.loads(attached.init("--yes", "--json").stdout)
    assert done["made"] == 1 and done["updated"] == 1, "the child, and its parent's list"
    assert all(check["step"] == "keep" for check in attached.listing()["checks"])


def test_somebody_elses_checks_are_left_alone(attached):
    aws(attached, "create-health-check", "--caller-reference", "theirs", "--health-check-config",
        "Type=HTTP,IPAddress=127.0.0.1,Port=80,ResourcePath=/")
    listing = attached.listing()
    assert listing["account_has"] == 9 and listing["left_over"] == []
    attached.init("--yes")
    assert any(check["reference"] == "theirs" for check in attached.stage.lab.checks())


def test_of_groups_without_beacons_any_more_what_is_left_is_named_and_stays(attached, tmp_path):
    conf = tmp_path / "without.conf"
    conf.write_text(re.sub(r"beacons = true; beacon_words = \(.*\);", "beacons = false;",
                           attached.stage.conf("use1").read_text()))
    ours = {check["id"] for check in attached.stage.lab.checks() if check["reference"] != "theirs"}
    told = json.loads(attached.init("--yes", "--json", conf=conf).stdout)
    assert set(told["left_over"]) == ours and told["checks"] == []
    shown = attached.init(conf=conf).stdout
    assert "nothing is to be made" in shown
    assert set(re.findall(r"--health-check-id (\S+)", shown)) == ours
    assert {check["id"] for check in attached.stage.lab.checks()} >= ours


def lines_of(beacons, name="health-checks"):
    """{region: line} of `regionshift ready`, once Route 53 has been looked at anew."""
    def found():
        said = json.loads(ask(beacons.stage, "GET", "/api/v1/ready")[2])
        return [line for line in said["lines"] if line["name"] == name]
    found()
    time.sleep(1)
    return {line["about"].split()[-1]: line for line in found()}


def test_ready_knows_the_health_checks_and_what_is_wrong_with_them(attached):
    attached.stage.wait_until("a whole look", lambda: all(
        line["state"] == "ok" for line in lines_of(attached).values()), 40)
    assert set(lines_of(attached)) == set(REGIONS)
    parent = next(check["id"] for check in attached.listing()["checks"]
                  if check["probe"] is None and check["region"] == EAST)
    aws(attached, "update-health-check", "--health-check-id", parent, "--no-inverted")
    attached.stage.wait_until("it is seen", lambda: lines_of(attached)[EAST]["state"] == "fail", 40)
    line = lines_of(attached)[EAST]
    assert "Inverted false, not true" in line["measured"]
    assert "regionshift init --health-checks" in line["advice"]
    assert lines_of(attached)[WEST]["state"] == "ok"
    attached.init("--yes")
    attached.stage.wait_until("all is well", lambda: lines_of(attached)[EAST]["state"] == "ok", 40)


def test_ready_says_of_the_beacons_what_is_lit_and_what_does_not_follow_them(fresh):
    stage = fresh.stage

    def says(state, measured):
        """Until the line of the daemon says so; the line."""
        return stage.wait_until(f"{state}: {measured}", lambda: next(
            (line for line in lines_of(fresh, "beacons").values()
             if line["state"] == state and line["measured"] == measured), None), 60)
    line = says("warn", "2 of 2 regions have a word, 0 lit; 4 record sets without a health check, "
                        f"as that of pizza/{EAST}")
    assert "regionshift init --health-checks" in line["advice"]
    fresh.init("--yes")
    says("ok", "2 of 2 regions have a word, 0 lit")
    stage.kill_site("factory", EAST)
    says("ok", "2 of 2 regions have a word, 1 lit")
    stage.start_site("factory", EAST)
    stage.wait_until("east may gain", lambda: stage.gate_open("gain", EAST), 60)
    stage.lab.fault("down")             # decided, and the zone does not show it
    stage.ctl("failback", GROUP, "--reason", "repaired")
    line = says("warn", f"2 of 2 regions have a word, 1 lit; {EAST} is lit though the zone gives "
                        "it weight")
    assert f"Route 53 keeps {EAST} away meanwhile (B1)" in line["advice"]
    stage.lab.heal()
    says("ok", "2 of 2 regions have a word, 0 lit")


def aws(beacons, *arguments):
    done = subprocess.run(
        ["aws", "--endpoint-url", beacons.stage.lab.endpoint, "--region", "us-east-1", "route53",
         *arguments], capture_output=True, text=True, timeout=60, check=False,
        env=beacons.stage.daemon_env())
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_is_good_and_costs_what_it_says(tmp_path):
    text = (TOP / "config" / "jwt-pizza-beacons.conf").read_text()
    for region in REGIONS:
        path = tmp_path / f"{region}.word"
        path.write_text(f"word-of-{region}")
        path.chmod(0o600)
    conf = tmp_path / "example.conf"
    conf.write_text(text.replace("/etc/regionshift", str(tmp_path)))
    done = subprocess.run([str(BUILD / "regionshiftd"), "-t", "-c", str(conf), "--probe", "use1"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "$20.50 a month" in text


# ---- the listener ----

def test_the_listener_for_beacons_serves_nothing_else(beacons):
    for path in ("/", "/healthz", "/metrics", "/api/v1/status", "/api/v1/orders", "/beacon/x"):
        assert beacons.word("use1", EAST, path=path) == (404, "")
    assert beacons.word("use1", EAST) == (404, "")


def test_it_answers_within_two_seconds_while_others_hold_connections(beacons):
    """300 connections from one address say nothing, others read the state: sixteen checkers ask."""
    host, _, port = beacons.place("use1").rpartition(":")
    held = []
    for _ in range(300):
        idle = socket.create_connection((host, int(port)), timeout=60)
        idle.sendall(b"GET /beacon/")
        held.append(idle)
    try:
        taken = []
        for number in range(16):
            with socket.socket() as checker:
                checker.settimeout(60)
                checker.bind((f"127.0.53.{100 + number}", 0))
                begun = time.monotonic()
                checker.connect((host, int(port)))
                checker.sendall(f"GET /beacon/{GROUP}/{EAST} HTTP/1.1\r\nHost: x\r\n"
                                "Connection: close\r\n\r\n".encode())
                assert checker.recv(64).startswith(b"HTTP/1.1 404")
                taken.append(time.monotonic() - begun)
            assert ask(beacons.stage, "GET", "/api/v1/status")[0] == 200
        assert sorted(taken)[len(taken) // 2] < 2, taken    # one may be held up by the machine
    finally:
        for idle in held:
            idle.close()


# ---- traffic moves by beacons alone ----

def test_beacons_move_traffic_while_the_write_api_is_away_and_weights_follow(fresh):
    stage = fresh.stage
    fresh.init("--yes")
    begun = fresh.fence()
    before = fresh.weights()
    stage.lab.fault("down")
    killed = stage.kill_site("factory", EAST)
    stage.wait_until("every probe says the word", lambda: fresh.lit(EAST) == 3, 30)
    assert fresh.lit(WEST) == 0
    stage.wait_until("DNS answers with the west", lambda: fresh.answers() == {WEST}, 60)
    print(f"by beacons: {time.monotonic() - killed:.1f} s, checkers {SPEED} times as fast")
    assert fresh.weights() == before and fresh.fence() == begun, "the zone was not written"
    assert stage.order_pizza()[0] == 200
    # every daemon dies, and the words stay
    for probe in PROBES:
        stage.programs[probe].send(signal.SIGKILL)
        stage.stop_daemon(probe)
    for probe in PROBES:
        stage.start_daemon(probe)
    stage.wait_until("they say it again", lambda: fresh.lit(EAST) == 3, 30)
    # the write API is back: weights follow, under the same epoch, and the words stay
    stage.lab.heal()
    stage.wait_until("the weights follow", lambda: fresh.weights() == {
        f"{service}-{region}": 100 * (region == WEST) for service in SERVICES
        for region in REGIONS}, 60)
    assert fresh.fence() == begun + 1
    state = json.loads(ask(stage, "GET", "/api/v1/health-checks")[2])["groups"][0]
    assert [region["epoch"] for region in state["regions"]] == [begun + 1, None]
    assert fresh.lit(EAST) == 3
    # the region comes back: first the weights, then the words, also of those who may not write
    stage.start_site("factory", EAST)
    stage.wait_until("east may gain", lambda: stage.gate_open("gain", EAST), 60)
    stage.ctl("failback", GROUP, "--reason", "repaired")
    stage.wait_until("east's weight is back", lambda: fresh.weights() == before, 60)
    stage.wait_until("all are silent", lambda: fresh.lit(EAST) == 0, 60)
    stage.wait_until("DNS answers with the east", lambda: fresh.answers() == {EAST}, 60)


def test_a_region_that_is_left_now_is_not_attached(fresh):
    stage = fresh.stage
    stage.kill_site("factory", EAST)
    stage.wait_until("the word is said", lambda: fresh.lit(EAST) == 3, 30)
    done = fresh.init("--yes", check=False, pace=SPEED)
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"the health check of {EAST} is unhealthy" in done.stderr
    assert set(fresh.health_of().values()) == {None}
    assert len(stage.lab.checks()) == 8, "they stay, for the next run"


def test_a_run_that_broke_off_anywhere_is_simply_run_again(fresh):
    """Killed after each of its first requests; replies lost, the account throttled."""
    lab = fresh.stage.lab
    for made in range(1, 5):
        run = subprocess.Popen(
            [str(BUILD / "regionshift"), "-c", str(fresh.stage.conf("use1")), "init",
             "--health-checks", "--yes", "--json"], stdout=subprocess.DEVNULL,
            env=fresh.stage.daemon_env())
        fresh.stage.wait_until("some are made", lambda n=made: len(lab.checks()) >= n, 30)
        run.kill()
        run.wait()
    lab.fault("lose-reply", operation="CreateHealthCheck", count=2)
    lab.fault("throttle", operation=["CreateHealthCheck", "ChangeTagsForResource"], count=2)
    fresh.init("--yes")
    checks = lab.checks()
    assert len(checks) == 8, "none was made twice"
    assert len({check["reference"] for check in checks}) == 8
    assert all("regionshift:group" in str(check["tags"]) for check in checks)
    assert set(fresh.health_of().values()) == {
        check["id"] for check in checks if check["type"] == "CALCULATED"}


def test_the_words_are_rotated_without_a_silent_moment(fresh):
    stage = fresh.stage
    fresh.init("--yes")
    refused = fresh.init("--rotate", "--yes", check=False)
    assert refused.returncode == 2 and "no region has a next word" in refused.stderr
    for region, word in NEXT.items():
        path = stage.folder / f"secret-next-{region}"
        path.write_text(word + "\n")
        path.chmod(0o600)
    for probe in PROBES:
        text = stage.conf(probe).read_text()
        for region in REGIONS:
            text = text.replace(f'secret-{region}"; }}', f'secret-{region}"; next = '
                                f'"file:{stage.folder}/secret-next-{region}"; }}')
        stage.conf(probe).write_text(text)
    early = fresh.init("--rotate", "--yes", check=False)
    assert early.returncode == 3 and "does not say the next word" in early.stderr
    for probe in PROBES:
        stage.programs[probe].send(signal.SIGHUP)
    stage.wait_until("all have it", lambda: all(
        json.loads(ask(stage, "GET", "/api/v1/health-checks", probe=probe)[2])["groups"][0]
        ["regions"][0]["words"] == 2 for probe in PROBES), 20)
    done = json.loads(fresh.init("--rotate", "--yes", "--json").stdout)
    assert (done["made"], done["updated"]) == (0, 6)
    assert all(check["step"] == "keep" for check in fresh.listing()["checks"]), \
        "without --rotate the next word is as good"
    stage.kill_site("factory", EAST)
    stage.wait_until("the word is said", lambda: fresh.lit(EAST) == 3, 30)
    assert fresh.word("fra", EAST)[1].split() == ["evict-east-4711", NEXT[EAST]]
    parent = next(check["id"] for check in fresh.listing()["checks"]
                  if check["probe"] is None and check["region"] == EAST)
    assert not stage.lab.check(parent, until="unhealthy", wait=30)["healthy"]
