"""Who comes back with a number is told what they missed, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from workroom.core.backlog import MOST_MISSED, Backlog
from workroom.core.commands import ChangeFeedback, DeleteFeedback, Join, Origin, SetRight
from workroom.core.entries import Entry, RightSet, TextEdited
from workroom.core.events import (
    EssayUpdated,
    Event,
    FeedbackRemoved,
    FeedbackUpdated,
    NewFeedback,
    ProjectUpdated,
    Subscribed,
    TypingStarted,
    UserJoined,
)
from workroom.core.people import Right
from workroom.core.text import Change
from workroom.ids import UserId
from workroom.testing.scenario import EMMA, MIKE, Person, Scenario

FOX = "Once upon a time there was a fox."


def entry(seq: int) -> Entry:
    return Entry(seq, UserId(1), 0, RightSet(UserId(seq), None))


def back(essay: Scenario, name: str, since: int) -> list[Event]:
    """What somebody is told who comes back, without who is present and who types."""
    person = essay.connect(name).does(Join(since=since))
    return [event for event in person.heard if not isinstance(event, UserJoined | TypingStarted)]


def seqs(events: list[Event]) -> list[int]:
    return [event.seq for event in events if hasattr(event, "seq")]


# ---- the backlog ---------------------------------------------------------------------------------


def test_a_backlog_knows_what_came_after_a_number() -> None:
    backlog = Backlog(4)
    for seq in (5, 6, 7):
        backlog.add(entry(seq))
    assert backlog.after(5) == [entry(6), entry(7)]
    assert backlog.after(7) == []
    assert backlog.after(4) == [entry(5), entry(6), entry(7)]
    assert backlog.after(3) is None and backlog.after(8) is None


def test_a_backlog_has_no_gaps() -> None:
    backlog = Backlog(4)
    with pytest.raises(ValueError, match="does not follow 4"):
        backlog.add(entry(6))


def test_a_backlog_is_bounded() -> None:
    backlog = Backlog(0)
    for seq in range(1, MOST_MISSED + 10):
        backlog.add(entry(seq))
    assert backlog.floor == 9 and backlog.after(8) is None
    assert len(backlog.after(9) or ()) == MOST_MISSED


def test_older_entries_can_be_taken_in_as_far_as_they_fit() -> None:
    backlog = Backlog(2000, [entry(2000)])
    backlog.reach_back([entry(seq) for seq in range(500, 2001)])
    assert backlog.floor == 2000 - MOST_MISSED
    missed = backlog.after(backlog.floor)
    assert missed is not None
    assert [each.seq for each in missed] == list(range(backlog.floor + 1, 2001))


def test_of_an_edit_only_that_it_happened_is_kept() -> None:
    backlog = Backlog(0)
    backlog.add(Entry(1, UserId(1), 0, TextEdited(Change.of(0, [(0, 0, "x" * 9999)]), b"y" * 9999)))
    [kept] = backlog.after(0) or []
    assert isinstance(kept.fact, TextEdited) and (kept.fact.change.after, kept.fact.update) == (
        0,
        b"",
    )


# ---- essays --------------------------------------------------------------------------------------


@pytest.fixture
def essay() -> Scenario:
    return Scenario.essay(FOX)


def test_who_missed_nothing_is_told_just_that(essay: Scenario) -> None:
    emma = essay.join("emma")
    seq = emma.told(EssayUpdated)[-1].seq
    assert back(essay, "jane", seq) == [Subscribed(essay.room.id, seq, True, Right.EDIT)]


def test_missed_texts_are_folded_into_the_last_one(essay: Scenario) -> None:
    emma = essay.join("emma")
    since = essay.room.confirmed.seq
    for text in ("A ", "AB ", "ABC "):
        emma.saves(text + FOX)
    answer, update = back(essay, "jane", since)
    assert isinstance(answer, Subscribed) and (answer.seq, answer.recovered) == (since + 3, True)
    assert isinstance(update, EssayUpdated)
    assert (update.seq, update.content) == (since + 3, "ABC " + FOX)


def test_what_was_missed_comes_in_its_order(essay: Scenario) -> None:
    emma = essay.join("emma")
    before = emma.comments(0, 4, "Moved by the edit")
    since = essay.room.confirmed.seq
    first = emma.comments(5, 9)
    emma.saves("Well. " + FOX)
    gone = emma.comments(None, None)
    emma.does(DeleteFeedback(gone))
    emma.does(ChangeFeedback(first, comment="Better"))
    events = back(essay, "jane", since)
    assert seqs(events[1:]) == sorted(seqs(events[1:]))
    added, update, *moved, removed, changed = events[1:]
    assert isinstance(added, NewFeedback) and isinstance(update, EssayUpdated)
    assert isinstance(removed, FeedbackRemoved) and removed.feedback_id == gone
    assert isinstance(changed, FeedbackUpdated) and changed.feedback.comment == "Better"
    assert {e.feedback.id: e.feedback.start for e in moved if isinstance(e, FeedbackUpdated)} == {
        before: 6,
        first: 11,
    }


def test_highlights_before_the_first_edit_are_not_told_again(essay: Scenario) -> None:
    emma = essay.join("emma")
    essay.passes(60)
    emma.comments(0, 4)
    since = essay.room.confirmed.seq
    emma.saves(FOX + " It ran.")
    assert [type(event) for event in back(essay, "jane", since)] == [Subscribed, EssayUpdated]


def test_between_what_was_missed_and_what_is_live_there_is_no_gap_and_no_double(
    essay: Scenario,
) -> None:
    emma = essay.join("emma")
    since = essay.room.confirmed.seq
    emma.saves("A " + FOX)
    with essay.store_waiting():
        emma.saves("AB " + FOX)
        jane = essay.connect("jane").does(Join(since=since))
        [update] = jane.told(EssayUpdated)
        assert update.content == "A " + FOX
    assert [u.content for u in jane.told(EssayUpdated)] == ["A " + FOX, "AB " + FOX]
    assert [u.seq for u in jane.told(EssayUpdated)] == [since + 1, since + 2]


@pytest.mark.parametrize("ahead", [1, 10**9])
def test_a_number_that_was_never_given_gets_the_whole_state(essay: Scenario, ahead: int) -> None:
    emma = essay.join("emma")
    emma.comments(0, 4)
    emma.comments(None, None)
    seq = essay.room.confirmed.seq
    events = back(essay, "jane", seq + ahead)
    assert [type(event) for event in events] == [
        Subscribed,
        EssayUpdated,
        NewFeedback,
        NewFeedback,
    ]
    assert events[0] == Subscribed(essay.room.id, seq, False, Right.EDIT)


def test_who_knows_nothing_is_given_everything(essay: Scenario, project: Scenario) -> None:
    """Also where the log is so short that all of it could be told."""
    answer, *events = back(essay, "jane", 0)
    assert isinstance(answer, Subscribed) and not answer.recovered
    assert [type(event) for event in events] == [EssayUpdated]
    answer, *events = back(project, "mike", 0)
    assert isinstance(answer, Subscribed) and not answer.recovered
    assert isinstance(events[0], ProjectUpdated) and events[0].changes["title"] == "Title"


def test_who_is_present_is_told_either_way(essay: Scenario) -> None:
    essay.join("emma")
    for since in (0, essay.room.confirmed.seq):
        jane = essay.connect("jane").does(Join(since=since))
        assert {e.user.username for e in jane.told(UserJoined)} >= {"emma", "jane"}


def test_who_says_what_they_have_is_understood_from_that(essay: Scenario) -> None:
    """A first save that deletes much needs a sign that the client had the text."""
    long = FOX + " And so on, and on." * 20
    emma = essay.join("emma")
    emma.saves(long)
    seq = essay.room.confirmed.seq
    jane: Person = essay.connect("jane")
    jane.answers = False
    jane.does(Join(since=seq)).saves(FOX)
    state: Any = essay.room.head
    assert state.text == FOX


def test_nobody_is_told_that_something_moved_before_they_know_of_it(essay: Scenario) -> None:
    emma = essay.join("emma")
    essay.passes(60)
    since = essay.room.confirmed.seq
    emma.saves("Well. " + FOX)
    emma.comments(0, 4)
    events = back(essay, "jane", since)
    assert [type(event) for event in events] == [Subscribed, EssayUpdated, NewFeedback]


def highest(person: Person) -> int:
    return max(seqs(person.heard))


@pytest.mark.parametrize("away", [1, 100])
def test_text_that_was_held_is_told_to_who_saw_a_later_number(essay: Scenario, away: int) -> None:
    """Feedback is told to somebody in mid-typing, and the text before it is not yet."""
    emma, jane, sarah = essay.join("emma"), essay.join("jane"), essay.join("sarah")
    essay.passes(60)
    emma.saves(FOX + " It ran")
    jane.saves("Hear: " + FOX)
    sarah.comments(None, None)
    since = highest(emma)
    assert emma.text == FOX and since == essay.room.confirmed.seq
    emma.drops()
    essay.passes(away)
    emma = essay.connect("emma").does(Join(since=since))
    assert emma.text == f"Hear: {FOX} It ran"
    emma.saves(f"Hear: {FOX} It ran.")
    state: Any = essay.room.head
    assert state.text == f"Hear: {FOX} It ran."


def test_who_did_not_type_missed_no_text(essay: Scenario) -> None:
    jane, mike = essay.join("jane"), essay.join("mike")
    essay.join("emma").saves(FOX + " It ran.")
    jane.saves("Hear: " + FOX)
    mike.drops()
    assert [type(event) for event in back(essay, "mike", highest(mike))] == [Subscribed]


@pytest.mark.parametrize("later", [0, 100])
def test_moves_that_had_not_been_told_are_told_to_who_comes_back(
    essay: Scenario, later: int
) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    item = emma.comments(5, 9)
    essay.passes(60)
    emma.saves("A " + FOX)
    emma.saves("A B " + FOX)
    assert [e.feedback.start for e in jane.told(FeedbackUpdated)] == [7]
    since = highest(jane)
    jane.drops()
    essay.passes(2)
    if later:
        essay.passes(later)
        emma.comments(None, None)
    moved = [e for e in back(essay, "jane", since) if isinstance(e, FeedbackUpdated)]
    assert [(e.feedback.id, e.feedback.start) for e in moved] == [(item, 9)]


def test_the_entries_shortly_before_one_are_told_as_far_as_they_are_here() -> None:
    backlog = Backlog(0)
    for seq in range(1, 7):
        backlog.add(replace(entry(seq), at=seq * 100))
    assert [each.seq for each in backlog.shortly_before(5, 200) or ()] == [3, 4, 5]
    assert len(backlog.shortly_before(2, 10**6) or ()) == 2 and backlog.shortly_before(0, 9) == []
    late = Backlog(6, [replace(entry(seq), at=seq * 100) for seq in (5, 6)])
    assert late.shortly_before(6, 10**6) is None and late.shortly_before(4, 1) is None
    assert [each.seq for each in late.shortly_before(6, 50) or ()] == [6]


# ---- projects ------------------------------------------------------------------------------------


def test_a_project_repeats_each_change(project: Scenario) -> None:
    jane = project.join("jane")
    since = project.room.confirmed.seq
    jane.changes(title="New")
    project.submit(SetRight(EMMA, Right.EDIT), Origin(jane.user))
    jane.changes(metadata={"a": 1})
    answer, first, second = back(project, "mike", since)
    assert answer == Subscribed(project.room.id, since + 3, True, Right.EDIT)
    assert isinstance(first, ProjectUpdated) and isinstance(second, ProjectUpdated)
    assert (first.changes, second.changes) == ({"title": "New"}, {"metadata": {"a": 1}})
    assert (first.seq, second.seq) == (since + 1, since + 3)


def test_a_project_gives_its_whole_state_to_who_knows_nothing_of_it(project: Scenario) -> None:
    answer, state = back(project, "mike", 10**6)
    assert isinstance(answer, Subscribed) and not answer.recovered
    assert isinstance(state, ProjectUpdated)
    assert set(state.changes) == {"title", "description", "status", "metadata"}


@pytest.fixture
def project() -> Scenario:
    return Scenario.project()


def test_nobody_comes_back_without_the_right_to(project: Scenario) -> None:
    project.submit(SetRight(MIKE, None), Origin(project.join("jane").user))
    mike = project.connect("mike").does(Join(since=0))
    assert mike.heard == [] and len(mike.refusals) == 1
