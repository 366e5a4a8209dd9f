# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests: a whole stage, settled, with quick times."""

import pytest
from stage import Stage

QUICK = {"interval": 1, "timeout": 0.5, "retry": 0.1, "hold": 0, "stable": 1, "dwell": 2,
         "lease": 3}


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
