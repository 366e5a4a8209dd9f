# SPDX-License-Identifier: Apache-2.0
"""Eyes: one daemon that only looks, each of its checks a service of its own. Nothing can be moved,
as there is no Route 53; what is tried is what a check makes of a real server."""

import os
from pathlib import Path

from programs import BUILD, Program, free_port, sanitizer_env

SETTINGS = """probe = {{ name = "one"; }};
quorum = {{
    down = 2; up = 2; vantages = 1; owners = 1;
    probes = ( {{ name = "one"; vantage = "aws/us-east-1"; }},
               {{ name = "two"; vantage = "aws/eu-west-1"; }},
               {{ name = "three"; vantage = "aws/eu-central-1"; }} );
}};
store = {{ type = "sqlite"; path = "{folder}/store.db"; }};
alerting = {{ spool = "{folder}/spool"; }};
history = {{ path = "{folder}/history.db"; }};
http = {{ listen = "{http}"; socket = "{folder}/control.sock"; }};
aws = {{ endpoint = "http://127.0.0.1:{port}"; region = "us-east-1";
        nameservers = [ "127.0.0.1:{port}" ]; }};
checks = {{ interval = {interval}; timeout = {timeout}; retry = 0.1; fall = 2; rise = 1; }};
services = (
{services}
);
groups = (
{groups}
);
"""
SERVICE = """    {{ name = "{name}"; zone = "Z0123456789ABCDEFGHIJ"; record = "{name}.example.com";
      sites = ( {{ region = "us-east-1"; weight = 100; value = "192.0.2.1";
                  checks = ( {{ {east} }} ); }},
                {{ region = "us-west-2"; weight = 0; value = "192.0.2.2";
                  checks = ( {{ {west} }} ); }} ); }}"""
GROUP = '    {{ name = "{name}"; services = [ "{name}" ]; order = [ "us-east-1", "us-west-2" ]; }}'


class Eyes:
    """checks: {name: "url = ...; ..."}, as they stand in the settings, REGION for the site's
    region. on: words before the command, such as those of a network to run it in."""

    def __init__(self, folder, checks, timeout=3, on=()):
        self.folder = Path(folder)
        self.on = list(on)
        self.conf = self.folder / "eyes.conf"
        self.http = f"127.0.0.1:{free_port('127.0.0.1')}"
        self.conf.write_text(SETTINGS.format(
            folder=folder, port=free_port("127.0.0.1"), http=self.http,
            timeout=timeout, interval=timeout + 1,
            services=",\n".join(SERVICE.format(name=name, east=check.replace("REGION", "us-east-1"),
                                               west=check.replace("REGION", "us-west-2"))
                                for name, check in checks.items()),
            groups=",\n".join(GROUP.format(name=name) for name in checks)))
        self.program = None

    @staticmethod
    def program_path():
        return str(BUILD / "regionshiftd")

    def __enter__(self):
        env = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        env.update(sanitizer_env(self.folder), AWS_EC2_METADATA_DISABLED="true",
                   AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null")
        self.program = Program("eyes", [*self.on, self.program_path(), "-c", str(self.conf)],
                               env=env)
        return self

    def __exit__(self, *_):
        self.program.stop()

    def see(self, name, state, failure=None, deadline=60):
        """Waits until the daemon's verdict of the check is so: "up", or "down" and why."""
        wanted = {"fact": "verdict", "site": f"{name}/us-east-1", "state": state}
        if failure is not None:
            wanted["failure"] = failure
        return self.program.wait_line(lambda line: line.has(**wanted), deadline)
