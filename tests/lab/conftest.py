# SPDX-License-Identifier: Apache-2.0
"""Fixtures around the lab, for its own tests and for system tests.

    lab           a lab for one test: zone example.com = ZLAB1, no rate limit
    lab_factory   lab_factory(options=[...], zones={...}): as many more as the test wants
    shared_lab    one lab for all tests of a session, emptied before each test (fast)
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from labctl import Lab  # noqa: E402

QUICK = ["--rate", "0", "--insync-delay", "0.05"]


@pytest.fixture
def lab_factory(tmp_path):
    """Starts labs; all are ended with the test, and none may have written to stderr."""
    labs = []

    def start(options=None, **kwargs):
        kwargs.setdefault("log", tmp_path / f"lab{len(labs)}.log")
        lab = Lab(options=QUICK if options is None else options, **kwargs)
        lab.log_path = kwargs["log"]
        labs.append(lab)
        return lab.start()
    yield start
    said = [lab.stop() for lab in labs]
    assert not any(said), "the lab wrote to stderr: " + "\n".join(said)


@pytest.fixture
def lab(lab_factory):
    return lab_factory()


@pytest.fixture(scope="session")
def _session_lab(tmp_path_factory):
    lab = Lab(zones={"example.com": "ZLAB1", "sub.example.com": "ZLAB2"}, options=QUICK,
              log=tmp_path_factory.mktemp("lab") / "lab.log")
    lab.start()
    yield lab
    said = lab.stop()
    assert not said, "the lab wrote to stderr: " + said


@pytest.fixture
def shared_lab(_session_lab):
    _session_lab.heal()
    for zone in _session_lab.zones.values():
        _session_lab.replace([], zone)
    return _session_lab
