# SPDX-License-Identifier: Apache-2.0
"""What the bench of checks rests on: its target sees and counts what comes, its settings have every
endpoint once, and its tables say what the rows say. No speed is judged here."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BENCH = TOP / "tests" / "bench"
sys.path[:0] = [str(BENCH), str(TOP / "tests" / "system")]
import costs  # noqa: E402
from contestants import (Blackbox, Cannot, Gdnsd, HAProxy, Job, Ours, lateness,  # noqa: E402
                         numbers_of, sockets_max)
from programs import BUILD  # noqa: E402
from settings_of_many import write_settings  # noqa: E402
from targets import Target, address_of, figures_of  # noqa: E402

WAIT_S = 60
QUESTION = b"GET /health HTTP/1.1\r\nHost: h.example\r\n\r\n"


@pytest.fixture(name="target")
def a_target():
    target = Target([])
    yield target
    target.stop()


def knock(port, address="127.1.0.1", timeout=WAIT_S):
    return socket.create_connection((address, port), timeout)


def ask(s, question=QUESTION):
    """Asks, and reads one whole answer."""
    s.sendall(question)
    answer = b""
    while b'{"status":"ok"}' not in answer:
        got = s.recv(4096)
        assert got, answer
        answer += got
    return answer


# ---- the target ----

def test_the_target_counts_questions_by_address(target):
    target.begin("http", 0.5)
    for address in "127.1.0.1", "127.1.1.0", "127.1.0.1":
        with knock(target.port, address) as s:
            assert ask(s).startswith(b"HTTP/1.1 200 OK\r\n")
    assert target.seen() == 2
    seen = target.end()
    assert (seen["count"], seen["addresses"], seen["intervals"]) == (3, 2, 1)
    assert seen["interval_us"]["p50"] == seen["interval_us"]["max"] > 0
    assert seen["jitter_us"]["max"] == abs(500000 - seen["interval_us"]["max"])


def test_a_question_in_pieces_is_one_and_a_connection_may_stay(target):
    target.begin("http", 1)
    with knock(target.port) as s:
        for piece in (QUESTION[:10], QUESTION[10:-3], QUESTION[-3:-1]):
            s.sendall(piece)
            time.sleep(0.05)    # so that it arrives by itself; if it does not, nothing is lost
        ask(s, QUESTION[-1:])
        ask(s)
        ask(s, QUESTION.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert s.recv(1) == b"", "asked for one answer more, it closes after that"
    assert target.end()["count"] == 3


def test_connections_are_counted_when_they_are_what_is_asked(target):
    target.begin("tcp", 1)
    with knock(target.port), knock(target.port, "127.1.0.2"):
        assert target.wait_seen(2, WAIT_S)
        assert target.end()["count"] == 2


def test_what_was_seen_before_the_beginning_is_forgotten(target):
    target.begin("http", 1)
    with knock(target.port) as s:
        ask(s)
        target.begin("http", 1)
        assert target.seen() == 0
        ask(s)
    seen = target.end()
    assert (seen["count"], seen["intervals"]) == (1, 0)


def test_the_hole_says_nothing_at_all(target):
    with pytest.raises(TimeoutError):
        knock(target.hole, timeout=0.5)


def test_the_target_tells_which_orders_it_knows(target):
    for order in "begin", "begin everything 5", "begin requests x", "stop":
        assert target.order(order).startswith("error: "), order


# ---- the floor ----

def test_the_bare_loop_asks_each_in_turn_and_counts_the_silent(target):
    target.begin("http", 0.2)
    with subprocess.Popen([BUILD / "tests/bench/bare", "http", "3", "200", str(target.port), "1",
                           str(target.hole)], stdout=subprocess.PIPE, text=True) as bare:
        assert target.wait_seen(2, WAIT_S)
        for _ in range(5):
            target.begin("http", 0.2)
            assert target.wait_seen(2, WAIT_S), "the next round: by now the hole was asked, too"
        bare.send_signal(signal.SIGTERM)
        words = bare.communicate(timeout=WAIT_S)[0].split()
    good, bad = int(words[1]), int(words[3])
    seen = target.end()
    assert seen["addresses"] == 2, "the third is the hole"
    assert good >= 1 and bad >= 1 and good + bad >= 5 * 2 + 1


@pytest.mark.parametrize("arguments", [
    [], ["udp", "1", "1000", "80"], ["http", "0", "1000", "80"], ["http", "1", "x", "80"],
    ["http", "1", "1000", "65536"], ["http", "1", "1000", "80", "2", "81"]])
def test_the_bare_loop_refuses_what_it_cannot_do(arguments):
    done = subprocess.run([BUILD / "tests/bench/bare", *arguments], capture_output=True, text=True,
                          check=False, timeout=WAIT_S)
    assert done.returncode == 2 and done.stderr.startswith("usage: ")


# ---- settings ----

@pytest.mark.parametrize("count", [2, 3, 700])
def test_settings_of_many_have_every_endpoint_once(tmp_path, count):
    checks = [f'url = "http://{address_of(k)}:8080/health"; body = "ok";' for k in range(count)]
    path = tmp_path / "many.conf"
    shape, why = write_settings(path, BUILD / "regionshiftd", checks, {
        "folder": tmp_path, "listen": "127.0.0.1:1", "interval": 1, "timeout": 0.5})
    assert shape, why
    assert sorted(re.findall(r"http://(127\.1\.[0-9.]+):", path.read_text())) == sorted(
        address_of(k) for k in range(count))


def test_settings_that_are_refused_say_why(tmp_path):
    shape, why = write_settings(tmp_path / "many.conf", BUILD / "regionshiftd",
                                ['url = "nonsense";'] * 2, {
        "folder": tmp_path, "listen": "127.0.0.1:1", "interval": 1, "timeout": 0.5})
    assert shape is None and "nonsense" in why or "url" in why


def test_endpoints_follow_each_other():
    assert [address_of(k) for k in (0, 254, 255, 65535)] == [
        "127.1.0.1", "127.1.0.255", "127.1.1.0", "127.2.0.0"]


@pytest.mark.parametrize("kind", ["https", "resumed"])
def test_ours_asks_over_tls_by_name_at_an_address(kind, tmp_path):
    class AnyTarget:
        class certificate:      # pylint: disable=invalid-name
            authority = "/ca.crt"
    text = Ours(tmp_path, []).check_text(Job(kind, 2, 1), "127.1.0.1", 8443, AnyTarget)
    assert 'address = "127.1.0.1"' in text and 'ca_file = "/ca.crt"' in text
    assert ('connection = "resumed"' in text) == (kind == "resumed")


def test_who_is_silent_may_be_called_down_and_nobody_else(tmp_path):
    """Six endpoints at four sites: the two that are left over are each a site's second check."""
    ours = Ours(tmp_path, [])
    ours.regions, ours.site_count = 2, 4
    ours.metrics = lambda: {}
    ours.program = type("Program", (), {"said": staticmethod(lambda: "".join(
        f"ts=x level=info fact=verdict site=s{site // 2}/r{site % 2} state={state} was=up\n"
        for site, state in ((0, "down"), (0, "up"), (1, "down"), (2, "up"))))})
    assert ours.beliefs(Job("http", 6, 1, 1)) == {"down": 1, "silent_down": 1}
    assert ours.beliefs(Job("http", 6, 1, 2)) == {"down": 0, "silent_down": 2}
    assert ours.beliefs(Job("http", 6, 1)) == {"down": 2, "silent_down": 0}


def test_lateness_is_the_bound_that_so_many_kept():
    page = "# HELP of it\n" + "".join(
        f'regionshift_check_start_lateness_seconds_bucket{{le="{bound}"}} {count}\n'
        for bound, count in (("0.001", 50), ("0.005", 98), ("0.01", 99), ("+Inf", 100))
    ) + "regionshift_check_start_lateness_seconds_count 100\n"
    assert lateness(numbers_of(page), 99) == 0.01
    assert lateness(numbers_of(page), 50) == 0.001
    assert lateness(numbers_of(page), 100) is None, "one kept no bound at all"
    assert lateness({}, 99) is None


# ---- what each can do ----

def test_who_takes_whole_seconds_gets_more_endpoints_for_the_same_rate(tmp_path):
    job = Gdnsd(tmp_path, []).fit(Job("http", 1000, 1, 200))
    assert (job.count, job.interval_s, job.holes) == (2000, 2, 400)


def test_who_cannot_have_so_many_sockets_gets_fewer_endpoints_for_the_same_rate(tmp_path):
    most = sockets_max()
    for interval_s in 1, 5:
        job = HAProxy(tmp_path, []).fit(Job("http", 2 * most, interval_s, most // 2))
        assert (job.count, job.interval_s, job.holes) == (most, interval_s / 2, most // 4)
    job = Gdnsd(tmp_path, []).fit(Job("http", 2 * most, 5))
    assert job.interval_s == 2 and job.count == round(2 * most / 5 * 2) <= most
    assert Gdnsd(tmp_path, []).fit(Job("http", 4 * most, 1)).count == most


def test_who_cannot_do_a_kind_says_so(tmp_path):
    for who, kind in ((Gdnsd(tmp_path, []), "https"), (HAProxy(tmp_path, []), "https"),
                      (Blackbox(tmp_path, [], []), "resumed")):
        with pytest.raises(Cannot, match=kind):
            who.fit(Job(kind, 10, 1))


# ---- figures and tables ----

def test_intervals_of_a_log_are_taken_address_by_address():
    seen = figures_of([("a", 0.0), ("b", 0.4), ("a", 1.0), ("b", 1.5), ("a", 2.2)], 3.0, 1)
    assert (seen["count"], seen["addresses"], seen["intervals"]) == (5, 2, 3)
    assert seen["interval_us"] == {"p1": 1e6, "p50": 1.1e6, "p99": 1.2e6, "max": 1.2e6}
    assert seen["jitter_us"]["p50"] == 1e5 and seen["jitter_us"]["max"] == 2e5


def row(peer, run, cpu_us, **more):
    percentiles = {"p1": 0, "p50": 1000, "p99": 5000, "max": 9000}
    return {"part": "cost", "run": run, "peer": peer, "rate": 1000, "wanted": "http",
            "wanted_endpoints": 1000, "kind": "http", "endpoints": 1000, "interval_s": 1,
            "seconds": 2.0, "count": 2000, "cpu_ns": cpu_us * 1000 * 2000, "user_ticks": 10,
            "system_ticks": 30, "resident_kb": 6000, "intervals": 1000, "jitter_us": percentiles,
            "interval_us": percentiles, "down": 0, **more}


def table_row(text, peer):
    return next([cell.strip() for cell in line.split("|")] for line in text.splitlines()
                if f"| {peer} |" in line)


def test_ratios_are_of_two_in_the_same_run():
    """The machine was half as fast in the second run: the ratio does not see it."""
    rows = [row("regionshift", 1, 40), row("bare", 1, 50), row("regionshift", 2, 80),
            row("bare", 2, 100), row("regionshift", 3, 45), row("bare", 3, 50)]
    text = costs.tables(rows)
    assert table_row(text, "bare")[-2] == "0.80 (0.80 to 0.90)"
    assert table_row(text, "bare")[4] == "50.0", "the median of 50, 100 and 50"
    assert table_row(text, "regionshift")[-2] == ""
    assert text.startswith("Medians of 3 runs")


def test_the_load_of_the_machine_is_told():
    text = costs.tables([row("bare", 1, 40, load=3.25), row("bare", 2, 40, load=0.9)])
    assert "Load of the machine meanwhile: 0.9 to 3.2" in text


def test_a_run_without_ours_has_no_ratio():
    text = costs.tables([row("regionshift", 1, 40), row("bare", 2, 50)])
    assert table_row(text, "bare")[-2] == ""


def test_an_endpoint_s_memory_is_what_it_adds():
    base = {**row("bare", 0, 10), "part": "base", "endpoints": 2, "resident_kb": 1000}
    assert table_row(costs.tables([base, row("bare", 1, 50)]), "bare")[6] == "5.00"
    assert table_row(costs.tables([row("bare", 1, 50)]), "bare")[6] == "", "without a base, nothing"


def test_nothing_done_and_nothing_seen_are_said():
    text = costs.tables([row("regionshift", 1, 0, count=0, intervals=0, down=3)])
    cells = table_row(text, "regionshift")
    assert cells[3:5] == ["0", ""] and cells[7:9] == ["not seen", "3"]


# ---- the whole ----

def test_a_short_bench_gives_rows_and_a_table(tmp_path):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("a bench needs a core for the checker and one for its target")
    raw, report = tmp_path / "raw.jsonl", tmp_path / "report.md"
    command = [BENCH / "checks", "--parts", "cost", "--kinds", "http,tcp", "--rates", "50",
               "--peers", "regionshift,bare", "--runs", "1", "--seconds", "1", "--interval", "0.2"]
    done = subprocess.run([*command, "--raw", raw, "--report", report], capture_output=True,
                          text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in raw.read_text().splitlines()]
    assert {(r["part"], r["peer"], r["kind"]) for r in rows if r["count"] > 0} >= {
        ("cost", peer, kind) for peer in ("regionshift", "bare") for kind in ("http", "tcp")}
    assert all(r["cpu_ns"] > 0 and r["resident_kb"] > 0 for r in rows)
    again = subprocess.run([BENCH / "checks", "--from", raw], capture_output=True, text=True,
                           check=True, timeout=60).stdout
    assert again.strip() == report.read_text().strip() == done.stdout.strip()
    assert re.search(r"\| bare \|.*\d\.\d\d \(", again)
    marks = "<!-- made by tests/bench/checks -->\n", "<!-- end of what it made -->\n"
    report.write_text("before\n" + marks[0] + "old\n" + marks[1] + "after\n")
    subprocess.run([BENCH / "checks", "--from", raw, "--report", report], check=True, timeout=60,
                   stdout=subprocess.DEVNULL)
    assert report.read_text() == "before\n" + marks[0] + again.rstrip("\n") + "\n" + marks[1] + (
        "after\n")


def test_a_part_that_does_not_exist_is_refused():
    done = subprocess.run([BENCH / "checks", "--parts", "cost,speed"], capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == 2 and "speed" in done.stderr and "holes" in done.stderr
