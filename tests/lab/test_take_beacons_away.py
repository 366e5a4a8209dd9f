# SPDX-License-Identifier: Apache-2.0
"""docs/BEACONS.md, "Taking it away": the commands of AWS's, as they stand there."""

import os
import re
import subprocess
from pathlib import Path

import boto3
import pytest

from labctl import Lab, weighted

TREE = Path(__file__).resolve().parents[2]


def commands(lab):
    text = (TREE / "docs/BEACONS.md").read_text().split("## Taking it away")[1]
    code = "\n".join(line[4:] for line in text.split("\n")
                     if line.startswith("    ") and "sudo" not in line)
    return (code.replace("Z0123456789ABCDEFGHIJ", "ZLAB1")
            .replace("aws route53", f"/usr/bin/aws --endpoint-url {lab.endpoint} route53"))


def client_of(lab):
    key = lab.credentials_env()
    return boto3.client("route53", endpoint_url=lab.endpoint, region_name="us-east-1",
                        aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"])


def make_check(client, reference, **config):
    return client.create_health_check(CallerReference=f"rs1-{reference}",
                                      HealthCheckConfig=config)["HealthCheck"]["Id"]


@pytest.mark.skipif(subprocess.run(["sh", "-c", "command -v jq"], check=False,
                                   capture_output=True).returncode != 0, reason="needs jq")
def test_the_commands_take_the_groups_checks_away_and_nothing_else(tmp_path):
    with Lab(options=["--rate", "0", "--checker-speed", "0", "--refuse-delete-in-use"]) as lab:
        client = client_of(lab)
        children = [make_check(client, f"child-{number}", Type="TCP", IPAddress="127.0.0.1",
                               Port=9) for number in range(3)]
        above = make_check(client, "above", Type="CALCULATED", ChildHealthChecks=children,
                           HealthThreshold=2, Inverted=True)
        other = make_check(client, "other", Type="TCP", IPAddress="127.0.0.1", Port=9)
        lab.seed([dict(weighted("pizza.example.com", "a", 100, "192.0.2.1"), HealthCheckId=above),
                  weighted("pizza.example.com", "b", 0, "192.0.2.2"),
                  dict(weighted("other.example.com", "a", 7, "192.0.2.3"), HealthCheckId=other)])
        before = lab.records()
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", commands(lab)], cwd=tmp_path,
                              env=dict(os.environ, **lab.aws_env()), capture_output=True,
                              text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert lab.records() == [
            {key: value for key, value in rrset.items() if value != above} for rrset in before]
        assert [check["Id"] for check in client.list_health_checks()["HealthChecks"]] == [other]
        assert re.search(rf"rs1-other\W+{other}", done.stdout)      # and named as what is left
