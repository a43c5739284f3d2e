"""Simulated pages over slow links: what merging promises, whatever the schedule."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bench.merging.scenarios import KINDS, SCENARIOS, Scenario
from bench.merging.world import Way, World
from hypothesis import given, settings
from hypothesis import strategies as st

scenarios = st.builds(
    Scenario,
    about=st.just("drawn"),
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=3).map(tuple),
    clients=st.integers(1, 6).map(lambda count: (count, count)),
    latency=st.sampled_from([(0.005, 0.04), (0.01, 0.5)]),
    delays=st.lists(st.sampled_from([0.0, 0.1, 0.3, 1.0]), min_size=1).map(tuple),
    debounced=st.booleans(),
    essay=st.sampled_from([1, 10, 60]),
    elsewhere=st.sampled_from([0.1, 0.5]),
    deleting=st.sampled_from([0.0, 1.0, 2.0]),
    same_place=st.booleans(),
    carets=st.booleans(),
    for_=st.just(6.0),
)
seeds = st.integers(0, 10**6)


@settings(max_examples=60)
@given(scenarios, seeds)
def test_who_says_what_the_text_was_written_from_loses_and_doubles_nothing(
    scenario: Scenario, seed: int
) -> None:
    tally = World(scenario, seed, "base_seq").run()
    assert (tally.lost, tally.doubled, tally.missing, tally.diverged) == (0, 0, 0, 0)


@settings(max_examples=60)
@given(scenarios, seeds, st.booleans())
def test_all_end_with_the_same_text(scenario: Scenario, seed: int, keystrokes: bool) -> None:
    assert World(replace(scenario, keystrokes=keystrokes), seed).run().diverged == 0


@settings(max_examples=40)
@given(scenarios, seeds, st.sampled_from([0.0, 0.1, 0.3, 1.0]))
def test_a_lone_writer_loses_nothing_letter_by_letter(
    scenario: Scenario, seed: int, delay: float
) -> None:
    alone = replace(scenario, clients=(1, 1), kinds=("replace",), keystrokes=True, delays=(delay,))
    tally = World(alone, seed).run()
    assert (tally.lost, tally.doubled, tally.back) == (0, 0, 0)


# Each of these lost or doubled a word once; what did it is told beside it.
ONCE_FAILED: list[tuple[str, int, Way]] = [
    ("replace-word", 10004, "plain"),  # an own word taken for typed again
    ("replace-word", 10037, "plain"),  # a caret before what was inserted taken for being at it
    ("same-site", 10008, "plain"),  # three words deleted far from the caret
    ("same-site", 10032, "plain"),  # the same, at the wrong end of a replacement
    ("lan", 10032, "plain"),  # another's word taken for typed
    ("no-caret", 10022, "plain"),  # the same, where no caret tells
    ("resend", 10023, "plain"),  # a version that came while the page was waiting to save
    ("two-elsewhere", 10021, "plain"),  # two words deleted or one: as likely
    ("same-site", 1000112, "base_seq"),  # a word that became another one with the same ends
]


@pytest.mark.parametrize(("name", "seed", "way"), ONCE_FAILED)
def test_a_schedule_that_once_failed_loses_nothing(name: str, seed: int, way: Way) -> None:
    tally = World(SCENARIOS[name], seed, way).run()
    assert (tally.lost, tally.doubled, tally.diverged) == (0, 0, 0)


def test_a_seed_gives_the_same_schedule_again() -> None:
    assert World(SCENARIOS["anything"], 7).run() == World(SCENARIOS["anything"], 7).run()


def test_the_count_sees_what_the_last_save_overwrites() -> None:
    tally = World(SCENARIOS["replace-word"], 7, "last save wins").run()
    assert tally.lost > tally.words / 2 and tally.missing > tally.letters / 2
