# SPDX-License-Identifier: Apache-2.0
"""Everything that can be made to go wrong, and the hands in the zone."""

import threading
import time

import botocore.exceptions
import pytest

from clients import (GOOD, ZONE, change, client, http_status, post_xml, refusal, send, signed,
                     status, until)
from labctl import LabError, fence, simple, weighted

PIZZA = "pizza.example.com"
EAST = weighted(PIZZA, "use1", 100, "192.0.2.10")
WEST = weighted(PIZZA, "usw2", 0, "198.51.100.10")
LOST = (botocore.exceptions.ConnectionClosedError, botocore.exceptions.EndpointConnectionError,
        botocore.exceptions.ReadTimeoutError, botocore.exceptions.HTTPClientError)


def epoch(number):
    return fence("g", "example.com", f"v=rs1 group=g epoch={number} by=use1")


def to_epoch(number):
    return ("DELETE", epoch(number - 1)), ("CREATE", epoch(number))


def zones(lab):
    return client(lab.endpoint).get_hosted_zone_count


# -- not reached --

def test_down_answers_503_and_executes_nothing(shared_lab):
    shared_lab.fault("down")
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        change(shared_lab, ("CREATE", EAST))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    shared_lab.heal("down")
    assert shared_lab.weights(PIZZA) == {}


@pytest.mark.parametrize("mode", ["reset", "refuse"])
def test_down_can_reset_or_refuse_connections_and_comes_back_on_its_port(lab, mode):
    assert zones(lab)()["HostedZoneCount"] == 1
    lab.fault("down", mode=mode)
    with pytest.raises(LOST):
        change(lab, ("CREATE", EAST))
    with pytest.raises(ConnectionRefusedError if mode == "refuse" else ConnectionResetError):
        send(lab, *signed(lab))
    assert lab.state()["faults"]["on"]["down"]["mode"] == mode
    lab.heal()
    assert zones(lab)()["HostedZoneCount"] == 1 and lab.weights(PIZZA) == {}


def test_down_can_hang_until_the_client_gives_up(lab):
    lab.fault("down", mode="hang")
    done = threading.Event()

    def ask():
        try:
            send(lab, *signed(lab))
        except OSError:
            pass
        done.set()
    threading.Thread(target=ask, daemon=True).start()
    until(lambda: lab.state()["faults"]["hits"].get("down"))
    assert not done.wait(0.3)
    lab.stop()
    assert done.wait(10)


# -- refused --

@pytest.mark.parametrize("fault, code", [("throttle", "Throttling"),
                                         ("prior-request", "PriorRequestNotComplete")])
def test_a_refused_batch_is_not_applied_and_counts_run_out(shared_lab, fault, code):
    shared_lab.fault(fault, count=2)
    seen = shared_lab.last_seq()
    for _ in range(2):
        assert refusal(change, shared_lab, ("CREATE", EAST))[0] == code
    change(shared_lab, ("CREATE", EAST))
    assert [entry["code"] for entry in shared_lab.log(seen)] == [code, code, None]


def test_prior_request_strikes_writes_only(shared_lab):
    shared_lab.fault("prior-request")
    assert zones(shared_lab)()["HostedZoneCount"] >= 1


def test_a_fault_can_strike_one_operation(shared_lab):
    shared_lab.fault("throttle", operation="GetHostedZoneCount")
    assert refusal(zones(shared_lab))[0] == "Throttling"
    change(shared_lab, ("CREATE", EAST))


def test_five_requests_a_second_are_served_and_more_are_throttled(lab_factory):
    lab = lab_factory(["--rate", "5"])
    began = time.monotonic()
    codes = []
    for _ in range(40):
        try:
            zones(lab)()
            codes.append("ok")
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"] == {"Type": "Sender", "Code": "Throttling",
                                               "Message": "Rate exceeded"}
            codes.append("throttled")
    took = time.monotonic() - began
    assert codes[:5] == ["ok"] * 5
    assert 5 <= codes.count("ok") <= 5 + 5 * took + 1
    assert "throttled" in codes or took > 6
    retrying = client(lab.endpoint, attempts=10)
    assert retrying.get_hosted_zone_count()["HostedZoneCount"] == 1


def test_one_change_at_a_time_refuses_until_insync(lab_factory):
    lab = lab_factory(["--rate", "0", "--one-change-at-a-time"],
                      zones={"example.com": ZONE, "b.test": "ZLAB2"})
    lab.fault("pending")
    change(lab, ("CREATE", EAST))
    code, message = refusal(change, lab, ("CREATE", WEST))
    assert code == "PriorRequestNotComplete" and "still processing a prior request" in message
    change(lab, ("CREATE", simple("a.b.test", "A", "192.0.2.1")), zone="ZLAB2")
    lab.heal()
    until(lambda: all(one["status"] == "INSYNC" for one in lab.state()["changes"]))
    change(lab, ("CREATE", WEST))


def test_deny_is_403_in_either_shape(shared_lab):
    shared_lab.fault("deny")
    assert refusal(zones(shared_lab))[0] == "AccessDenied"
    shared_lab.fault("deny", shape="root")
    reply = send(shared_lab, *signed(shared_lab))
    assert http_status(reply) == 403
    assert b"<AccessDeniedException><Message>User is not authorized" in reply
    shared_lab.fault("deny", code="ExpiredToken", message="The token has expired")
    assert refusal(zones(shared_lab)) == ("ExpiredToken", "The token has expired")


def test_an_error_may_come_in_the_old_shape(shared_lab):
    shared_lab.fault("old-error-shape")
    shared_lab.seed([epoch(1)])
    reply = post_xml(shared_lab, GOOD.replace("CREATE", "DELETE"))
    assert http_status(reply) == 400
    assert b"<InvalidChangeBatch xmlns=" in reply and b"<ErrorResponse" not in reply
    assert b"<Messages><Message>Tried to delete resource record set [name='www." in reply
    with pytest.raises(botocore.exceptions.ClientError):
        change(shared_lab, ("DELETE", EAST))


# -- applied or not, who knows --

@pytest.mark.parametrize("how", ["drop", "hang"])
def test_a_lost_reply_leaves_the_batch_applied(lab, how):
    lab.seed([epoch(1)])
    lab.fault("lose-reply", reply=how, count=1)
    seen = lab.last_seq()
    if how == "drop":
        with pytest.raises(LOST):
            change(lab, *to_epoch(2))
    else:
        threading.Thread(target=lambda: _swallow(change, lab, *to_epoch(2)), daemon=True).start()
    assert lab.wait_for_batch(seen)["verdict"] == "accepted"
    assert "epoch=2" in lab.fences()["g"]
    assert refusal(change, lab, *to_epoch(2))[0] == "InvalidChangeBatch"


def _swallow(call, *args):
    try:
        call(*args)
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
        pass


def test_a_blind_retry_after_a_lost_reply_reports_a_conflict_with_itself(lab):
    """Why a lost reply is never answered with the same batch again (rule C3)."""
    lab.seed([epoch(1)])
    lab.fault("lose-reply", count=1)
    code, message = refusal(change, lab, *to_epoch(2), attempts=3)
    assert code == "InvalidChangeBatch" and "epoch=2" in lab.fences()["g"]


def test_a_late_batch_is_applied_when_nothing_newer_came(lab):
    lab.seed([epoch(1)])
    lab.fault("late", seconds=0.5, count=1)
    seen, began = lab.last_seq(), time.monotonic()
    with pytest.raises(LOST):
        change(lab, *to_epoch(2))
    late = lab.state()["late"]
    assert [one["zone"] for one in late] == [ZONE] or time.monotonic() - began >= 0.5
    entry = lab.wait_for_batch(seen)
    assert time.monotonic() - began >= 0.5
    assert (entry["verdict"], entry["source"]) == ("accepted", "late")
    assert "epoch=2" in lab.fences()["g"] and lab.state()["late"] == []


def test_a_late_batch_meets_the_zone_as_it_is_then(lab):
    lab.seed([epoch(1), EAST])
    lab.fault("late", seconds=1, count=1)
    seen = lab.last_seq()
    with pytest.raises(LOST):
        change(lab, *to_epoch(2), ("DELETE", EAST), ("CREATE", dict(EAST, Weight=0)))
    change(lab, ("DELETE", epoch(1)), ("CREATE", epoch(3)))
    late = lab.wait_for_batch(seen, source="late")
    assert (late["verdict"], late["code"]) == ("refused", "InvalidChangeBatch")
    assert "epoch=3" in lab.fences()["g"] and lab.weights(PIZZA) == {"use1": 100}


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("fault, code", [("error500", 502), ("html", 503)])
def test_a_server_error_may_hide_an_applied_batch(shared_lab, fault, code, applied):
    shared_lab.fault(fault, status=code, applied=applied, count=1)
    with pytest.raises((botocore.exceptions.ClientError, botocore.parsers.ResponseParserError)):
        change(shared_lab, ("CREATE", EAST))
    assert shared_lab.weights(PIZZA) == ({"use1": 100} if applied else {})


def test_an_html_page_may_come_even_with_200(shared_lab):
    shared_lab.fault("html", status=200)
    reply = send(shared_lab, *signed(shared_lab))
    assert http_status(reply) == 200 and b"<html>" in reply and b"text/html" in reply


def test_xml_may_end_half_way(shared_lab):
    shared_lab.seed([EAST, WEST])
    whole = send(shared_lab, *signed(shared_lab)).partition(b"\r\n\r\n")[2]
    shared_lab.fault("truncated")
    head, _, body = send(shared_lab, *signed(shared_lab)).partition(b"\r\n\r\n")
    assert whole.startswith(body) and 0 < len(body) < len(whole)
    assert f"Content-Length: {len(body)}".encode() in head
    shared_lab.fault("truncated", mode="cut")
    head, _, body = send(shared_lab, *signed(shared_lab)).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(whole)}".encode() in head and len(body) < len(whole)


@pytest.mark.parametrize("when, shown", [("before", False), ("after", True)])
def test_slow_waits_before_or_after_it_executes(lab, when, shown):
    lab.fault("slow", seconds=1, when=when, operation="ChangeResourceRecordSets")
    began = time.monotonic()
    asker = threading.Thread(target=change, args=(lab, ("CREATE", EAST)))
    asker.start()
    until(lambda: lab.state()["faults"]["hits"].get("slow"))
    if shown:
        until(lambda: lab.weights(PIZZA))
    else:
        early = lab.weights(PIZZA)
        assert early == {} or time.monotonic() - began >= 1
    asker.join()
    assert time.monotonic() - began >= 1 and lab.weights(PIZZA) == {"use1": 100}


# -- changes that do not arrive --

def test_pending_changes_never_become_insync_until_healed(shared_lab):
    shared_lab.fault("pending")
    info = change(shared_lab, ("CREATE", EAST))
    later = time.monotonic() + 0.3
    while time.monotonic() < later:
        assert status(shared_lab, info) == "PENDING"
    assert PIZZA + "." not in [r["Name"] for r in shared_lab.call("GET", "/zone/ZLAB1")["visible"]]
    assert shared_lab.weights(PIZZA) == {"use1": 100}
    shared_lab.heal()
    until(lambda: status(shared_lab, info) == "INSYNC")


def test_stranded_changes_are_forgotten_and_the_epoch_goes_back(lab):
    lab.seed([epoch(1), EAST])
    kept = change(lab, *to_epoch(2))
    lab.fault("stranded")
    lost = change(lab, *to_epoch(3), ("DELETE", EAST), ("CREATE", dict(EAST, Weight=0)))
    assert "epoch=3" in lab.fences()["g"]
    lab.heal("stranded")
    assert "epoch=2" in lab.fences()["g"] and lab.weights(PIZZA) == {"use1": 100}
    assert refusal(status, lab, lost)[0] == "NoSuchChange"
    assert status(lab, kept) in ("PENDING", "INSYNC")
    assert lab.log()[-1]["verdict"] == "rolled-back"


def test_a_zone_can_be_rolled_back_by_a_number_of_changes(lab):
    lab.seed([epoch(1)])
    change(lab, *to_epoch(2))
    change(lab, *to_epoch(3))
    assert len(lab.human("rollback", changes=2)["forgotten"]) == 2
    assert "epoch=1" in lab.fences()["g"]
    with pytest.raises(LabError, match="has only 1 changes"):
        lab.human("rollback", changes=9)


def test_a_clock_off_shows_in_date_and_in_signatures(lab):
    lab.fault("clock", seconds=3600)
    reply = send(lab, *signed(lab))
    assert b"Signature expired" in reply
    hour = time.strftime("%a, %d %b %Y %H:", time.gmtime(time.time() + 3600)).encode()
    assert reply.count(b"\r\nDate: ") == 1 and b"Date: " + hour in reply
    assert http_status(send(lab, *signed(lab, skew_s=3600))) == 200


# -- hands in the zone --

def test_a_human_may_edit_a_weight_and_delete_a_fence(lab):
    lab.seed([EAST, WEST, epoch(1)])
    lab.human("weight", name=PIZZA, set="usw2", weight=5)
    assert lab.weights(PIZZA) == {"use1": 100, "usw2": 5}
    lab.human("delete_fence", group="g")
    assert lab.fences() == {}
    lab.human("fence", group="g", text="v=rs1 group=g epoch=9 by=human")
    assert lab.fences() == {"g": "v=rs1 group=g epoch=9 by=human"}
    lab.human("delete", name=PIZZA, type="A", set="use1")
    assert lab.weights(PIZZA) == {"usw2": 5}
    assert {entry["source"] for entry in lab.log()} == {"lab"}


@pytest.mark.parametrize("method, path, body, words", [
    ("PUT", "/faults/thunder", {}, "no fault is named 'thunder'"),
    ("DELETE", "/faults/thunder", None, "no fault is named 'thunder'"),
    ("PUT", "/faults/late", {}, "needs 'seconds'"),
    ("PUT", "/faults/late", {"seconds": -1}, "'seconds' must be from 0"),
    ("PUT", "/faults/late", {"seconds": "1"}, "'seconds' must be a number"),
    ("PUT", "/faults/late", {"seconds": 1, "minutes": 1}, "has no 'minutes'"),
    ("PUT", "/faults/down", {"mode": "up"}, "'mode' must be one of 503, reset"),
    ("PUT", "/faults/down", {"mode": "refuse", "count": 1}, "no 'count'"),
    ("PUT", "/faults/throttle", {"operation": "Nothing"}, "'operation' must be one"),
    ("PUT", "/faults/throttle", {"count": 1.5}, "'count' must be a whole number"),
    ("PUT", "/faults/throttle", [1], "must be a JSON object"),
    ("GET", "/zone/ZNONE", None, "no zone has the id or the name 'ZNONE'"),
    ("POST", "/zone/ZLAB1/paint", {}, "a zone has no 'paint'"),
    ("POST", "/zone/ZLAB1/weight", {"name": PIZZA, "weight": 1}, "0 record sets are"),
    ("POST", "/zone/ZLAB1/weight", {"name": PIZZA}, "'weight' is missing"),
    ("POST", "/zone/ZLAB1/records", {"Name": "x"}, "expected a JSON list"),
    ("POST", "/zone/ZLAB1/records", [{"Name": "x.example.com"}], "Missing required parameter"),
    ("POST", "/zone/ZLAB1/records", [dict(EAST, Weight="1")], "Invalid type for parameter"),
    ("POST", "/zone/ZLAB1/records", [dict(EAST, Weight=300)], "less than or equal to 255"),
    ("POST", "/zone/ZLAB1/batch", {"Changes": [1]}, "Invalid type for parameter"),
    ("POST", "/zone/ZLAB1/fence", {"group": "g", "text": '"'}, "no quotes"),
    ("GET", "/log?since=x", None, "must be numbers"), ("GET", "/nothing", None, "there is no GET")])
def test_a_bad_order_to_the_lab_is_refused_with_a_reason(shared_lab, method, path, body, words):
    with pytest.raises(LabError) as caught:
        shared_lab.call(method, path, body)
    assert words in str(caught.value)
    assert shared_lab.state()["faults"]["on"] == {}


def test_an_order_that_is_no_json_is_refused(shared_lab):
    for body in (b"{", b"\xff", b"[" * 100000):
        reply = send(shared_lab, "PUT", "/_lab/faults/throttle", body=body)
        assert http_status(reply) == 400 and b'"error"' in reply


def test_many_writers_at_once_are_played_one_after_another(lab):
    lab.seed([fence("g", "example.com", "epoch=0")])

    def race(number):
        mine = fence("g", "example.com", f"epoch=1 by={number}")
        _swallow(lambda: change(lab, ("DELETE", fence("g", "example.com", "epoch=0")),
                                ("CREATE", mine)))
    client(lab.endpoint)
    racers = [threading.Thread(target=race, args=(number,)) for number in range(12)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    verdicts = [entry["verdict"] for entry in lab.log() if entry["source"] == "api"]
    assert sorted(verdicts) == ["accepted"] + ["refused"] * 11
