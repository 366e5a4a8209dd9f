# SPDX-License-Identifier: Apache-2.0
"""How a story is read (story.py), and every story in the simulator alone, which needs no root."""

from pathlib import Path

import pytest
from programs import TOP, StageError
from story import SCENARIOS, Outcome, Story, incident_key, stories, table
from test_regions_scenarios import TIMING

TEXT = """scenario a-story
# the 5m in this comment stay, as does #short
about    What lasts 5m
#regions 5
#short   5m=20 1=3 6m=40

#lab at 0  partition 1 4 | 2 3 5
at 0     store cut #1    #sim
at 5m    site primary refuse
#lab on decided by #1  probe #1 pause 5m
#lab expect 5m..6m  batch refused
every 1 from 0 to 2.5: probe all kill ; probe all start
duration 6m
expect 0..5m    never shift
expect 5m..end  shift
expect end      weights us-east-1=0
#long expect 1..5m  alert store_away
"""


@pytest.fixture
def told(tmp_path):
    def tell(whole, text=TEXT):
        path = tmp_path / "a-story.scn"
        path.write_text(text)
        return Story(path, whole)
    return tell


def test_the_short_form_has_other_times_in_both_worlds(told):
    story = told(whole=False)
    assert story.duration == 40 and story.regions == 5
    assert [(one.at, one.words) for one in story.happenings if not one.fact] == [
        (0, "partition 1 4 | 2 3 5"), (0, "probe all kill"), (20, "site primary refuse")]
    assert "expect 0..20    never shift" in story.text
    assert "about    What lasts 5m" in story.text and "the 5m in this comment" in story.text
    assert [one.words for one in story.expectations] == ["batch refused", "never shift", "shift",
                                                         "weights us-east-1=0"]


def test_the_whole_form_is_as_written_with_what_takes_long(told):
    story = told(whole=True)
    assert story.duration == 360
    assert [(one.at, one.words) for one in story.happenings if "all" in one.words] == [
        (0, "probe all kill"), (1, "probe all start"), (2, "probe all kill")]
    last = story.expectations[-1]
    assert (last.words, last.begin, last.end, last.is_moment) == ("alert store_away", 1, 300, False)


def test_what_follows_by_itself_is_told_to_the_simulator_alone(told):
    story = told(whole=True)
    assert "store cut #1" in story.text
    assert not any("store cut" in one.words for one in story.happenings)


def test_a_moment_of_the_laboratory_is_a_fact_in_a_log(told):
    moment = next(one for one in told(whole=False).happenings if one.fact)
    assert (moment.fact, moment.by, moment.words) == ("decided", "#1", "probe #1 pause 20")


@pytest.mark.parametrize("line, says", [("#lab in 5 minutes  member leader kill", "neither at nor"),
                                        ("at soon store up", "no time"),
                                        ("expect later shift", "no time")])
def test_a_line_that_means_nothing_is_an_error(told, line, says):
    with pytest.raises(StageError, match=says):
        told(whole=True, text=TEXT + line + "\n")


def test_a_story_without_an_end_is_an_error(told):
    with pytest.raises(StageError, match="how long it lasts"):
        told(whole=True, text=TEXT.replace("duration 6m\n", ""))


def test_incidents_of_both_worlds_are_compared_by_what_both_know():
    assert incident_key("jwt-pizza.moved.e2") == "jwt-pizza.moved.e2"
    assert incident_key("store_set_back.e1812") == "store_set_back"
    assert incident_key("jwt-pizza.us-east-1.region_down") == "jwt-pizza.us-east-1.region_down"


def test_the_table_has_a_line_for_each_world():
    one, other = Outcome(moves=["0/100 0/100"], epochs=[2], pages=["jwt-pizza.moved.e2"]), Outcome()
    lines = table([["a-story", "7", one.cells(), other.cells()]])
    assert lines[1].split() == ["a-story", "laboratory", "7", "0/100", "0/100", "2", "100/0",
                                "100/0", "moved.e2"]
    assert lines[2].split() == ["simulator", "none", "-", "100/0", "100/0", "none"]


@pytest.mark.parametrize("whole", [False, True], ids=["short", "whole"])
@pytest.mark.parametrize("name", sorted(path.stem for path in SCENARIOS.glob("*.scn")))
def test_the_simulator_alone_holds_every_story(name, whole, tmp_path):
    story = Story(SCENARIOS / f"{name}.scn", whole)
    sets = [f"{'groups.*' if key in ('hold', 'stable', 'dwell') else 'checks'}.{key} {value}"
            for key, value in TIMING.items() if key != "lease"]
    sets += [f"store.lease {TIMING['lease']}", "quorum.owners 1"]
    story.text += "".join(f"set {line}\n" for line in sets)
    conf = Path(TOP) / "config" / f"jwt-pizza{'-five' if story.regions == 5 else ''}.conf"
    outcome = story.simulate(conf, tmp_path)
    assert outcome.epochs == list(range(2, 2 + len(outcome.epochs))), "epochs rise one by one"
    assert len(outcome.moves) <= 1 or name == "store-set-back"


def test_every_story_is_played_and_no_other():
    assert len(stories(False)) == len(stories(True)) == len(list(SCENARIOS.glob("*.scn"))) >= 15
