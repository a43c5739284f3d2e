"""Whose words a whole-text save keeps: what the room knows of what each client has had."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from workroom.core.commands import Join, Origin, SaveText
from workroom.core.effects import Refuse
from workroom.core.entries import TextEdited
from workroom.core.essays.room import EssayRoom
from workroom.core.essays.state import evolve
from workroom.core.essays.text import EssayText, author_mark
from workroom.core.essays.writers import (
    FOLLOWED_FOR,
    LONGEST_TRIP,
    REMEMBERED_FOR,
    SERVED_FOR,
    TRIPS,
)
from workroom.core.events import EssayUpdated
from workroom.core.room import Glimpse
from workroom.core.text import Candidate, Mirror, YText
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


def test_a_word_keeps_its_emoji_when_the_word_that_had_it_before_goes() -> None:
    """Emma's word ends with the flag of the one in its place, which Jane deletes."""
    flag = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    essay = Scenario.essay(f"one old{flag} two")
    emma, jane = essay.join("emma"), essay.join("jane")
    seq = seq_of(emma)
    jane.saves("one two", base_seq=seq)
    emma.saves(f"one emma8{flag} two", base_seq=seq)
    assert head(essay) == f"one emma8{flag} two"


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


@pytest.mark.parametrize("pause", [0.5, 2.0, 20.0])
def test_a_page_that_saves_the_same_text_again_and_again_deletes_nothing_by_it(
    essay: Scenario, pause: float
) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves(FOX + "!", cursor=len(FOX) + 1)
    essay.passes(1.0)
    jane.saves(FOX + "! It ran.")
    for _ in range(10):
        essay.passes(pause)
        emma.saves(FOX + "!", cursor=len(FOX) + 1)
    assert head(essay) == FOX + "! It ran."


def test_who_saves_the_same_text_while_others_write_deletes_nothing_by_it(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves(FOX + "!")
    essay.passes(5.0)
    for words in ("! It", "! It ran", "! It ran off", "! It ran off."):
        jane.saves(FOX + words)
        essay.passes(3.0)
        emma.saves(FOX + "!")
        assert head(essay) == FOX + words


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


def test_a_slow_reader_who_saves_for_the_first_time_was_not_sent_what_waits(
    essay: Scenario,
) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    knows: Glimpse[Any] = essay.room.glimpse(emma.connection)
    emma.here = False  # what is told meanwhile does not reach her
    jane.saves("Jane: " + FOX)
    emma.saves(FOX + " It ran.")
    essay.passes(10.0)
    emma.here = True
    essay._perform(essay.room.catch_up(emma.connection, knows, essay.clock.now()))
    assert emma.text == head(essay) == "Jane: " + FOX + " It ran."


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


def test_the_state_asked_for_may_be_a_text_that_had_come_before_and_is_taken_anew(
    essay: Scenario,
) -> None:
    """What was deleted in between stands there again, and was not typed."""
    emma, jane = essay.join("emma"), essay.connect("jane").does(Join(quiet=True))
    jane.answers = False
    emma.saves(FOX + " It ran.")
    jane.does(Join())  # the text is on its way already, and comes twice
    essay.passes(0.3)
    jane.saves(FOX + " It")
    essay.room.arrived(jane.connection, 1, essay.clock.now())
    essay.passes(0.3)
    jane.saves(FOX + " It ran. Off!")
    assert head(essay) == FOX + " It Off!"


def test_who_asked_for_the_state_twice_may_write_from_either(essay: Scenario) -> None:
    """Emma's page took the second copy late, over the word that she had typed meanwhile."""
    emma = essay.join("emma").does(Join())
    assert len(emma.told(EssayUpdated)) == 2
    essay.passes(0.05)
    emma.saves(FOX + " It ran.")
    essay.passes(0.5)
    emma.saves("Emma: " + FOX)
    assert head(essay) == "Emma: " + FOX + " It ran."


def test_of_the_states_asked_for_the_first_may_be_all_that_has_come(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.connect("jane")
    emma.saves(FOX + " It")
    jane.answers = False
    jane.does(Join())
    emma.saves(FOX + " It ran.")
    jane.does(Join())
    essay.room.arrived(jane.connection, 1, essay.clock.now())
    jane.saves("Jane: " + FOX + " It")
    assert head(essay) == "Jane: " + FOX + " It ran."
    essay.room.arrived(jane.connection, 2, essay.clock.now())
    essay.passes(1)
    jane.saves("Jane: " + FOX + " It")
    assert head(essay) == "Jane: " + FOX + " It ran."


def test_a_text_that_came_right_before_a_save_may_not_have_been_looked_at_by_then(
    essay: Scenario,
) -> None:
    """A pong comes from the network, and the page may be busy: Emma took the one before it."""
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves(FOX + " It")
    essay.passes(1)
    jane.saves("Yes! " + FOX + " It")
    taken = emma.text
    essay.passes(0.4)
    jane.saves("Yes! Now " + FOX + " It")
    assert emma.text == head(essay)
    essay.passes(0.04)
    emma.saves(FOX + " It ran")
    essay.passes(0.6)
    emma.saves(taken + " Fast.")
    assert "Now" in head(essay)
    assert "ran" in head(essay) and "Fast." in head(essay)


def test_a_link_that_took_long_takes_long_for_what_is_sent_next(essay: Scenario) -> None:
    """Nobody asks who only reads whether a text has come; the state took twelve seconds."""
    emma, jane = essay.connect("emma"), essay.join("jane")
    emma.answers = False
    emma.does(Join())
    essay.passes(1)
    jane.saves("Jane: " + FOX)
    jane.saves(FOX)
    essay.passes(11)
    essay.room.arrived(emma.connection, 1, essay.clock.now())
    emma.saves(FOX + " It ran.")
    emma.saves("Jane: " + FOX + " And jumped.")
    assert "It ran." in head(essay) and "And jumped." in head(essay)


def test_who_was_sent_one_text_twice_may_write_from_it_twice(essay: Scenario) -> None:
    """Emma's page kept the second copy for a pause, and took it over the word typed meanwhile."""
    emma, jane = essay.join("emma"), essay.join("jane")
    jane.saves("Jane: " + FOX)
    emma.does(Join())
    assert [told.content for told in emma.told(EssayUpdated)][-2:] == ["Jane: " + FOX] * 2
    essay.passes(0.05)
    emma.saves("Jane: " + FOX + " It ran.")
    essay.passes(0.5)
    emma.saves("Emma: Jane: " + FOX)
    assert head(essay) == "Emma: Jane: " + FOX + " It ran."


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


@pytest.mark.parametrize("named", [True, False])
def test_two_tabs_of_one_person_are_two_writers(essay: Scenario, named: bool) -> None:
    first, second = essay.join("emma"), essay.join("emma")
    seq = seq_of(first) if named else None
    first.answers = second.answers = False
    first.saves(FOX + " First.", base_seq=seq)
    second.saves("Second. " + FOX, base_seq=seq)
    assert head(essay) == "Second. " + FOX + " First."


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


@pytest.mark.parametrize("durable", [True, False])
def test_who_breaks_off_twice_goes_on_with_the_state_given_in_between(
    essay: Scenario, durable: bool
) -> None:
    """It has the number of their own save, merged; or a lower one, when that is not durable yet."""
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves(FOX + " It")
    jane.saves(LONG + " It")  # held: Emma types
    essay.waiting = not durable
    emma.saves(FOX + " It barked.")
    emma.drops()
    again = essay.join("emma")
    state = again.text
    essay.waiting = False
    essay.commit()
    essay.passes(5.0)
    jane.saves(jane.text.replace("a fox", "a red fox"))
    again.drops()
    essay.connect("emma").does(Join(quiet=True)).saves("Emma: " + state)
    assert ("barked" in state) == durable
    assert head(essay) == "Emma: " + LONG.replace("a fox", "a red fox") + " It barked."


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


# ---- where the room has forgotten, or lost, how a text came to be ----------------------------


def forgets_its_past(essay: Scenario, writer: Person, text: str) -> None:
    """So much is written into the essay that the room remembers nothing of before."""
    essay.passes(1)
    for letter in "abcdefghi":
        writer.saves(f"{letter * 480_000} {text}")
    writer.saves(text)


@pytest.mark.parametrize("named", [True, False])
def test_who_was_not_heard_of_for_long_goes_on_with_their_own_text(
    essay: Scenario, named: bool
) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    seq = seq_of(jane) if named else None
    jane.answers = False
    jane.saves(FOX + " It ran", base_seq=seq)
    forgets_its_past(essay, emma, "Emma: " + FOX + " It ran")
    for more in (" off", " off and"):
        jane.saves(FOX + " It ran" + more, base_seq=seq)
    assert jane.refusals == [] and head(essay) == "Emma: " + FOX + " It ran off and"


def read_back(essay: Scenario, checkpoint: int) -> None:
    """The room starts again from the log, where a checkpoint stands after that entry."""
    room, ytext, mirror = essay.room, YText(client_id=8), Mirror(seq=1)
    for entry in essay.log:
        if isinstance(entry.fact, TextEdited):
            ytext.apply(entry.fact.update)
            mirror.commit(entry.seq, entry.fact.change, author_mark(entry.actor))
        if entry.seq == checkpoint:
            mirror = Mirror(mirror.text, authors=mirror.authors, seq=mirror.seq)
    assert isinstance(room, EssayRoom)
    stored = room.confirmed
    for entry in essay.log[stored.seq :]:
        stored = evolve(stored, entry)
    room.restore(stored, EssayText.of(ytext, mirror))


def test_what_was_held_is_not_deleted_when_the_room_starts_again_at_a_checkpoint(
    essay: Scenario,
) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    jane.saves(FOX + " It ran")
    emma.saves("Emma: " + FOX + " It ran")
    essay.room.rewind()
    read_back(essay, checkpoint=essay.log[-1].seq)
    jane.saves(FOX + " It ran off")
    assert head(essay) == "Emma: " + FOX + " It ran off"


def test_saves_that_were_stored_although_each_was_refused_are_not_merged_twice(
    essay: Scenario,
) -> None:
    emma = essay.join("emma")
    essay.waiting = True
    for text in (" It", " It ran"):
        emma.saves(FOX + text)
    for _ in range(2):  # each of the two commits says that it failed
        essay.room.rewind()
    essay.waiting = False
    read_back(essay, checkpoint=1)
    emma.saves(FOX + " It ran off")
    assert head(essay) == FOX + " It ran off"


@pytest.mark.parametrize("saved_again", [True, False])
def test_who_came_back_before_their_save_was_lost_goes_on_from_what_is_in_the_log(
    essay: Scenario, saved_again: bool
) -> None:
    jane = essay.join("jane")
    jane.saves(FOX + " It")
    essay.passes(5)
    durable = essay.room.confirmed.seq
    essay.waiting = True
    jane.saves(FOX + " It ran")
    jane.drops()
    back = essay.join("jane")
    if saved_again:
        back.saves(FOX + " It ran off")
    undone = essay.room.rewind()
    essay.room.retrace()
    del essay.log[durable:]
    essay.waiting = False
    for others in ("Zebras! Zebras! " + FOX + " It", "Zebras! Zebras! " + FOX + " It hid"):
        seq = essay.room.confirmed.seq  # what another node stored in its place
        essay.submit(SaveText(others, base_seq=seq), Origin(EMMA))
    for command, origin in undone:
        if origin.connection == back.connection:
            essay.submit(command, origin)
    back.saves(FOX + " It ran off fast")
    assert back.refusals == []
    assert head(essay) == "Zebras! Zebras! " + FOX + " It ran off fast hid"


def test_a_page_that_saves_the_same_text_again_and_again_fills_no_memory(essay: Scenario) -> None:
    emma = essay.join("emma")

    def texts_kept() -> int:
        gc.collect()
        return sum(isinstance(each, Candidate) for each in gc.get_objects())

    emma.saves(FOX + " It ran")
    essay.passes(5)
    before = texts_kept()
    for _ in range(100):
        emma.saves(FOX + " It ran")
        essay.passes(2)
    assert texts_kept() < before + 20


# ---- confirmations ---------------------------------------------------------------------------


def told_after(essay: Scenario, person: Person) -> float:
    """Seconds until somebody is told of their own save."""
    before, since = len(person.told(EssayUpdated)), essay.clock.now().tick
    while len(person.told(EssayUpdated)) == before:
        essay.passes(0.25)
    return essay.clock.now().tick - since


def test_a_first_save_is_confirmed_as_soon_as_any_however_long_ago_its_author_came(
    essay: Scenario,
) -> None:
    emma = essay.join("emma")
    essay.passes(60)
    for text in (" It", " It ran"):
        emma.saves(FOX + text)
        assert told_after(essay, emma) == pytest.approx(essay.room.rules.confirm_after, abs=0.3)
        essay.passes(60)


def test_a_first_save_over_a_slow_link_is_confirmed_as_late_as_any(essay: Scenario) -> None:
    emma = essay.connect("emma")
    emma.answers = False
    emma.does(Join())
    essay.passes(0.5)
    essay.room.arrived(emma.connection, 1, essay.clock.now())
    emma.saves(FOX + " It")
    late = essay.room.rules.confirm_after + TRIPS * 0.5
    assert told_after(essay, emma) == pytest.approx(late, abs=0.3)
    emma.does(Join(since=essay.room.confirmed.seq))  # she has that: no link was measured
    emma.saves(FOX + " It ran")
    assert told_after(essay, emma) == pytest.approx(late, abs=0.3)


def test_a_pong_that_comes_very_late_does_not_put_confirmations_off_for_ever(
    essay: Scenario,
) -> None:
    emma = essay.join("emma")
    emma.answers = False
    emma.saves(FOX + " It")
    told_after(essay, emma)
    essay.passes(1000)
    essay.room.arrived(emma.connection, 10**6, essay.clock.now())
    emma.saves(FOX + " It ran")
    longest = essay.room.rules.confirm_after + TRIPS * LONGEST_TRIP
    assert told_after(essay, emma) == pytest.approx(longest, abs=0.3)
