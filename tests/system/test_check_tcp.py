# SPDX-License-Identifier: Apache-2.0
"""Dialogues over TCP with real servers, as the daemon holds them."""

import pytest
from certificates import Authority
from eyes import Eyes
from mail_and_data import Dovecot, Mariadbd, Postfix
from programs import free_port


@pytest.fixture
def start(tmp_path):
    running = []

    def start_one(kind):
        if kind.missing():
            pytest.skip(kind.missing())
        running.append(kind(*Authority(tmp_path / "authority").issue("server", "IP:127.0.0.1")))
        return running[-1]
    yield start_one
    for server in running:
        server.stop()


def dialogue(port, *steps, more=""):
    lines = ", ".join("{ " + " ".join(f'{key} = "{text}";' for key, text in step.items()) + " }"
                      for step in steps)
    return f'type = "tcp"; url = "tcp://127.0.0.1:{port}"; dialogue = ( {lines} ); {more}'


@pytest.mark.cell("tcp", "good", "postfix")
@pytest.mark.cell("tcp", "bad", "postfix")
@pytest.mark.cell("tcp", "timed out", "postfix")
def test_a_mail_server_says_what_is_expected_or_it_does_not(start, tmp_path):
    postfix = start(Postfix)
    greeting = {"expect": "220 mail.example.com"}
    checks = {
        "good": dialogue(postfix.port, greeting,
                         {"send": "EHLO health.example.com\\r\\n", "expect": "250 CHUNKING"},
                         {"send": "QUIT\\r\\n", "expect": "221 "},
                         more='expect = "body contains \'250-PIPELINING\' and latency < 1h";'),
        "other": dialogue(postfix.port, greeting, {"send": "QUIT\\r\\n", "expect": "250"}),
        "body": dialogue(postfix.port, greeting, more='expect = "body contains \'Sendmail\'";'),
        "closed": dialogue(free_port("127.0.0.1"), greeting),
    }
    with Eyes(tmp_path, checks, timeout=2) as eyes:
        eyes.see("good", "up")
        eyes.see("other", "down", "body")
        eyes.see("body", "down", "body")
        eyes.see("closed", "down", "connect")
        with postfix.stood_still():
            eyes.see("good", "down", "timeout")
            assert eyes.program.stop() == 0     # nor does that keep us from ending


@pytest.mark.cell("tcp", "good", "dovecot")
@pytest.mark.cell("tcp", "bad", "dovecot")
def test_a_dialogue_goes_on_for_as_many_steps_as_there_are(start, tmp_path):
    dovecot = start(Dovecot)
    asked = [{"expect": "+OK"}, {"send": "CAPA\\r\\n", "expect": "STLS"},
             {"send": "USER nobody\\r\\n"}]
    checks = {"good": dialogue(dovecot.pop3, *asked[:2], {"send": "QUIT\\r\\n", "expect": "+OK"}),
              "bad": dialogue(dovecot.pop3, *asked, {"send": "QUIT\\r\\n", "expect": "+OK No"})}
    with Eyes(tmp_path, checks, timeout=4) as eyes:
        eyes.see("good", "up")
        eyes.see("bad", "down", "body")


@pytest.mark.cell("tcp", "hostile", "mariadbd")
def test_bytes_that_are_no_text_are_searched_like_any(start, tmp_path):
    mariadbd = start(Mariadbd)
    checks = {"good": dialogue(mariadbd.port, {"expect": "MariaDB"}),
              "bad": dialogue(mariadbd.port, {"expect": "PostgreSQL"})}
    with Eyes(tmp_path, checks, timeout=2) as eyes:
        eyes.see("good", "up")
        eyes.see("bad", "down", "timeout")
