# SPDX-License-Identifier: Apache-2.0
"""What `plan` shows is what is sent: the body that the plan printed before the failure is compared
with the bytes that Route 53 received after it."""

import json
import re
from xml.etree import ElementTree

import pytest
from labctl import Lab
from operators import EAST, GROUP, WEST, CleanStage
from stage import SERVICES, ZONE, weighted
from wiretap import Tap

TIMING = {"interval": 1, "timeout": 0.8, "retry": 0.1, "hold": 0, "stable": 1, "dwell": 2,
          "lease": 3}
ACTORS = ("use1", "usw2")
NONCE = re.compile(rb"nonce=[0-9a-f]{32}")


class TappedStage(CleanStage):
    """The daemons reach Route 53's stand-in through a tap; tests reach it beside that."""

    def start_lab(self):
        super().start_lab()
        self.tap = Tap(self.lab.http)
        self.lab.http = self.tap.address

    def stop(self):
        super().stop()
        self.tap.close()

    def bodies(self):
        """Of all writes, in their order."""
        return [request.body for request in list(self.tap.requests) if request.method == "POST"]


@pytest.fixture
def stage(tmp_path):
    with TappedStage(timing=TIMING, lab_options=["--rate", "0"], folder=tmp_path) as stage:
        stage.start()
        stage.settle()
        yield stage


def plan(stage, *arguments, probe="use1"):
    return stage.ctl("plan", *arguments, probe=probe).stdout


def planned(stage, probe, *downs):
    """The bytes of the one batch that this probe would send: the same in both forms, unless the
    zone was read between the two questions; a nonce is drawn for each reading."""
    arguments = [word for down in downs for word in ("--down", down)]

    def asked_twice():
        printed = plan(stage, *arguments, "--xml", probe=probe).encode()
        assert printed.endswith(b"</ChangeResourceRecordSetsRequest>\n")
        told = json.loads(plan(stage, *arguments, "--json", probe=probe))
        body = told["groups"][0]["change"][0]
        same = f'nonce={body["nonce"]} '.encode() in printed
        assert not same or printed[:-1] == body["body"].encode()
        return same and printed[:-1]

    return stage.wait_until("no reading comes between", asked_twice, 60)


def wait_both_read(stage, at):
    """Until both that may act know the zone as it is: what a plan is made from."""
    for probe in ACTORS:
        stage.wait_until(f"{probe} has read the fence", lambda p=probe: stage.status(p)["groups"][0]
                         ["fence_epoch"] >= at, 30)


def new_nonce(body):
    """Where the new fence's nonce stands, and that it is there once: the CREATE's."""
    create = body.index(b"<Action>CREATE</Action>")
    found = [match for match in NONCE.finditer(body) if match.start() > create]
    assert len(found) == 1
    return found[0].span()


def without_new_nonce(body):
    start, end = new_nonce(body)
    return body[:start] + b"nonce=NEW" + body[end:]


def test_the_bytes_of_the_plan_are_those_that_route53_receives(stage):
    wait_both_read(stage, 1)
    plans = {probe: planned(stage, probe, EAST) for probe in ACTORS}
    assert plans["use1"] != plans["usw2"], "each signs the fence with its name"
    before = len(stage.bodies())
    seq = stage.lab.last_seq()
    for service in ("factory", "pizza"):
        stage.kill_site(service, EAST)
    entry = stage.lab.wait_for_batch(verdict="accepted", since=seq, deadline=60)
    who = re.search(r"by=(\S+)", entry["fences_after"][GROUP])[1]
    received = stage.bodies()[before]
    assert new_nonce(received) == new_nonce(plans[who]), "in the same place, as long"
    assert received[slice(*new_nonce(received))] != plans[who][slice(*new_nonce(plans[who]))]
    assert without_new_nonce(received) == without_new_nonce(plans[who])
    assert len(received) == len(plans[who])


NET = "Z0FACTORYFACTORYFACT0"


class TwoZones(TappedStage):
    """The factory's names are in a zone of their own, and change first: pizza needs it."""

    def start_lab(self):
        self.lab = Lab(zones={"example.com": ZONE, "example.net": NET},
                       log=str(self.folder / "route53.log"), options=self.lab_options).start()
        for service, zone, apex in (("pizza", ZONE, "com"), ("factory", NET, "net")):
            self.lab.seed([weighted(f"{service}.example.{apex}", f"{service}-{region}",
                                    100 if region == EAST else 0, self.address(service, region))
                           for region in (EAST, WEST)], zone)
        self.tap = Tap(self.lab.http)
        self.lab.http = self.tap.address
        self.more += [
            (f'zone = "{ZONE}";(?=\\s+record = "factory)', f'zone = "{NET}";', "its own"),
            (r'record = "factory\.example\.com"', 'record = "factory.example.net"', "its name"),
            (r'name = "pizza";', 'name = "pizza"; needs = [ "factory" ];', "the factory first")]


def test_of_two_zones_each_body_is_the_one_that_is_sent_and_in_that_order(tmp_path):
    with TwoZones(timing=TIMING, lab_options=["--rate", "0"], folder=tmp_path) as stage:
        stage.start()
        stage.settle()
        wait_both_read(stage, 1)
        plans = {}
        for probe in ACTORS:
            group = json.loads(plan(stage, "--down", EAST, "--json", probe=probe))["groups"][0]
            assert [batch["zone"] for batch in group["change"]] == [NET, ZONE]
            plans[probe] = [batch["body"].encode() for batch in group["change"]]
            printed = plan(stage, "--down", EAST, "--xml", probe=probe).encode()
            assert printed.count(b"</ChangeResourceRecordSetsRequest>\n") == 2
        before = len(stage.bodies())
        for service in SERVICES:
            stage.kill_site(service, EAST)
        stage.wait_until("both zones are written", lambda: len(stage.bodies()) >= before + 2, 60)
        for number, received in enumerate(stage.bodies()[before:before + 2]):
            who = re.search(rb"epoch=2 by=(\w+)", received)[1].decode()
            assert without_new_nonce(received) == without_new_nonce(plans[who][number])


def test_a_plan_follows_the_zone(stage):
    """Values, TTL and the old fence are those that stand there, not those of the settings."""
    stage.lab.seed([weighted("pizza.example.com", f"pizza-{WEST}", 0, "198.51.100.77")])
    stage.wait_until("the plan has the new value", lambda: b"198.51.100.77" in planned(
        stage, "use1", EAST), 30)
    body = planned(stage, "use1", EAST)
    assert body.count(b"198.51.100.77") == 2
    tree = ElementTree.fromstring(body)
    space = {"r": "https://route53.amazonaws.com/doc/2013-04-01/"}
    actions = [action.text for action in tree.iterfind(".//r:Change/r:Action", space)]
    assert actions == ["DELETE", "CREATE"] * 5
    assert stage.lab.fences()[GROUP].encode() in body
    assert b"epoch=2 by=use1" in body


def test_a_plan_writes_nothing(stage):
    before = stage.lab.last_seq()
    for arguments in ((), ("--down", EAST), ("--down", EAST, "--xml"), ("--json",),
                      ("--down", f"pizza/{WEST}")):
        plan(stage, *arguments)
    assert stage.lab.last_seq() == before and len(stage.bodies()) == 1, "init alone"


def test_what_cannot_be_sent_is_not_printed(stage):
    """A probe that reads no zone has no batch to show."""
    stage.wait_until("fra knows the head and its target", lambda: json.loads(plan(
        stage, "--down", EAST, "--json", probe="fra"))["groups"][0]["changes"], 30)
    done = stage.ctl("plan", "--down", EAST, "--xml", probe="fra", check=False)
    assert done.returncode == 3 and done.stdout == ""
    assert "has not read the zone" in done.stderr
    assert stage.ctl("plan", "--down", f"pizza/{WEST}", "--xml").stdout == "", "nothing would move"


def test_a_time_line_has_promises_and_measurements(stage):
    group = json.loads(plan(stage, "--down", EAST, "--json"))["groups"][0]
    line = {step["stage"]: step for step in group["timeline"]}
    assert list(line) == ["detected", "decided", "accepted", "servers", "resolvers"]
    assert line["detected"]["best_seconds"] == pytest.approx(0.2)
    assert line["detected"]["most_seconds"] == pytest.approx(1 / 3 + 3 * 0.9, abs=0.01)
    most = [step["most_seconds"] for step in group["timeline"]]
    assert most == sorted(most)
    assert line["resolvers"]["most_seconds"] == pytest.approx(line["servers"]["most_seconds"] + 60)
    assert all(step["measured"] is None for step in group["timeline"])
    text = plan(stage, "--down", EAST)
    assert "from the first sign" in text and "TTL 1 m 0 s" in text

    stage.kill_site("factory", EAST)
    who = stage.wait_log(60, fact="servers", epoch=2, probes=ACTORS).probe

    def measured():
        steps = json.loads(plan(stage, "--json", probe=who))["groups"][0]["timeline"]
        return {step["stage"]: step["measured"] for step in steps if step["measured"]}
    seen = stage.wait_until("the move is measured", lambda: "servers" in measured() and measured(),
                            30)
    assert seen["accepted"]["moves"] == 1
    assert 0 < seen["decided"]["median_seconds"] <= seen["accepted"]["median_seconds"]
    assert seen["accepted"]["worst_seconds"] == seen["accepted"]["median_seconds"]
    assert seen["accepted"]["median_seconds"] <= line["accepted"]["most_seconds"]


# ---- the peace with Terraform ----

def hcl_blocks(text):
    """{name: its lines} of the resources, whose braces are balanced."""
    blocks = dict(re.findall(r'(?ms)^resource "aws_route53_record" "(\w+)" \{\n(.*?)^\}\n', text))
    for body in blocks.values():
        assert body.count("{") == body.count("}")
    return blocks


def test_init_prints_what_terraform_must_leave_alone(stage):
    said = stage.ctl("init").stdout
    assert "    ignore_changes = [weighted_routing_policy, health_check_id]\n" in said
    for region in (EAST, WEST):
        assert re.search(rf"(?m)^  factory\.example\.com +A +factory-{region}$", said)

    blocks = hcl_blocks(stage.ctl("init", "--terraform").stdout)
    assert len(blocks) == 4, "one for each record set"
    east = blocks["rs_pizza_us_east_1_pizza_example_com_A"]
    assert f'  set_identifier = "pizza-{EAST}"\n' in east
    assert f'  zone_id        = "{ZONE}"\n' in east
    assert f'  records        = ["{stage.address("pizza", EAST)}"]\n' in east
    assert "  ttl            = 60\n" in east and "    weight = 100\n" in east
    for body in blocks.values():
        assert ("  lifecycle {\n    ignore_changes = [weighted_routing_policy, health_check_id]\n"
                "  }\n") in body


def test_terraform_is_told_of_aliases_and_odd_texts(stage):
    """As the zone has them, not as the settings would make them."""
    old = next(record for record in stage.lab.records()
               if record.get("SetIdentifier") == f"pizza-{WEST}")
    alias = {key: old[key] for key in ("Name", "Type", "SetIdentifier", "Weight")}
    alias["AliasTarget"] = {"HostedZoneId": "Z35SXDOTRQ7X7K", "EvaluateTargetHealth": True,
                            "DNSName": "lb-1.us-west-2.elb.amazonaws.com."}
    stage.lab.human("batch", Changes=[{"Action": "DELETE", "ResourceRecordSet": old},
                                      {"Action": "CREATE", "ResourceRecordSet": alias}])

    def told():
        stage.ctl("ready", check=False)     # looks at the zone
        body = hcl_blocks(stage.ctl("init", "--terraform").stdout)[
            "rs_pizza_us_west_2_pizza_example_com_A"]
        return body if "alias" in body else None
    body = stage.wait_until("the alias is seen", told, 30)
    assert 'zone_id                = "Z35SXDOTRQ7X7K"' in body
    assert "evaluate_target_health = true" in body and "records" not in body


def test_terraform_goes_alone(stage):
    assert stage.ctl("init", "--terraform", "--yes", check=False).returncode == 2
