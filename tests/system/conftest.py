# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests: a whole stage, settled, with quick times."""

import pytest
from stage import Stage, sanitizer_env, sanitizer_reports

QUICK = {"interval": 1, "timeout": 0.5, "retry": 0.1, "hold": 0, "stable": 1, "dwell": 2,
         "lease": 3}


@pytest.fixture(autouse=True)
def no_sanitizer_reports(tmp_path, monkeypatch):
    """For programs that run beside a stage; a stage looks after its own."""
    for name, value in sanitizer_env(tmp_path).items():
        monkeypatch.setenv(name, value)
    yield
    assert not sanitizer_reports(tmp_path), "\n".join(sanitizer_reports(tmp_path))


@pytest.fixture
def make_stage():
    """Makes stages that are stopped at the end; options as of Stage."""
    stages = []

    def make(settle=True, **options):
        options.setdefault("lab_options", ["--rate", "0"])
        options["timing"] = dict(QUICK, **options.pop("timing", {}))
        stage = Stage(**options)
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
