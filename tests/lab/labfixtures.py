# SPDX-License-Identifier: Apache-2.0
"""pytest fixtures around the lab. A conftest.py elsewhere puts tests/lab on sys.path and says
`from labfixtures import lab, lab_factory`.

    lab           a lab for one test: zone example.com = ZLAB1, no rate limit
    lab_factory   lab_factory(options=[...], zones={...}): as many more as the test wants
    shared_lab    one lab for all tests of a session, emptied before each test (fast)
"""

import pytest

from labctl import Lab

QUICK = ["--rate", "0", "--insync-delay", "0.05"]


@pytest.fixture
def lab_factory(tmp_path):
    """Starts labs; all are ended with the test, and none may have written to stderr."""
    labs = []

    def start(options=None, **kwargs):
        kwargs.setdefault("log", tmp_path / f"lab{len(labs)}.log")
        lab = Lab(options=QUICK if options is None else options, **kwargs)
        lab.start()
        labs.append(lab)
        return lab
    yield start
    said = [lab.stop() for lab in labs]
    assert not any(said), "the lab wrote to stderr: " + "\n".join(said)


@pytest.fixture
def lab(lab_factory):
    return lab_factory()


@pytest.fixture(scope="session")
def session_lab(tmp_path_factory):
    lab = Lab(zones={"example.com": "ZLAB1", "sub.example.com": "ZLAB2"}, options=QUICK,
              log=tmp_path_factory.mktemp("lab") / "lab.log")
    yield lab.start()
    lab.stop()


@pytest.fixture
def shared_lab(session_lab):
    session_lab.heal()
    for zone in session_lab.zones.values():
        session_lab.replace([], zone)
    before = session_lab.said()
    yield session_lab
    assert session_lab.said() == before, "the lab wrote to stderr"
