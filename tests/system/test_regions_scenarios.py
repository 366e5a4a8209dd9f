# SPDX-License-Identifier: Apache-2.0
"""Each scenario of scenarios/*.scn in two worlds: in the laboratory of regions, on real etcd over a
network that can be cut, and in the simulator, under the same settings. Both have to hold what it
expects, and to end alike: the same moves, the same epochs, the same pages. A table says it.

The short forms are played by `make check-system`, the whole ones by `make check-system LONG=1`."""

import os

import pytest
from acting import Acting, Ears
from story import stories

WHOLE = os.environ.get("LONG", "0") not in ("", "0")
TIMING = {"interval": 1, "timeout": 0.8, "retry": 0.1, "hold": 1, "stable": 1, "dwell": 3,
          "lease": 4}
OPTIONS = {"tls": True, "timing": TIMING}
STORIES = sorted(stories(WHOLE), key=lambda story: story.regions)

@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_both_worlds_end_alike(story, make_regions, tmp_path, record_property):
    ears = Ears()
    lab = make_regions(story.regions, daemons=False, **OPTIONS)
    lab.heard = ears
    simulated = story.simulate(lab.conf(lab.probe(1)), tmp_path)
    lab.daemons_start()
    lab.settle()
    acting = Acting(story, lab, ears, simulated, whole=WHOLE)
    played = acting.play()
    record_property("two worlds", [story.name, f"{acting.now():.0f}", played.cells(),
                                   simulated.cells()])
    print(acting.diary())       # pytest shows it when something failed
    assert not acting.failed, "\n".join(acting.failed)
    lab.check_log()
    assert played == simulated, f"\nlaboratory: {played}\nsimulator:  {simulated}"
