"""Whose words a whole-text save keeps: what the room knows of what each client has had."""

from __future__ import annotations

import pytest

from workroom.core.commands import Join, Origin, SaveText
from workroom.core.effects import Refuse
from workroom.core.events import EssayUpdated
from workroom.core.writers import FOLLOWED_FOR, REMEMBERED_FOR, SERVED_FOR
from workroom.errors import Conflict
from workroom.testing.scenario import EMMA, JANE, Person, Scenario

FOX = "Once upon a time there was a fox."
LONG = FOX + " And " + "then it ran and ran, " * 20 + "and slept."


@pytest.fixture
def essay() -> Scenario:
    return Scenario.essay(FOX)


def seq_of(person: Person) -> int:
    return person.told(EssayUpdated)[-1].seq


def head(essay: Scenario) -> str:
    text: str = essay.room.head.text  # type: ignore[union-attr]
    return text


def patch(essay: Scenario, content: str, base_seq: int | None = None) -> list[object]:
    """Jane saves by REST."""
    outcome = essay.submit(SaveText(content, base_seq=base_seq), Origin(JANE))
    return [effect.error for effect in outcome.effects if isinstance(effect, Refuse)]


# ---- clients that say what they wrote from -------------------------------------------------


def test_who_names_the_version_deletes_just_what_they_deleted_from_it(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    seq = seq_of(emma)
    jane.saves(FOX + " It ran.", base_seq=seq)
    emma.saves(FOX, base_seq=seq_of(emma))  # she has seen Jane's words, and wants them gone
    assert head(essay) == FOX
    jane.saves(FOX + " It ran. Fast.", base_seq=seq)
    assert head(essay) == FOX + " Fast."


def test_saves_that_follow_each_other_name_the_version_taken_last(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    seq = seq_of(emma)
    jane.saves("Jane: " + FOX, base_seq=seq)
    with essay.store_waiting():  # nothing is confirmed in between
        for text in (" It", " It ran", " It ran off"):
            emma.saves(FOX + text, base_seq=seq)
    assert head(essay) == "Jane: " + FOX + " It ran off"


def test_the_number_in_an_acknowledgement_names_the_text_that_was_saved(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    jane.saves("Jane: " + FOX)
    essay.passes(0.1)
    emma.answers = False
    jane.saves("Jane: Well! " + FOX)
    emma.saves("Jane: " + FOX + " It ran", base_seq=seq_of(emma) - 1)
    own = emma.acknowledged[-1].seq
    emma.saves("Jane: " + FOX + " It ran off", base_seq=own)
    assert head(essay) == "Jane: Well! " + FOX + " It ran off"


def test_a_version_that_is_not_there_yet_is_refused_by_name(essay: Scenario) -> None:
    emma = essay.join("emma")
    emma.saves("?", base_seq=seq_of(emma) + 1)
    [refusal] = emma.refusals
    assert isinstance(refusal, Conflict) and refusal.field == "base_seq"
    assert head(essay) == FOX


def test_a_version_too_old_to_be_followed_is_a_conflict_and_changes_nothing(
    essay: Scenario,
) -> None:
    jane = essay.join("jane")
    seq, text = seq_of(jane), FOX
    for number in range(5000):
        text = FOX + f" {number}"
        essay.submit(SaveText(text, base_seq=essay.room.head.seq), Origin(EMMA))
    jane.saves("Mine. " + FOX, base_seq=seq)
    [refusal] = jane.refusals
    assert isinstance(refusal, Conflict) and refusal.field == "base_seq"
    assert head(essay) == text


# ---- clients that say nothing -----------------------------------------------------------------


def test_what_cannot_have_arrived_yet_is_not_deleted_by_who_saves_without_it(
    essay: Scenario,
) -> None:
    """The text saved is the older version, as if the others' words had been deleted."""
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves(FOX + "!")
    essay.passes(5.0)
    emma.answers = False
    jane.saves(FOX + "! It ran.")
    emma.saves(FOX + "!!")
    emma.saves(FOX + "!")
    assert head(essay) == FOX + "! It ran."


def test_others_words_can_be_deleted_once_they_have_been_seen(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves(FOX + "!")
    essay.passes(5.0)
    jane.saves(FOX + "! It ran.")
    essay.passes(60.0)
    emma.saves(FOX + "!", cursor=len(FOX) + 1)
    assert head(essay) == FOX + "!"


def test_who_was_never_shown_the_text_adds_to_it_and_is_shown_it(essay: Scenario) -> None:
    essay = Scenario.essay(LONG)
    jane = essay.connect("jane").does(Join(quiet=True))
    jane.saves("Hello!")
    assert "Hello!" in head(essay) and LONG in head(essay)
    essay.passes(1.0)
    assert jane.text == head(essay)


def test_who_was_shown_the_text_may_replace_all_of_it() -> None:
    essay = Scenario.essay(LONG)
    jane = essay.join("jane")
    jane.saves("Hello!")
    assert head(essay) == "Hello!"


def test_a_text_that_never_arrived_counts_as_not_shown() -> None:
    essay = Scenario.essay(LONG)
    jane = essay.connect("jane")
    jane.answers = False
    jane.does(Join()).saves("Hello!")
    assert "Hello!" in head(essay) and LONG in head(essay)


def test_a_writer_who_rested_is_understood_from_the_latest_texts(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves(FOX + " It")
    essay.passes(FOLLOWED_FOR + 1)
    emma.answers = False
    for text in ("J: ", "Ja: ", "Jane: "):
        jane.saves(text + FOX + " It")
        essay.passes(3.0)
    emma.saves("Jane: " + FOX + " It ran")
    assert head(essay) == "Jane: " + FOX + " It ran"
    emma.saves("Jane: " + FOX + " It ran off")
    assert head(essay) == "Jane: " + FOX + " It ran off"


def test_a_text_that_came_before_the_state_was_asked_for_may_be_what_was_written_from(
    essay: Scenario,
) -> None:
    emma, jane = essay.join("emma"), essay.connect("jane").does(Join(quiet=True))
    jane.answers = False
    emma.saves(FOX + " It")
    emma.saves(FOX + " It ran.")
    jane.does(Join())  # while the first of them is on its way
    jane.saves("Jane: " + FOX + " It")
    assert head(essay) == "Jane: " + FOX + " It ran."


# ---- coming back ------------------------------------------------------------------------------


@pytest.mark.parametrize("seen", [True, False])
def test_who_comes_back_within_a_minute_goes_on_with_what_they_had(
    essay: Scenario, seen: bool
) -> None:
    """Whether the old connection was seen to break or not."""
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves(FOX + " It")
    essay.passes(5.0)
    emma.answers = False
    jane.saves("Jane: " + FOX + " It")
    if seen:
        emma.drops()
    essay.passes(20.0)
    jane.saves("Jane: " + FOX + " It will")
    again = essay.connect("emma").does(Join(quiet=True))
    again.saves(FOX + " It ran.")
    assert head(essay).startswith("Jane: " + FOX)
    assert "ran." in head(essay) and "will" in head(essay)


@pytest.mark.parametrize("seen", [True, False])
def test_who_had_only_read_goes_on_with_what_they_had(essay: Scenario, seen: bool) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    jane.saves(FOX + " It")
    if seen:
        emma.drops()
    jane.saves(FOX + " It ran off.")
    essay.join("emma").drops()  # a second attempt, at which nothing was saved either
    essay.passes(5.0)
    jane.saves(FOX + " It ran off. And I")
    essay.join("emma").saves("Emma: " + FOX + " It")
    assert head(essay) == "Emma: " + FOX + " It ran off. And I"


@pytest.mark.parametrize("seen", [True, False])
def test_who_had_rested_goes_on_with_what_they_had(essay: Scenario, seen: bool) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves(FOX + " It")
    essay.passes(FOLLOWED_FOR + 1)
    for text in (" It ran", " It ran off"):
        jane.saves(FOX + text)
        essay.passes(3.0)
    if seen:
        emma.drops()
    jane.saves(FOX + " It ran off. And I")
    essay.join("emma").saves("Emma: " + FOX + " It ran off")
    assert head(essay) == "Emma: " + FOX + " It ran off. And I"


def test_readers_are_not_remembered_for_ever(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.drops()
    essay.passes(REMEMBERED_FOR + 1)
    jane.saves(FOX + " It ran.")
    essay.join("emma").saves(FOX)
    assert head(essay) == FOX  # she was shown Jane's words first


def test_nobody_goes_on_with_what_somebody_else_had(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    jane.drops()
    emma.saves(FOX + " It ran.")
    essay.passes(5.0)
    essay.join("admin").saves(FOX)
    assert head(essay) == FOX


def test_nobody_is_remembered_for_ever(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves(FOX + " It")
    emma.drops()
    essay.passes(REMEMBERED_FOR + 1)
    jane.saves(FOX + " It ran.")
    essay.join("emma").saves(FOX + " It")
    assert head(essay) == FOX + " It"  # she was shown Jane's words first


# ---- REST -------------------------------------------------------------------------------------


def test_a_patch_is_taken_as_written_from_what_the_user_was_given(essay: Scenario) -> None:
    emma = essay.join("emma")
    essay.room.served(JANE, essay.clock.now())
    emma.saves("Emma: " + FOX)
    essay.passes(1.0)
    assert patch(essay, FOX + " It ran.") == []
    assert head(essay) == "Emma: " + FOX + " It ran."


def test_a_patch_can_name_a_version_that_nobody_was_sent(essay: Scenario) -> None:
    emma = essay.join("emma")
    emma.saves("Emma: " + FOX)
    seq = essay.room.head.seq
    emma.saves("Dear Emma: " + FOX)
    assert patch(essay, FOX + " It ran.", seq) == []
    assert head(essay) == "Dear " + FOX + " It ran."


def test_a_patch_by_somebody_who_never_read_the_essay_only_adds_to_it() -> None:
    essay = Scenario.essay(LONG)
    assert patch(essay, "Hello!") == []
    assert "Hello!" in head(essay) and LONG in head(essay)


def test_what_was_read_long_ago_is_no_base_any_longer() -> None:
    essay = Scenario.essay(LONG)
    essay.room.served(JANE, essay.clock.now())
    essay.passes(SERVED_FOR + 1)
    assert patch(essay, "Hello!") == []
    assert LONG in head(essay)
