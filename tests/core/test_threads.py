"""What people do with feedback: change, delete, reply, resolve, reopen; and who hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from workroom.core.commands import (
    ChangeFeedback,
    ChangeReply,
    DeleteFeedback,
    DeleteReply,
    ReplyFeedback,
    SetRight,
)
from workroom.core.effects import Send
from workroom.core.essays.state import evolve, first_state
from workroom.core.events import FeedbackRemoved, FeedbackShown, FeedbackUpdated, ReplyShown
from workroom.core.feedback import FeedbackType
from workroom.core.limits import RoomRules
from workroom.core.people import Right
from workroom.core.room import Glimpse
from workroom.errors import NotFound, PermissionDenied, TooLarge
from workroom.ids import FeedbackId, ReplyId
from workroom.testing.scenario import EMMA, JANE, MIKE, SARAH, Person, Scenario

TEXT = "Once upon a time there was a fox."


@pytest.fixture
def essay() -> Scenario:
    return Scenario.essay(TEXT)


def last(person: Person) -> FeedbackShown:
    return person.told(FeedbackUpdated)[-1].feedback


def replied(person: Person, feedback: FeedbackId, comment: str = "Done") -> ReplyId:
    person.does(ReplyFeedback(feedback, comment))
    return ReplyId(person.acknowledged[-1].details["reply_id"])


def refused(person: Person, command: Any) -> Any:
    person.does(command)
    return person.refusals[-1]


def thread(person: Person) -> tuple[ReplyShown, ...]:
    return last(person).replies or ()


def test_a_reply_reaches_everybody_with_its_author_and_its_id(essay: Scenario) -> None:
    emma, sarah, mike = essay.join("emma"), essay.join("sarah"), essay.join("mike")
    feedback = sarah.comments(0, 4)
    reply = replied(emma, feedback, "I added the survey")
    for person in (emma, sarah, mike):
        [shown] = thread(person)
        assert (shown.id, shown.comment, shown.author) == (reply, "I added the survey", EMMA)
        assert last(person).id == feedback
    assert reply == essay.log[-1].seq


def test_replies_stand_in_their_order_and_no_id_comes_twice(essay: Scenario) -> None:
    emma, sarah = essay.join("emma"), essay.join("sarah")
    feedback = sarah.comments(None, None)
    ids = [replied(emma, feedback, "1"), replied(sarah, feedback, "2")]
    emma.does(DeleteReply(feedback, ids[0]))
    ids.append(replied(emma, feedback, "3"))
    assert [(shown.id, shown.comment) for shown in thread(emma)] == [(ids[1], "2"), (ids[2], "3")]
    assert len(set(ids)) == 3


def test_resolving_says_who_and_when_and_reopening_takes_it_back(essay: Scenario) -> None:
    emma, sarah = essay.join("emma"), essay.join("sarah")
    feedback = sarah.comments(0, 4)
    emma.does(ChangeFeedback(feedback, resolved=True))
    assert (last(sarah).resolved_by, last(sarah).resolved_at) == (EMMA, essay.clock.now().wall)
    sarah.does(ChangeFeedback(feedback, resolved=False))
    assert (last(emma).resolved_by, last(emma).resolved_at) == (None, None)


def test_resolving_what_is_resolved_is_harmless_and_tells_nobody(essay: Scenario) -> None:
    emma, sarah = essay.join("emma"), essay.join("sarah")
    feedback = sarah.comments(0, 4)
    emma.does(ChangeFeedback(feedback, resolved=True))
    entries = len(essay.log)
    for person in (emma, sarah):
        person.forgets().does(ChangeFeedback(feedback, resolved=True), "again")
    assert emma.heard == sarah.heard == [] and len(essay.log) == entries
    assert [answer.origin.request_id for answer in sarah.acknowledged] == ["again"]
    assert essay.room.confirmed.feedback[feedback].resolved_by == EMMA.id  # type: ignore[union-attr]


def test_two_who_resolve_at_once_are_told_once(essay: Scenario) -> None:
    emma, sarah = essay.join("emma"), essay.join("sarah")
    feedback = sarah.comments(0, 4)
    with essay.store_waiting():
        emma.does(ChangeFeedback(feedback, resolved=True))
        sarah.does(ChangeFeedback(feedback, resolved=True))
    assert len(emma.told(FeedbackUpdated)) == 1
    assert last(sarah).resolved_by == EMMA


def test_nothing_is_told_of_a_reply_before_it_is_durable(essay: Scenario) -> None:
    emma, sarah = essay.join("emma"), essay.join("sarah")
    feedback = sarah.comments(0, 4)
    emma.forgets()
    with essay.store_waiting():
        sarah.does(ReplyFeedback(feedback, "Hm"))
        assert emma.heard == [] and sarah.acknowledged[-1].details.keys() == {"feedback_id"}
    assert [shown.comment for shown in thread(emma)] == ["Hm"]


@pytest.mark.parametrize(
    "command",
    [
        ChangeFeedback(FeedbackId(9), comment="x"),
        ChangeFeedback(FeedbackId(9), resolved=True),
        ChangeFeedback(FeedbackId(9), resolved=False),
        DeleteFeedback(FeedbackId(9)),
        ReplyFeedback(FeedbackId(9), "x"),
        ChangeReply(FeedbackId(9), ReplyId(9), "x"),
        DeleteReply(FeedbackId(9), ReplyId(9)),
    ],
)
def test_what_was_deleted_is_not_found_and_viewers_do_not_learn_even_that(
    essay: Scenario, command: Any
) -> None:
    sarah, mike = essay.join("sarah"), essay.join("mike")
    error = refused(sarah, command)
    assert isinstance(error, NotFound) and error.field == "feedback_id"
    error = refused(mike, command)
    assert error.message == "You don't have permission to comment on this essay"


def test_a_reply_that_is_gone_is_not_found(essay: Scenario) -> None:
    sarah = essay.join("sarah")
    feedback = sarah.comments(0, 4)
    reply = replied(sarah, feedback)
    sarah.does(DeleteReply(feedback, reply))
    for command in (ChangeReply(feedback, reply, "x"), DeleteReply(feedback, reply)):
        error = refused(sarah, command)
        assert isinstance(error, NotFound) and error.field == "reply_id"


def test_whoever_may_comment_replies_resolves_and_reopens(essay: Scenario) -> None:
    emma = essay.join("emma")
    feedback = emma.comments(0, 4)
    for name in ("emma", "jane", "sarah", "admin"):
        person = essay.join(name)
        replied(person, feedback)
        person.does(ChangeFeedback(feedback, resolved=True))
        person.does(ChangeFeedback(feedback, resolved=False))
        assert person.refusals == []
    assert len(thread(emma)) == 4


def test_only_its_author_and_the_owners_change_or_delete_a_reply(essay: Scenario) -> None:
    emma, jane, sarah = essay.join("emma"), essay.join("jane"), essay.join("sarah")
    admin = essay.join("admin")
    feedback = emma.comments(0, 4)
    reply = replied(sarah, feedback)
    for command in (ChangeReply(feedback, reply, "No"), DeleteReply(feedback, reply)):
        assert isinstance(refused(jane, command), PermissionDenied)
    for number, person in enumerate((sarah, emma, admin)):
        essay.passes(1)
        person.does(ChangeReply(feedback, reply, f"{number}"))
        [shown] = thread(jane)
        assert (shown.comment, shown.author) == (f"{number}", SARAH)
        assert shown.updated_at > shown.created_at
    emma.does(DeleteReply(feedback, reply))
    assert thread(jane) == ()


def test_who_may_comment_no_longer_may_not_touch_even_their_own_words(essay: Scenario) -> None:
    emma, sarah = essay.join("emma"), essay.join("sarah")
    feedback = sarah.comments(0, 4)
    reply = replied(sarah, feedback)
    emma.does(SetRight(SARAH, Right.VIEW))
    for command in (
        ChangeFeedback(feedback, comment="x"),
        DeleteFeedback(feedback),
        ChangeReply(feedback, reply, "x"),
        DeleteReply(feedback, reply),
    ):
        assert isinstance(refused(sarah, command), PermissionDenied)


def test_a_change_with_a_resolution_needs_the_right_to_both_or_does_neither(
    essay: Scenario,
) -> None:
    jane, sarah = essay.join("jane"), essay.join("sarah")
    feedback = sarah.comments(0, 4, "Why?")
    both = ChangeFeedback(feedback, FeedbackType.STYLE, "Because", resolved=True)
    assert isinstance(refused(jane, both), PermissionDenied)
    assert sarah.told(FeedbackUpdated) == []
    sarah.does(both)
    assert (last(jane).comment, last(jane).type) == ("Because", FeedbackType.STYLE)
    assert last(jane).resolved_by == SARAH


def test_deleting_feedback_takes_its_replies_along(essay: Scenario) -> None:
    emma, sarah = essay.join("emma"), essay.join("sarah")
    feedback = sarah.comments(0, 4)
    replied(emma, feedback)
    sarah.does(DeleteFeedback(feedback))
    assert [event.feedback_id for event in emma.told(FeedbackRemoved)] == [feedback]
    assert isinstance(refused(emma, ReplyFeedback(feedback, "Wait")), NotFound)


def test_a_reply_that_says_the_same_again_tells_nobody(essay: Scenario) -> None:
    sarah = essay.join("sarah")
    feedback = sarah.comments(0, 4)
    reply = replied(sarah, feedback, "Same")
    sarah.forgets().does(ChangeReply(feedback, reply, "Same"))
    assert sarah.heard == [] and len(sarah.acknowledged) == 1


def test_there_is_an_end_to_replies() -> None:
    essay = Scenario.essay(TEXT, RoomRules(replies=2))
    sarah = essay.join("sarah")
    feedback = sarah.comments(0, 4)
    replied(sarah, feedback), replied(sarah, feedback)
    error = refused(sarah, ReplyFeedback(feedback, "One too many"))
    assert isinstance(error, TooLarge) and (error.field, "2 replies" in error.message) == (
        "replies",
        True,
    )


def test_replies_count_as_feedback_on_the_essay() -> None:
    essay = Scenario.essay(TEXT, RoomRules(feedback_per_essay=2))
    sarah = essay.join("sarah")
    feedback = sarah.comments(0, 4)
    replied(sarah, feedback)
    assert isinstance(refused(sarah, ReplyFeedback(feedback, "x")), TooLarge)
    sarah.comments(0, 4)
    assert isinstance(sarah.refusals[-1], TooLarge)


def test_a_thread_has_a_greatest_length_and_may_always_shrink() -> None:
    essay = Scenario.essay(TEXT, RoomRules(thread_length=20))
    sarah = essay.join("sarah")
    feedback = sarah.comments(0, 4, "x" * 10)
    reply = replied(sarah, feedback, "y" * 10)
    for command, field in (
        (ReplyFeedback(feedback, "z"), "comment"),
        (ChangeReply(feedback, reply, "y" * 11), "comment"),
        (ChangeFeedback(feedback, comment="x" * 11), "feedback.comment"),
    ):
        error = refused(sarah, command)
        assert isinstance(error, TooLarge) and error.field == field
    sarah.forgets().does(ChangeReply(feedback, reply, "y" * 9))
    assert sarah.refusals == []


def test_a_move_leaves_the_replies_out_and_a_reply_does_not(essay: Scenario) -> None:
    emma, sarah = essay.join("emma"), essay.join("sarah")
    feedback = sarah.comments(0, 4)
    replied(emma, feedback)
    essay.passes(1)
    emma.saves(f"Well. {TEXT}")
    assert (last(sarah).start, last(sarah).replies) == (6, None)
    replied(sarah, feedback)
    assert len(thread(sarah)) == 2


def test_a_slow_reader_gets_the_whole_thread_at_once(essay: Scenario) -> None:
    emma, sarah = essay.join("emma"), essay.join("sarah")
    feedback = sarah.comments(0, 4)
    knows: Glimpse[Any] = essay.room.glimpse(emma.connection)
    replied(sarah, feedback, "Hm")
    sarah.does(ChangeFeedback(feedback, resolved=True))
    effects = essay.room.catch_up(emma.connection, knows, essay.clock.now())
    [event] = [effect.event for effect in effects if isinstance(effect, Send)]
    assert isinstance(event, FeedbackUpdated) and event.feedback.resolved_by == SARAH
    assert [reply.comment for reply in event.feedback.replies or ()] == ["Hm"]


def test_a_slow_reader_hears_of_moves_no_more_often_than_the_others(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    feedback = jane.comments(0, 4)
    heard = 0
    text = TEXT
    for _ in range(40):
        text = f"x{text}"
        knows: Glimpse[Any] = essay.room.glimpse(emma.connection)
        emma.forgets().here = False
        jane.saves(text)
        essay.passes(0.07)
        emma.here = True
        effects = essay.room.catch_up(emma.connection, knows, essay.clock.now())
        sent = [effect.event for effect in effects if isinstance(effect, Send)]
        heard += sum(isinstance(event, FeedbackUpdated) for event in sent)
        essay.passes(0.06)
        heard += len(emma.told(FeedbackUpdated))
    emma.forgets()
    essay.passes(2)
    assert heard <= 2 * 40 * 0.13 + 1
    assert emma.told(FeedbackUpdated)[-1].feedback.start == 40
    assert emma.told(FeedbackUpdated)[-1].feedback.id == feedback


def test_the_state_with_threads_is_nothing_but_the_log_replayed(essay: Scenario) -> None:
    emma, sarah = essay.join("emma"), essay.join("sarah")
    feedback = sarah.comments(0, 4)
    kept, gone = replied(emma, feedback, "1"), replied(sarah, feedback, "2")
    emma.does(ChangeReply(feedback, kept, "One"))
    sarah.does(DeleteReply(feedback, gone))
    emma.does(ChangeFeedback(feedback, resolved=True))
    other = sarah.comments(5, 9)
    sarah.does(ChangeFeedback(other, resolved=True))
    sarah.does(ChangeFeedback(other, resolved=False))
    assert essay.log[0].fact is not None
    state = first_state(essay.room.head.id, essay.log[0])  # type: ignore[arg-type]
    for entry in essay.log[1:]:
        state = evolve(state, entry)
    assert state == essay.room.confirmed
    assert [reply.comment for reply in state.feedback[feedback].replies] == ["One"]
    assert (state.feedback[feedback].resolved, state.feedback[other].resolved) == (True, False)
    assert JANE.id in state.rights and MIKE.id in state.rights


def test_highlights_return_when_an_earlier_text_is_restored_by_a_merged_save(
    essay: Scenario,
) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    first, second = jane.comments(0, 4), jane.comments(18, 32)
    emma.saves("Nothing of it is left")
    essay.passes(6)
    emma.saves("Nothing of it is left, they said")
    essay.passes(6)
    marks = essay.room.confirmed.feedback  # type: ignore[union-attr]
    assert [marks[each].highlight.anchor for each in (first, second)] == ["orphaned"] * 2  # type: ignore[union-attr]
    emma.saves(TEXT)
    essay.passes(5)
    marks = essay.room.confirmed.feedback  # type: ignore[union-attr]
    for each, place in ((first, (0, 4)), (second, (18, 32))):
        highlight = marks[each].highlight
        assert highlight is not None and (highlight.start, highlight.end) == place
        assert highlight.anchor == "exact"
