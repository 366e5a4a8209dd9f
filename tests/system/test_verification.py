# SPDX-License-Identifier: Apache-2.0
"""What somebody else does to the zone, and what becomes of a failover whose credentials end: with
real daemons, told by mail and webhook (C4, C7, C8)."""

import json
import time

import pytest
from stage import REGIONS, Stage
from test_failover import GROUP, epochs, must_stay, wait_moved, weights
from test_fences import expect_next_fence

EAST, WEST = REGIONS


class HookStage(Stage):
    """A webhook beside the mailbox."""

    def start_mailbox(self):
        super().start_mailbox()
        hook = ('{ type = "webhook"; '
                f'url = "http://127.0.0.1:{self.mail_ports["http"]}/hook"; }}')
        self.more = [
            (r'(?<=to = \( "oncall@example\.com" \);\n    \})', f",\n    {hook}", "a webhook")]

    def hooked(self, event):
        """The bodies that the webhook was sent for an event."""
        said = [json.loads(line.text) for line in list(self.programs["mailbox"].lines)]
        bodies = [json.loads(one["data"]) for one in said if one.get("kind") == "hook"]
        return [body for body in bodies if body["event"] == event]


class ProcessStage(Stage):
    """Credentials come from a program that asks an identity service, which may be down."""

    @property
    def given(self):
        return self.folder / "given.json"

    def daemon_env(self):
        keys = self.lab.credentials_env()
        config = self.folder / "aws-config"
        config.write_text("[default]\ncredential_process = /bin/cat "
                          f"{self.given}\n")
        if not self.given.exists() and not self.sts_down:
            self.sts_up()
        env = {name: value for name, value in super().daemon_env().items() if name not in keys}
        return dict(env, AWS_CONFIG_FILE=str(config))

    sts_down = False

    def sts_up(self):
        keys = self.lab.credentials_env()
        self.given.write_text(json.dumps({
            "Version": 1, "AccessKeyId": keys["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": keys["AWS_SECRET_ACCESS_KEY"],
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))}))
        self.given.chmod(0o600)


def human(stage, service, region, weight):
    stage.lab.human("weight", name=f"{service}.example.com", set=f"{service}-{region}",
                    weight=weight)


def test_credentials_that_end_in_mid_failover_delay_it_and_page(make_stage):
    """AWS takes the keys no more, and nobody gives new ones: paged within a minute, and done within
    30 s of their return (C8)."""
    stage = make_stage(kind=ProcessStage)
    stage.given.rename(stage.given.with_suffix(".away"))
    stage.lab.fault("deny", code="ExpiredToken", message="The security token is expired")
    died = stage.kill_site("factory", EAST)
    mail = stage.wait_mail(75, since=died, Event="cannot_write")
    assert "Tried:" in mail["data"] and "What you can do:" in mail["data"]
    assert weights(stage) == "100/0 100/0"
    stage.sts_up()
    stage.lab.heal()
    back = time.monotonic()
    wait_moved(stage, 35)
    assert epochs(stage) == [1, 2]
    stage.wait_log(30, since=back, fact="insync")


def test_a_region_that_recovers_while_nobody_may_write_moves_nothing(make_stage):
    """C8: the intent is looked at anew before each try; what is not wanted any more is given up."""
    stage = make_stage()
    stage.lab.fault("deny", code="AccessDenied", operation="ChangeResourceRecordSets")
    died = stage.kill_site("factory", EAST)
    stage.wait_log(30, since=died, fact="decided", kind="leave")
    stage.start_site("factory", EAST)
    stage.wait_log(60, since=died, fact="head", kind="cancel")
    stage.lab.heal()
    must_stay(stage, "100/0 100/0", 6)


@pytest.mark.parametrize("fault", [{"text": "v=spf1 -all"}, {"text": "v=rs1 group=other epoch=900 "
                         "by=use1 nonce=00112233445566778899aabbccddeeff plan=0123456789abcdef"}])
def test_a_text_that_is_no_fence_is_replaced_and_paged(make_stage, fault):
    stage = make_stage()
    stage.lab.human("fence", group=GROUP, **fault)
    died = stage.kill_site("factory", EAST)
    stage.wait_mail(60, since=died, Event="fence_missing")
    wait_moved(stage, 60)
    expect_next_fence(stage)


def test_two_texts_at_the_fences_name_are_no_fence(make_stage):
    stage = make_stage()
    name = f"_regionshift.{GROUP}.example.com"
    fence = [one for one in stage.lab.records() if one["Name"].startswith("_regionshift")][0]
    stage.lab.seed([{"Name": name, "Type": "TXT", "TTL": 10, "ResourceRecords":
                     fence["ResourceRecords"] + [{"Value": '"mine"'}]}])
    died = stage.kill_site("factory", EAST)
    stage.wait_mail(60, since=died, Event="fence_missing")
    wait_moved(stage, 60)
    expect_next_fence(stage)


def test_a_change_by_hand_is_told_set_by_set_by_mail_and_webhook(make_stage):
    stage = make_stage(kind=HookStage)
    human(stage, "pizza", EAST, 40)
    died = stage.kill_site("factory", EAST)         # who would move has to read first
    wanted = (f"pizza/{EAST} set pizza-{EAST}: weight 100 in decision 1, 40 in the zone")
    mail = stage.wait_mail(60, since=died, Event="drift")
    assert wanted in mail["data"].replace("=\n", "")
    body = stage.wait_until("the webhook", lambda: stage.hooked("drift"), 30)[0]
    assert wanted in body["text"]
    must_stay(stage, "40/0 100/0")


def test_resolvers_are_asked_after_the_servers_and_their_time_is_kept(make_stage):
    class ResolverStage(Stage):
        def common_changes(self):
            return super().common_changes() + [
                (r'(?m)^    nameservers = \[.*\];$',
                 f'    nameservers = [ "{self.lab.dns}" ];\n    resolvers = [ "{self.lab.dns}" ];',
                 "a resolver on this machine")]

    stage = make_stage(kind=ResolverStage)
    died = stage.kill_site("factory", EAST)
    line = stage.wait_log(30, since=died, fact="resolvers", state="done")
    probe = next(name for name, one in stage.programs.items() if line in one.lines)
    told = stage.run_ctl(probe, ["history", GROUP], check=True).stdout
    assert "every server after" in told and "seen by resolvers after" in told
