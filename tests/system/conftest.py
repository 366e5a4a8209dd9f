# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests, with quick times: a whole stage, settled; regions that can be cut
apart, settled."""

import os
from pathlib import Path

import cells
import pytest
from programs import StageError
from regions import Regions, why_not
from stage import Stage, sanitizer_env, sanitizer_reports
from story import markdown, table

QUICK = {"interval": 1, "timeout": 0.5, "retry": 0.1, "hold": 0, "stable": 1, "dwell": 2,
         "lease": 3}


def pytest_configure(config):
    cells.register(config)


def pytest_collection_modifyitems(items):
    cells.note(items)


@pytest.fixture(autouse=True)
def no_sanitizer_reports(tmp_path, monkeypatch):
    """For programs that run beside a stage; a stage looks after its own."""
    for name, value in sanitizer_env(tmp_path).items():
        monkeypatch.setenv(name, value)
    yield
    assert not sanitizer_reports(tmp_path), "\n".join(sanitizer_reports(tmp_path))


@pytest.fixture
def make_stage():
    """Makes stages that are stopped at the end; options as of Stage. kind: a class of them; more:
    further changes of the settings."""
    stages = []

    def make(settle=True, kind=Stage, more=(), **options):
        options.setdefault("lab_options", ["--rate", "0"])
        options["timing"] = dict(QUICK, **options.pop("timing", {}))
        stage = kind(**options)
        stage.more += more
        stages.append(stage)
        stage.start()
        if settle:
            stage.settle()
        return stage
    yield make
    for stage in stages:
        stage.stop()


@pytest.fixture
def stage(make_stage):
    """Two regions, three daemons, settled: every site agreed up, stable, the fence at epoch 1."""
    return make_stage()


def pytest_terminal_summary(terminalreporter):
    """What the stories did in the laboratory and in the simulator (test_regions_scenarios.py); in
    markdown in the file STORIES, if it is set."""
    cells.write(terminalreporter.stats)
    rows = {value[0]: value for reports in terminalreporter.stats.values() for report in reports
            for name, value in getattr(report, "user_properties", ()) if name == "two worlds"}
    if rows:
        terminalreporter.section("two worlds")
        for line in table(rows[name] for name in sorted(rows)):
            terminalreporter.write_line(line)
    if rows and "STORIES" in os.environ:
        Path(os.environ["STORIES"]).write_text(markdown(rows[name] for name in sorted(rows)))


class Laboratories:
    """One of each size, made when it is first wanted, used again by many tests."""

    def __init__(self):
        self.labs = {}

    def of(self, count, **options):
        """As if nobody had been there before, without daemons; options of Regions.reset."""
        options["timing"] = dict(QUICK, **options.get("timing", {}))
        if count in self.labs:
            self.labs[count].reset(**options)
        else:
            self.labs[count] = Regions(count, **options).start_without_daemons()
        return self.labs[count]

    def close(self):
        for lab in self.labs.values():
            lab.stop()


@pytest.fixture(scope="session")
def laboratories():
    reason = why_not()
    if reason:
        pytest.skip(f"no laboratory of regions: {reason}")
    labs = Laboratories()
    yield labs
    labs.close()


@pytest.fixture
def make_regions(laboratories):
    """make_regions(count=3, settle=True, daemons=True, **options of Regions.reset): regions as if
    nobody had been there before. What a daemon does wrong at its end fails the test."""
    used = []

    def make(count=3, settle=True, daemons=True, **options):
        lab = laboratories.of(count, **options)
        used.append(lab)
        if daemons:
            lab.daemons_start()
            if settle:
                lab.settle()
        return lab
    yield make
    failed = [problem for lab in used for problem in lab.rest()]
    if failed:
        raise StageError("\n".join(failed))


@pytest.fixture
def regions3(make_regions):
    """Three regions, 80 ms of round trip apart, settled: every site agreed up, the fence at 1."""
    return make_regions(3)


@pytest.fixture
def regions5(make_regions):
    """The same with five regions, of which the first two serve."""
    return make_regions(5)
