# SPDX-License-Identifier: Apache-2.0
"""Daemons whose checks ask AWS what it knows: the lab's CloudWatch and load balancers answer, under
the policies of config/iam."""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

import policies                                                             # noqa: E402
from eyes import Eyes                                                       # noqa: E402
from labctl import Lab                                                      # noqa: E402

HERE, THERE = policies.US, policies.THEM
REGION = "us-east-1"
POLICY = "alarms-and-targets"
IN_ROLE = f'role = "{policies.ROLE}"; external_id = "{policies.EXTERNAL_ID}";'


def target_group(account=HERE, region=REGION):
    return (f"arn:aws:elasticloadbalancing:{region}:{account}:"
            "targetgroup/shop/0123456789abcdef")


def directory():
    """We may see alarms and targets here, and become the role that may see them there."""
    both = policies.across_accounts(policies.document(POLICY), policies.document(POLICY),
                                    policies.document("trust"))
    key, = both["users"]
    both["users"][key]["policies"].append(policies.document("assume-role"))
    return both


class Witness(Lab):
    def __init__(self, folder):
        super().__init__(options=["--rate", "0"], log=Path(folder) / "witness.log")

    def start(self):
        super().start()
        self.iam(directory())
        return self

    def watched(self, folder, checks, timeout=3):
        """A daemon that makes these checks: see eyes.py."""
        env = dict(self.credentials_env(), AWS_REGION=REGION,
                   AWS_ENDPOINT_URL_CLOUDWATCH=self.endpoint,
                   AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2=self.endpoint,
                   AWS_ENDPOINT_URL_STS=self.endpoint)
        words = ["env", *(f"{name}={value}" for name, value in env.items())]
        return Eyes(folder, checks, timeout=timeout, on=words)

    def asked(self, operation):
        return self.state()["requests"].get(operation, 0)

    def wait_asked(self, operation, more=2, deadline=60):
        """Until so many requests have come from now on."""
        until, wanted = time.monotonic() + deadline, self.asked(operation) + more
        while self.asked(operation) < wanted:
            assert time.monotonic() < until, f"nobody asked {operation}"
            time.sleep(0.05)


def verdicts(eyes, name):
    return [line for line in list(eyes.program.lines)
            if line.has(fact="verdict", site=f"{name}/us-east-1")]


def healed_and_down(lab, eyes, name):
    """The faults end, what they hid is seen; and no verdict was told before."""
    since = time.monotonic()
    lab.heal()
    eyes.see(name, "down", "status")
    assert verdicts(eyes, name)[0].at >= since


def reload(eyes):
    since = time.monotonic()
    eyes.program.send(signal.SIGHUP)
    eyes.program.wait_line(lambda line: "settings: reloaded" in line.text, 30, since)
