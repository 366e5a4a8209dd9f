# SPDX-License-Identifier: Apache-2.0
"""The health checkers: what they ask, what they accept, and what follows for the check."""

import asyncio
import contextlib
import itertools
import socket
import threading
import time
import types

import pytest

from clients import client, until
from endpoint import Endpoint, page, self_signed
from labctl import Lab, weighted
from route53lab import checkers, poll

_references = (f"checkers-{n}" for n in itertools.count())


@pytest.fixture(scope="module")
def quiet_lab():
    """Three checkers, which ask only when told to."""
    options = ["--rate", "0", "--insync-delay", "0", "--checker-speed", "0", "--checkers", "3"]
    with Lab(options=options) as lab:
        yield lab
        assert lab.said() == "", "the lab wrote to stderr"


@pytest.fixture
def lab(quiet_lab):
    quiet_lab.replace([])
    return quiet_lab


@pytest.fixture(scope="module")
def many():
    """Sixteen checkers in eight regions."""
    with Lab(options=["--rate", "0", "--checker-speed", "0"]) as lab:
        yield lab
        assert lab.said() == "", "the lab wrote to stderr"


@pytest.fixture
def endpoint():
    endpoint = Endpoint()
    yield endpoint
    endpoint.stop()


def check(lab, endpoint=None, **config):
    """The id of a new check, of the endpoint if there is one."""
    if endpoint is not None:
        config = dict({"Type": "HTTP", "IPAddress": "127.0.0.1", "Port": endpoint.port,
                       "FailureThreshold": 1}, **config)
    return client(lab.endpoint).create_health_check(
        CallerReference=next(_references), HealthCheckConfig=config)["HealthCheck"]["Id"]


def statuses(lab, check_id):
    reply = client(lab.endpoint).get_health_check_status(HealthCheckId=check_id)
    return [seen["StatusReport"]["Status"] for seen in reply["HealthCheckObservations"]]


def seen_once(lab, endpoint, **config):
    """(healthy, status) after every checker of a new check has asked once."""
    made = check(lab, endpoint, **config)
    healthy = lab.poll(made)["healthy"]
    said = set(statuses(lab, made))
    assert len(said) == 1, said
    return healthy, said.pop()


# -- what they ask --

def test_a_checker_asks_as_amazons_do(lab, endpoint):
    made = check(lab, endpoint, FullyQualifiedDomainName="www.example.com",
                 ResourcePath="/beacon/g/r?k=secret")
    lab.poll(made)
    asked = endpoint.asked[0]
    assert asked.path == "GET /beacon/g/r?k=secret HTTP/1.1"
    assert asked.headers["Host"] == f"www.example.com:{endpoint.port}"
    assert asked.headers["User-Agent"] == ("Amazon-Route53-Health-Check-Service (ref "
                                           f"{made}; report http://amzn.to/1vsZADi)")


def test_without_a_name_the_address_is_the_host(lab, endpoint):
    lab.poll(check(lab, endpoint))
    assert endpoint.asked[0].headers["Host"] == f"127.0.0.1:{endpoint.port}"
    assert endpoint.asked[0].path == "GET / HTTP/1.1"


def test_each_checker_asks_from_an_address_of_its_own(lab, endpoint):
    made = check(lab, endpoint)
    lab.poll(made, rounds=2)
    assert sorted(asked.source for asked in endpoint.asked) == [
        "127.0.53.1", "127.0.53.1", "127.0.53.2", "127.0.53.2", "127.0.53.3", "127.0.53.3"]
    seen = client(lab.endpoint).get_health_check_status(HealthCheckId=made)
    assert [(one["IPAddress"], one["Region"]) for one in seen["HealthCheckObservations"]] == [
        ("127.0.53.1", "us-east-1"), ("127.0.53.2", "us-west-1"), ("127.0.53.3", "us-west-2")]


def test_checkers_can_be_given_their_addresses(lab_factory, endpoint):
    lab = lab_factory(["--checker-speed", "0", "--checker", "eu-west-1=127.0.7.1", "--checker",
                       "sa-east-1=127.0.7.2"])
    lab.poll(check(lab, endpoint))
    assert sorted(asked.source for asked in endpoint.asked) == ["127.0.7.1", "127.0.7.2"]


def test_only_the_regions_asked_for_check(many, endpoint):
    made = check(many, endpoint, Regions=["us-east-1", "eu-west-1", "sa-east-1"])
    state = many.poll(made)
    assert {checker["region"] for checker in state["checkers"]} == {
        "us-east-1", "eu-west-1", "sa-east-1"}
    assert len(endpoint.asked) == 6


def test_a_name_is_looked_up_in_the_zone(lab, endpoint):
    lab.seed([weighted("probe.example.com", "a", 1, "127.0.0.1")])
    made = check(lab, Type="HTTP", FullyQualifiedDomainName="probe.example.com",
                 Port=endpoint.port, FailureThreshold=1)
    assert lab.poll(made)["healthy"]
    lab.replace([])
    assert not lab.poll(made)["healthy"]
    assert set(statuses(lab, made)) == {"Failure: DNS resolution failed."}


# -- what they accept --

@pytest.mark.parametrize("status, good", [
    ("200 OK", True), ("204 No Content", True), ("301 Moved Permanently", True),
    ("399 Odd", True), ("199 Odd", False), ("400 Bad Request", False),
    ("404 Not Found", False), ("503 Service Unavailable", False)])
def test_the_status_decides(lab, endpoint, status, good):
    endpoint.answer = page("", status)
    assert seen_once(lab, endpoint)[0] == good


def test_a_status_report_says_what_was_seen(lab, endpoint):
    assert seen_once(lab, endpoint)[1] == "Success: HTTP Status Code 200, OK"
    endpoint.answer = page("", "503 Service Unavailable")
    assert seen_once(lab, endpoint)[1] == "Failure: HTTP Status Code 503, Service Unavailable"


def test_the_last_failure_is_kept(lab, endpoint):
    made = check(lab, endpoint)
    endpoint.answer = page("", "404 Not Found")
    lab.poll(made)
    endpoint.answer = page("")
    lab.poll(made)
    reply = client(lab.endpoint).get_health_check_last_failure_reason(HealthCheckId=made)
    assert {one["StatusReport"]["Status"] for one in reply["HealthCheckObservations"]} == {
        "Failure: HTTP Status Code 404, Not Found"}
    assert set(statuses(lab, made)) == {"Success: HTTP Status Code 200, OK"}


@pytest.mark.parametrize("answer", [
    b"no HTTP\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"",
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * 17000 + b"\r\n\r\n"],
    ids=["not-http", "no-status", "cut", "nothing", "long-headers"])
def test_what_is_not_http_is_bad(lab, endpoint, answer):
    endpoint.answer = answer
    assert not seen_once(lab, endpoint)[0]


@pytest.mark.parametrize("body, good", [
    ("TAKEOVER", True), ("x" * 5112 + "TAKEOVER", True), ("x" * 5113 + "TAKEOVER", False),
    ("takeover", False), ("TAKE OVER", False), ("", False)],
    ids=["found", "ends-at-5120", "ends-at-5121", "case", "parted", "empty"])
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_the_string_stands_in_the_first_5120_bytes(lab, endpoint, body, good, framing):
    head = b"HTTP/1.1 200 OK\r\n"
    endpoint.answer = {
        "length": page(body), "close": head + b"\r\n" + body.encode(),
        "chunked": head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(
            f"{len(part):x}\r\n{part}\r\n".encode()
            for part in (body[:3], body[3:]) if part) + b"0\r\n\r\n"}[framing]
    assert seen_once(lab, endpoint, Type="HTTP_STR_MATCH", SearchString="TAKEOVER")[0] == good


def test_a_bad_status_is_bad_whatever_the_string(lab, endpoint):
    endpoint.answer = page("TAKEOVER", "404 Not Found")
    assert not seen_once(lab, endpoint, Type="HTTP_STR_MATCH", SearchString="TAKEOVER")[0]


def test_https_takes_any_certificate_and_sends_the_name(lab, tmp_path):
    endpoint = Endpoint(self_signed(tmp_path))
    try:
        assert seen_once(lab, endpoint, Type="HTTPS", FullyQualifiedDomainName="a.example.com")[0]
        assert set(endpoint.names) == {"a.example.com"}
        endpoint.names.clear()
        assert seen_once(lab, endpoint, Type="HTTPS", FullyQualifiedDomainName="a.example.com",
                         EnableSNI=False)[0]
        assert set(endpoint.names) == {None}
        endpoint.answer = page("TAKEOVER")
        assert seen_once(lab, endpoint, Type="HTTPS_STR_MATCH", SearchString="TAKEOVER")[0]
    finally:
        endpoint.stop()


def test_plain_http_is_no_https(lab, endpoint):
    assert not seen_once(lab, endpoint, Type="HTTPS")[0]


def test_tcp_only_connects(lab, endpoint):
    endpoint.answer = b""
    assert seen_once(lab, endpoint, Type="TCP") == (True, "Success: TCP connection established")
    endpoint.stop()
    assert seen_once(lab, endpoint, Type="TCP") == (False, "Failure: Connection refused.")


def test_a_connection_takes_four_seconds_at_most(lab):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(full.getsockname())      # nobody accepts: the queue is full
        began = time.monotonic()
        made = check(lab, Type="HTTP", IPAddress="127.0.0.1", Port=full.getsockname()[1],
                     FailureThreshold=1)
        assert not lab.poll(made)["healthy"]
        assert 4 <= time.monotonic() - began < 60, "the kernel by itself tries for two minutes"
        for one in crowd:
            one.close()


def test_an_answer_takes_two_seconds_at_most(lab, endpoint):
    endpoint.answer = [2.5, page("")]
    assert seen_once(lab, endpoint) == (
        False, "Failure: The endpoint did not respond within the timeout limit.")


def test_a_body_takes_two_seconds_more(lab, endpoint):
    match = {"Type": "HTTP_STR_MATCH", "SearchString": "TAKEOVER"}
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nTAKE"
    endpoint.answer = [1.0, head, 1.2, b"OVER"]
    assert seen_once(lab, endpoint, **match)[0]
    endpoint.answer = [head, 2.5, b"OVER"]
    assert not seen_once(lab, endpoint, **match)[0]


# -- what follows --

def test_the_threshold_counts_results_in_a_row_both_ways(lab, endpoint):
    made = check(lab, endpoint, FailureThreshold=3)
    trace = []
    for sign in "++--+---++-+++":
        endpoint.answer = page("", "200 OK" if sign == "+" else "500 Sick")
        trace.append("+" if lab.poll(made)["healthy"] else "-")
    assert "".join(trace) == "+++++++------+"


def test_a_new_check_is_healthy_until_there_are_data(lab, endpoint):
    endpoint.answer = page("", "500 Sick")
    made = check(lab, endpoint)
    assert lab.check(made)["healthy"]
    assert not lab.poll(made)["healthy"]


def test_a_new_inverted_check_is_unhealthy_until_there_are_data(lab, endpoint):
    endpoint.answer = page("", "500 Sick")
    made = check(lab, endpoint, Inverted=True)
    assert not lab.check(made)["healthy"]
    assert lab.poll(made)["healthy"]


def test_more_than_18_percent_of_the_checkers_make_it_healthy(many, endpoint):
    made = check(many, endpoint)
    assert not many.force(made, "unhealthy", checkers=list(range(14)))["healthy"], "2 of 16: 12.5"
    many.force(made, None)
    assert many.force(made, "unhealthy", checkers=list(range(13)))["healthy"], "3 of 16: 18.75 %"


def test_a_share_of_the_checkers_can_be_cut_off(many, endpoint):
    made = check(many, endpoint)
    many.force(made, "cut", share=0.8125)
    assert many.poll(made)["healthy"] and len(endpoint.asked) == 3
    many.force(made, "cut", share=0.875)
    assert not many.poll(made)["healthy"]
    many.force(made, None)
    assert many.poll(made)["healthy"]


def test_a_silent_checker_does_not_count(many, endpoint):
    made = check(many, endpoint)
    many.force(made, "unhealthy", checkers=list(range(14)))
    state = many.force(made, "silent", checkers=list(range(13)))
    assert state["healthy"] and [one["word"] for one in state["checkers"]].count("silent") == 13
    assert many.force(made, "silent")["healthy"], "nobody heard: as if new"


def test_a_disabled_check_is_healthy_and_nobody_asks(lab, endpoint):
    endpoint.answer = page("", "500 Sick")
    made = check(lab, endpoint)
    assert not lab.poll(made)["healthy"]
    api = client(lab.endpoint)
    api.update_health_check(HealthCheckId=made, Disabled=True)
    assert lab.check(made)["healthy"]
    api.update_health_check(HealthCheckId=made, Inverted=True)
    assert not lab.check(made)["healthy"], "inverted comes last"


@pytest.mark.parametrize("threshold, trace", [(0, "++++"), (1, "-+++"), (2, "--++"), (3, "---+"),
                                              (4, "----")])
def test_a_calculated_check_counts_its_healthy_children(lab, endpoint, threshold, trace):
    children = [check(lab, endpoint) for _ in range(3)]
    plain = check(lab, Type="CALCULATED", ChildHealthChecks=children, HealthThreshold=threshold)
    other = check(lab, Type="CALCULATED", ChildHealthChecks=children, HealthThreshold=threshold,
                  Inverted=True)
    for count, sign in enumerate(trace):
        for number, child in enumerate(children):
            lab.force(child, "healthy" if number < count else "unhealthy")
        assert lab.check(plain)["healthy"] == (sign == "+")
        assert lab.check(other)["healthy"] == (sign == "-")


def test_a_calculated_check_has_no_observations(lab, endpoint):
    made = check(lab, Type="CALCULATED", ChildHealthChecks=[check(lab, endpoint)],
                 HealthThreshold=1)
    with pytest.raises(client(lab.endpoint).exceptions.InvalidInput):
        statuses(lab, made)


# -- by the clock --

def test_checkers_ask_by_themselves_until_the_check_is_gone(lab_factory, endpoint):
    lab = lab_factory(["--rate", "0", "--checkers", "2", "--checker-speed", "100"])
    made = check(lab, endpoint, FailureThreshold=3, RequestInterval=10)
    endpoint.wait_asked(6)
    endpoint.answer = page("", "500 Sick")
    assert not lab.check(made, until="unhealthy")["healthy"]
    endpoint.answer = page("")
    assert lab.check(made, until="healthy")["healthy"]
    client(lab.endpoint).delete_health_check(HealthCheckId=made)

    def quiet():
        before = len(endpoint.asked)
        time.sleep(0.5)
        return len(endpoint.asked) == before
    until(quiet)


class _Checks:
    """One check, of one checker."""
    on_change = None

    def exists(self, _):
        return True

    def checkers_of(self, _):
        return [types.SimpleNamespace(number=0)]

    def is_cut(self, *_):
        return False

    def report(self, *_):
        pass


@pytest.mark.parametrize("how", ["stops", "changes"])
def test_a_checker_that_does_not_hear_of_its_end_ends_all_the_same(monkeypatch, how):
    """As asyncio.wait_for() makes it, when the answer and the end come together."""
    asked, other = threading.Event(), threading.Event()

    async def deaf(_, config, *__):
        (other if config["new"] else asked).set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        return True, ""
    monkeypatch.setattr(poll, "attempt", deaf)
    config = {"RequestInterval": 0, "Disabled": False, "IPAddress": "127.0.0.1", "new": False}
    one = types.SimpleNamespace(id="one", config=config, has_endpoint=True)
    poller = checkers.Poller(_Checks(), None, 1)
    poller.start()
    poller._changed(one)
    assert asked.wait(60)
    if how == "changes":
        one.config = dict(config, new=True)
        poller._changed(one)
        assert other.wait(60)
    ends = threading.Thread(target=poller.stop, daemon=True)
    ends.start()
    ends.join(60)
    assert not ends.is_alive()


def test_checkers_follow_an_update(lab_factory, endpoint):
    lab = lab_factory(["--rate", "0", "--checkers", "1", "--checker-speed", "100"])
    made = check(lab, endpoint, ResourcePath="/old")
    endpoint.wait_asked(1)
    client(lab.endpoint).update_health_check(HealthCheckId=made, ResourcePath="/new")
    until(lambda: endpoint.asked[-1].path == "GET /new HTTP/1.1")
