# SPDX-License-Identifier: Apache-2.0
"""Checks of kind group through the daemon: N of M others, each of them a real server's page."""

import signal
import time

import pytest
from eyes import Eyes
from liars import server, wait_for_close
from test_check_http import NGINX, nginx, plain  # noqa: F401 (a fixture)

pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx on this machine")


def group(need, *members):
    """The checks of a site: the members, and the group of them, which is all that counts."""
    names = [f"member-{number}" for number in range(len(members))]
    checks = [f'name = "{name}"; {member}' for name, member in zip(names, members)]
    quoted = ", ".join(f'"{name}"' for name in names)
    return " }, { ".join([*checks, f'type = "group"; name = "edge"; of = [ {quoted} ]; '
                                   f"need = {need};"])


def see(eyes, name, state):
    """Waits until the daemon votes so for both sites: u up, d down."""
    eyes.program.wait_line(lambda line: line.has(fact="vote", group=name, states=state * 2), 90)


@pytest.mark.cell("group", "good", "nginx")
@pytest.mark.cell("group", "bad", "nginx")
def test_a_group_is_up_while_enough_of_its_members_are(nginx, tmp_path):  # noqa: F811
    ok, sick = plain(nginx, "/ok"), plain(nginx, "/sick")
    with Eyes(tmp_path, {"whole": group(2, ok, ok), "half": group(1, sick, ok),
                         "short": group(2, sick, ok), "none": group(1, sick, sick)}) as eyes:
        for name, state in ("whole", "u"), ("half", "u"), ("short", "d"), ("none", "d"):
            see(eyes, name, state)


@pytest.mark.cell("group", "hostile", "nginx and a server that speaks no HTTP")
def test_a_member_that_talks_nonsense_counts_as_bad_and_no_more(nginx, tmp_path):  # noqa: F811
    with server(lambda connection: connection.sendall(b"\x00\x1b[2J" * 1000)) as port:
        liar, ok = f'url = "http://127.0.0.1:{port}/";', plain(nginx, "/ok")
        with Eyes(tmp_path, {"carried": group(1, liar, ok), "lost": group(2, liar, ok)}) as eyes:
            see(eyes, "carried", "u")
            see(eyes, "lost", "d")


@pytest.mark.cell("group", "timed out", "nginx and a silent server")
def test_a_member_that_is_silent_counts_as_bad_and_no_more(nginx, tmp_path):  # noqa: F811
    with server(wait_for_close) as port:
        silent, ok = f'url = "http://127.0.0.1:{port}/"; timeout = 0.5;', plain(nginx, "/ok")
        with Eyes(tmp_path, {"carried": group(1, silent, ok),
                             "lost": group(2, silent, ok)}) as eyes:
            see(eyes, "carried", "u")
            see(eyes, "lost", "d")


@pytest.mark.cell("group", "cancelled", "nginx and a silent server")
def test_attempts_that_a_reload_gives_up_say_nothing_of_the_group(nginx, tmp_path):  # noqa: F811
    with server(wait_for_close) as port:
        silent = f'url = "http://127.0.0.1:{port}/"; timeout = 30; interval = 60;'
        with Eyes(tmp_path, {"edge": group(1, silent, plain(nginx, "/ok"))}) as eyes:
            see(eyes, "edge", "u")
            for _ in range(3):      # each time attempts at the silent one are under way
                since = time.monotonic()
                eyes.program.send(signal.SIGHUP)
                eyes.program.wait_line(lambda line: "settings: reloaded" in line.text, 60, since)
            asked = nginx["log"].read_text().count("GET /ok")
            until = time.monotonic() + 60
            while nginx["log"].read_text().count("GET /ok") < asked + 2:
                assert time.monotonic() < until, "nobody asks for the page any more"
                time.sleep(0.05)
            assert not any(line.has(fact="verdict", state="down")
                           for line in list(eyes.program.lines))
