"""Simulated pages over slow links: what merging promises, whatever the schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from bench.merging.scenarios import KINDS, SCENARIOS, Scenario
from bench.merging.world import Way, World
from bench.mixed.people import PARTS
from hypothesis import example, given, settings
from hypothesis import strategies as st

THAT_TAKE_A_TEXT_WHOLE = [kind for kind in KINDS if kind != "merging"]
"""What a page has made of a text that it merged by itself is never told, also with a base."""

_STALL = 1.5
"""Seconds from one time that an overloaded server reads to the next."""

scenarios = st.builds(
    Scenario,
    about=st.just("drawn"),
    kinds=st.lists(st.sampled_from(THAT_TAKE_A_TEXT_WHOLE), min_size=1, max_size=3).map(tuple),
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
    ("replace-word", 5000000, "base_seq"),  # a version before the first save counted as replaced
    ("ten-clients", 6000006, "plain"),  # what the first save was written from was forgotten
    ("replace-word", 5100002, "base_seq"),  # words put in by who had never put in any
    ("replace-word", 7000057, "base_seq"),  # who repeats a deletion taken for one who merges
    ("no-caret", 7000070, "plain"),  # a version not taken yet, as its text was there before
    ("no-caret", 7000094, "plain"),  # proof that came after the save counted against all others
    ("merging", 5000004, "base_seq"),  # what others deleted taken for the page's own deletions
    ("same-site", 91000177, "base_seq"),  # own words under a version taken for deleted in it
    ("six-deleting", 91000103, "base_seq"),  # the same, beside a deletion that was repeated
    ("anything", 91000166, "base_seq"),  # own words in a version taken for typed again
    ("merging", 91000082, "base_seq"),  # words that a page put elsewhere taken for moved
    ("flush", 92000013, "base_seq"),  # a letter taken for an own word in a version
    ("never", 91000164, "base_seq"),  # two words for one, with its first and last letters
    ("replace-word", 91000168, "plain"),  # the same
    ("flush", 92000016, "plain"),  # of two equal versions, the newer was still to be taken
    ("flush", 92000118, "plain"),  # a word that a version brought taken for typed
    ("lone-pausing", 95000049, "plain"),  # a first confirmation that did not wait for the link
    ("two-elsewhere", 95000094, "plain"),  # own words in a version taken for the page's doing
    ("two-elsewhere", 95000126, "plain"),  # the same
    ("two-elsewhere", 95000145, "plain"),  # the same, where another word came in their place
    ("lone-pausing", 88000423, "plain"),  # letters typed where the caret had slipped to
    ("lone-pausing", 88002211, "base_seq"),  # the same
    ("late", 507, "plain"),  # what crossed a first save for long taken for what it was made of
    ("late", 511, "plain"),  # the same
]


@pytest.mark.parametrize(("name", "seed", "way"), ONCE_FAILED)
def test_a_schedule_that_once_failed_loses_nothing(name: str, seed: int, way: Way) -> None:
    tally = World(SCENARIOS[name], seed, way).run()
    assert (tally.lost, tally.doubled, tally.diverged) == (0, 0, 0)


class Overloaded(World):
    """A server that gets to its messages late, and then reads many of each connection at once."""

    def _travel(self, client: int, way: str, latency: float, action: Callable[[], object]) -> None:
        def read() -> None:
            action()
            self._set_alarm()

        def wait() -> None:
            self.after(_STALL - self.now % _STALL, read)

        super()._travel(client, way, latency, action if way == "down" else wait)


@settings(max_examples=40)
@given(scenarios, seeds)
def test_a_server_that_is_slow_loses_and_doubles_nothing_either(
    scenario: Scenario, seed: int
) -> None:
    tally = Overloaded(scenario, seed, "base_seq").run()
    assert (tally.lost, tally.doubled, tally.missing, tally.diverged) == (0, 0, 0, 0)


class Adorned(World):
    """People whose words have emoji, flags and marks in them, and begin and end alike."""

    def new_word(self) -> str:
        parts = self.chance.choices(PARTS, k=self.chance.randint(1, 3))
        parts.insert(self.chance.randint(0, len(parts)), super().new_word())
        return "".join(parts)


@settings(max_examples=60)
@given(scenarios, seeds)
@example(SCENARIOS["same-site"], 1)
@example(SCENARIOS["six-deleting"], 19)
def test_words_with_emoji_are_kept_as_whole_as_any(scenario: Scenario, seed: int) -> None:
    tally = Adorned(scenario, seed, "base_seq").run()
    assert (tally.lost, tally.doubled, tally.missing, tally.diverged) == (0, 0, 0, 0)


def test_a_seed_gives_the_same_schedule_again() -> None:
    assert World(SCENARIOS["anything"], 7).run() == World(SCENARIOS["anything"], 7).run()


def test_the_count_sees_what_the_last_save_overwrites() -> None:
    tally = World(SCENARIOS["replace-word"], 7, "last save wins").run()
    assert tally.lost > tally.words / 2 and tally.missing > tally.letters / 2
