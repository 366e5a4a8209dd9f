# SPDX-License-Identifier: Apache-2.0
"""Each scenario of scenarios/*.scn in two worlds: in the laboratory of regions, on real etcd over a
network that can be cut, and in the simulator, under the same settings. Both have to hold what it
expects, and to end alike: the same moves, the same epochs, the same pages. A table says it.

The short forms are played by `make check-system`, the whole ones by `make check-system LONG=1`."""

import os
import sys

import pytest
from acting import Acting, Ears
from regions import Regions, why_not
from story import stories

WHOLE = os.environ.get("LONG", "0") not in ("", "0")
TIMING = {"interval": 1, "timeout": 0.8, "retry": 0.1, "hold": 1, "stable": 2, "dwell": 3,
          "lease": 3}
OPTIONS = {"tls": True, "timing": TIMING}
STORIES = sorted(stories(WHOLE), key=lambda story: story.regions)

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


class Stages:
    """One laboratory at a time, kept as long as the next story needs one of the same size."""

    def __init__(self):
        self.lab = None
        self.ears = Ears()

    def of(self, count):
        if self.lab is not None and len(self.lab.numbers) != count:
            self.close()
        if self.lab is None:
            self.lab = Regions(count=count, heard=self.ears, **OPTIONS)
            self.lab.start_without_daemons()
        else:
            self.lab.reset(**OPTIONS)
        return self.lab

    def close(self):
        lab, self.lab = self.lab, None
        if lab is not None:
            lab.stop()


@pytest.fixture(scope="module")
def stages():
    made = Stages()
    yield made
    made.close()


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_both_worlds_end_alike(story, stages, tmp_path, record_property):
    lab = stages.of(story.regions)
    simulated = story.simulate(lab.conf(lab.probe(1)), tmp_path)
    try:
        lab.daemons_start()
        lab.settle()
        acting = Acting(story, lab, stages.ears, simulated, whole=WHOLE)
        played = acting.play()
        record_property("two worlds", [story.name, played.text(), simulated.text(),
                                       f"{acting.now():.0f}"])
        assert not acting.failed, "\n".join(acting.failed) + "\n" + lab.tail(40)
        lab.check_log()
        assert played == simulated, f"\nlaboratory: {played.text()}\nsimulator:  {simulated.text()}"
    except BaseException:
        print(lab.tail(60), file=sys.stderr)
        stages.close()              # the next story begins with a new one
        raise
