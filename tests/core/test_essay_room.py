"""The room of one essay: who is told what, and when."""

from __future__ import annotations

from typing import Any

import pytest

from workroom.core.commands import (
    AddFeedback,
    ChangeEssay,
    ChangeFeedback,
    DeleteFeedback,
    DeleteRoom,
    Join,
    Origin,
    QuoteFeedback,
    SetRight,
    StartTyping,
    StopTyping,
)
from workroom.core.effects import Send
from workroom.core.essays.state import EssayState, evolve, first_state
from workroom.core.events import (
    CursorMoved,
    EssayUpdated,
    FeedbackRemoved,
    FeedbackUpdated,
    NewFeedback,
    RightsChanged,
    RoomClosed,
    TypingStarted,
    TypingStopped,
    UserJoined,
    UserLeft,
)
from workroom.core.feedback import FeedbackType
from workroom.core.limits import RoomRules
from workroom.core.people import Right
from workroom.core.room import Glimpse
from workroom.errors import (
    Conflict,
    InvalidMessage,
    NotFound,
    NotSubscribed,
    PermissionDenied,
    TooLarge,
)
from workroom.ids import FeedbackId
from workroom.testing.scenario import EMMA, JANE, MIKE, SARAH, Scenario


@pytest.fixture
def essay() -> Scenario:
    return Scenario.essay("Once upon a time there was a fox.")


def test_subscribing_gives_the_text_then_everybody_present(essay: Scenario) -> None:
    essay.join("jane")
    emma = essay.join("emma")
    kinds = [type(event) for event in emma.heard]
    assert kinds == [UserJoined, EssayUpdated, UserJoined, UserJoined]
    assert [event.user.username for event in emma.told(UserJoined)] == ["emma", "jane", "emma"]
    assert emma.text == "Once upon a time there was a fox."


def test_an_essay_that_nobody_edited_shows_its_author_and_creation() -> None:
    essay = Scenario.essay()
    jane = essay.join("jane")
    [update] = jane.told(EssayUpdated)
    assert (update.editor, update.at, update.content) == (EMMA, essay.log[0].at, "")


def test_subscribing_twice_announces_nobody_twice(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.forgets()
    jane.forgets().does(Join())
    assert emma.heard == []
    assert [type(event) for event in jane.heard] == [EssayUpdated, UserJoined, UserJoined]


def test_a_second_tab_is_nobody_new_and_its_closing_nobody_gone(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.forgets()
    tab = essay.join("jane")
    tab.closes()
    assert emma.heard == []
    jane.closes()
    assert [event.user_id for event in emma.told(UserLeft)] == [JANE.id]


def test_a_broken_connection_leaves_after_the_grace_and_not_before(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    jane.drops()
    essay.passes(2.9)
    assert emma.told(UserLeft) == []
    essay.passes(0.1)
    assert [event.user_id for event in emma.told(UserLeft)] == [JANE.id]


def test_coming_back_within_the_grace_is_not_noticed(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.forgets()
    jane.drops()
    essay.passes(2.0)
    essay.join("jane")
    essay.passes(10.0)
    assert emma.heard == []


def test_everybody_else_gets_an_update_at_once_and_its_author_at_a_pause(essay: Scenario) -> None:
    emma, jane, mike = (essay.join(name).forgets() for name in ("emma", "jane", "mike"))
    emma.saves("Once upon a time there was a red fox.")
    assert jane.text == mike.text == "Once upon a time there was a red fox."
    assert emma.told(EssayUpdated) == []
    essay.passes(essay.room.rules.confirm_after - 0.01)
    assert emma.told(EssayUpdated) == []
    essay.passes(0.01)
    assert [event.content for event in emma.told(EssayUpdated)] == [
        "Once upon a time there was a red fox."
    ]


def test_whoever_types_gets_other_peoples_text_folded_at_the_next_pause(essay: Scenario) -> None:
    emma, jane = essay.join("emma").forgets(), essay.join("jane").forgets()
    jane.saves("Jane: Once upon a time there was a fox.")
    essay.passes(0.1)
    emma.saves("Jane: Once upon a time there was a fox. One.")
    essay.passes(0.1)
    emma.saves("Jane: Once upon a time there was a fox. One. Two.")
    assert jane.told(EssayUpdated) == []
    essay.passes(0.5)
    [update] = jane.told(EssayUpdated)
    assert update.content == "Jane: Once upon a time there was a fox. One. Two."


def test_who_never_pauses_gets_the_text_right_behind_an_own_update_after_two_seconds(
    essay: Scenario,
) -> None:
    emma, jane = essay.join("emma").forgets(), essay.join("jane").forgets()
    words = "Once upon a time there was a fox."
    for step in range(12):
        words += f" j{step}"
        jane.saves(words)
        if step == 0:
            emma.saves("E. Once upon a time there was a fox.")
        essay.passes(0.25)
        if jane.told(EssayUpdated):
            break
    assert step == 8
    assert jane.text.startswith("E. Once")
    assert jane.text.endswith("j8")


def test_an_update_that_changes_nothing_is_confirmed_to_its_sender_alone(essay: Scenario) -> None:
    emma, jane = essay.join("emma").forgets(), essay.join("jane").forgets()
    emma.saves("Once upon a time there was a fox.")
    essay.passes(essay.room.rules.confirm_after)
    assert len(emma.told(EssayUpdated)) == 1
    assert jane.told(EssayUpdated) == []


def test_nothing_durable_is_told_before_it_is_durable(essay: Scenario) -> None:
    jane, emma = essay.join("jane").forgets(), essay.join("emma").forgets()
    with essay.store_waiting():
        emma.saves("Once upon a time there was a red fox.")
        jane.comments(0, 4)
        late = essay.join("mike")
        assert emma.acknowledged == []
        assert (jane.told(EssayUpdated), jane.told(NewFeedback)) == ([], [])
        assert late.text == "Once upon a time there was a fox."
    assert late.text == jane.text == "Once upon a time there was a red fox."
    assert len(emma.acknowledged) == len(late.told(NewFeedback)) == 1


def test_what_the_store_lost_is_forgotten_and_given_back(essay: Scenario) -> None:
    emma = essay.join("emma")
    essay.waiting = True
    emma.saves("All is different now.")
    [(command, origin)] = essay.room.rewind()
    assert (command.content, origin.user) == ("All is different now.", EMMA)  # type: ignore[union-attr]
    assert essay.room.head.seq == essay.room.confirmed.seq


@pytest.mark.parametrize("name", ["sarah", "mike"])
def test_whoever_may_not_edit_is_refused_in_the_documented_words(
    essay: Scenario, name: str
) -> None:
    person = essay.join(name)
    person.saves("Mine now")
    [refusal] = person.refusals
    assert isinstance(refusal, PermissionDenied)
    assert refusal.message == "You don't have permission to edit this essay"


def test_a_viewer_may_not_comment_and_is_present_all_the_same(essay: Scenario) -> None:
    emma, mike = essay.join("emma"), essay.join("mike")
    mike.comments(0, 4)
    assert mike.refusals[0].message == "You don't have permission to comment on this essay"
    assert [event.user for event in emma.told(UserJoined)][-1] == MIKE


def test_a_connection_that_has_not_joined_is_told_so(essay: Scenario) -> None:
    emma = essay.connect("emma").saves("Hello")
    assert isinstance(emma.refusals[0], NotSubscribed)


def test_taking_a_right_away_works_at_once_on_open_connections(essay: Scenario) -> None:
    jane, emma = essay.join("jane").forgets(), essay.join("emma")
    essay.submit(SetRight(JANE, Right.VIEW), Origin(EMMA))
    jane.saves("Mine")
    assert [event.right for event in jane.told(RightsChanged)] == [Right.VIEW]
    assert jane.refusals[-1].message == "You don't have permission to edit this essay"
    essay.submit(SetRight(JANE, None), Origin(EMMA))
    assert not jane.here
    assert jane.refusals[-1].message == "You don't have permission to view this essay"
    assert emma.told(UserLeft)[-1].user_id == JANE.id
    emma.saves("A secret")
    assert "A secret" not in [event.content for event in jane.told(EssayUpdated)]


def test_the_author_cannot_lose_the_essay(essay: Scenario) -> None:
    emma = essay.join("emma").does(SetRight(EMMA, Right.VIEW))
    assert isinstance(emma.refusals[0], Conflict)


def test_only_owners_manage_rights_but_anybody_may_leave(essay: Scenario) -> None:
    jane = essay.join("jane").does(SetRight(MIKE, Right.EDIT))
    assert isinstance(jane.refusals[0], PermissionDenied)
    jane.does(SetRight(JANE, None))
    assert not jane.here


def test_a_deleted_essay_puts_everybody_out_and_lets_nobody_in(essay: Scenario) -> None:
    jane = essay.join("jane")
    essay.submit(DeleteRoom(), Origin(EMMA))
    assert len(jane.told(RoomClosed)) == 1
    assert not jane.here
    late = essay.join("emma")
    assert isinstance(late.refusals[0], PermissionDenied)


# ---- typing ------------------------------------------------------------------------------------


def test_the_first_update_of_a_pause_starts_typing_and_four_seconds_end_it(
    essay: Scenario,
) -> None:
    emma, jane = essay.join("emma").forgets(), essay.join("jane").forgets()
    for words in ("One", "One two", "One two three"):
        emma.saves(words)
        essay.passes(1.0)
    assert len(jane.told(TypingStarted)) == 1
    essay.passes(2.9)
    assert jane.told(TypingStopped) == []
    essay.passes(0.1)
    assert len(jane.told(TypingStopped)) == 1
    assert (emma.told(TypingStarted), emma.told(TypingStopped)) == ([], [])


def test_there_are_never_two_starts_without_a_stop_between(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane").forgets()
    for command in (StartTyping(), StartTyping(), StopTyping(), StopTyping(), StartTyping()):
        emma.does(command)
    kinds = [type(event) for event in jane.heard]
    assert kinds == [TypingStarted, TypingStopped, TypingStarted]


def test_leaving_ends_typing_before_it_ends_presence(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane").forgets()
    emma.does(StartTyping())
    emma.closes()
    assert [type(event) for event in jane.heard] == [TypingStarted, TypingStopped, UserLeft]


def test_who_subscribes_while_another_types_is_told_so_once(essay: Scenario) -> None:
    essay.join("emma").does(StartTyping())
    jane = essay.join("jane").does(Join())
    assert [event.user for event in jane.told(TypingStarted)] == [EMMA]


def test_a_viewer_cannot_pretend_to_type(essay: Scenario) -> None:
    emma, mike = essay.join("emma"), essay.join("mike")
    mike.does(StartTyping())
    assert isinstance(mike.refusals[0], PermissionDenied)
    assert emma.told(TypingStarted) == []


# ---- feedback ----------------------------------------------------------------------------------


def test_feedback_reaches_everyone_its_author_included(essay: Scenario) -> None:
    emma, sarah = essay.join("emma"), essay.join("sarah")
    sarah.comments(0, 4, "Strong opening?")
    for person in (emma, sarah):
        [event] = person.told(NewFeedback)
        shown = event.feedback
        assert (shown.start, shown.end, shown.quote, shown.author) == (0, 4, "Once", SARAH)


def test_offsets_count_utf16_units_on_the_way_in_and_out() -> None:
    essay = Scenario.essay("😀 smile, שלום")
    jane = essay.join("jane")
    jane.comments(3, 8)
    [event] = jane.told(NewFeedback)
    assert (event.feedback.start, event.feedback.end, event.feedback.quote) == (3, 8, "smile")


def test_a_highlight_moves_with_its_words_and_everyone_is_told(essay: Scenario) -> None:
    jane, emma = essay.join("jane"), essay.join("emma")
    jane.comments(0, 4)
    emma.saves("Well! Once upon a time there was a fox.")
    shown = jane.told(FeedbackUpdated)[-1].feedback
    assert (shown.start, shown.end, shown.anchor) == (6, 10, "moved")


def test_moves_are_told_at_most_twice_a_second_and_the_last_one_always(essay: Scenario) -> None:
    jane, emma = essay.join("jane"), essay.join("emma")
    jane.comments(0, 4)
    for step in range(20):
        emma.saves("x" * (step + 1) + " Once upon a time there was a fox.")
        essay.passes(0.1)
    essay.passes(1.0)
    told = jane.told(FeedbackUpdated)
    assert 4 <= len(told) <= 6
    assert told[-1].feedback.start == 21


def test_a_highlight_of_the_text_that_the_client_had_lands_on_the_same_words(
    essay: Scenario,
) -> None:
    jane, emma = essay.join("jane"), essay.join("emma")
    jane.saves("Once upon a time there was a fox. Jane")
    emma.saves("Well! Once upon a time there was a fox.")
    jane.comments(0, 4)
    assert jane.told(NewFeedback)[-1].feedback.quote == "Once"
    assert jane.told(NewFeedback)[-1].feedback.start == 6


@pytest.mark.parametrize(("seconds", "quote"), [(0.3, "upon"), (3.0, " Onc")])
def test_a_reader_who_chose_words_just_before_they_moved_has_chosen_them(
    essay: Scenario, seconds: float, quote: str
) -> None:
    """What is on its way to who only reads is not known; later it has surely arrived."""
    sarah, emma = essay.join("sarah"), essay.join("emma")
    emma.saves("Once upon a time there was a fox.")
    essay.passes(10.0)
    for text in ("We Once upon a time there was a fox.", "Well! Once upon a time there was a fox."):
        emma.saves(text)
        essay.passes(0.1)
    essay.passes(seconds - 0.1)
    sarah.comments(5, 9)
    assert sarah.told(NewFeedback)[-1].feedback.quote == quote


def test_a_reader_may_choose_what_was_deleted_just_then(essay: Scenario) -> None:
    sarah, emma = essay.join("sarah"), essay.join("emma")
    emma.saves("Once upon a time there was a fox.")
    essay.passes(10.0)
    emma.saves("Once upon a time")
    sarah.comments(29, 32)
    shown = sarah.told(NewFeedback)[-1].feedback
    assert (shown.quote, shown.start, shown.end) == ("fox", 16, 16)


@pytest.mark.parametrize("name", ["sarah", "jane"])
def test_a_highlight_counts_in_the_version_that_is_named(essay: Scenario, name: str) -> None:
    """However much was sent since; one of them has only read so far, the other has saved."""
    reader, emma = essay.join(name), essay.join("emma")
    text = "Once upon a time there was a fox."
    if name == "jane":
        reader.saves(text := f"{text} Jane")
    seq = essay.room.head.seq
    for opening in ("Well! ", "Oh well! ", "Oh dear! "):
        emma.saves(text := opening + text)
    reader.comments(5, 9, base_seq=seq)
    assert reader.told(NewFeedback)[-1].feedback.quote == "upon"


def test_a_highlight_counts_with_own_saves_since_the_version_that_is_named(
    essay: Scenario,
) -> None:
    jane, emma = essay.join("jane"), essay.join("emma")
    seq = essay.room.head.seq
    jane.saves("So, once upon a time there was a fox.", base_seq=seq)
    emma.saves("Well! So, once upon a time there was a fox.")
    jane.comments(4, 8, base_seq=seq)
    assert jane.told(NewFeedback)[-1].feedback.quote == "once"


def test_a_highlight_in_a_version_that_there_is_not_yet_is_refused(essay: Scenario) -> None:
    jane = essay.join("jane")
    jane.comments(0, 4, base_seq=essay.room.head.seq + 1)
    jane.comments(None, None, base_seq=essay.room.head.seq + 1)
    assert [(type(it), it.field) for it in jane.refusals] == [(Conflict, "base_seq")] * 2


def test_a_highlight_outside_of_the_text_is_refused_by_name(essay: Scenario) -> None:
    jane = essay.join("jane")
    jane.comments(0, 34)
    [refusal] = jane.refusals
    assert isinstance(refusal, InvalidMessage)
    assert refusal.field == "feedback.highlight_end"


def test_feedback_by_quote_finds_the_place_between_its_neighbours() -> None:
    essay = Scenario.essay("the cat and the dog and the fox")
    quoted = QuoteFeedback(
        FeedbackId(9), FeedbackType.STYLE, "Which?", "the", prefix="and ", suffix=" fox"
    )
    jane = essay.join("jane").does(quoted)
    shown = jane.told(NewFeedback)[0].feedback
    assert (shown.start, shown.end) == (24, 27)
    jane.does(QuoteFeedback(FeedbackId(10), FeedbackType.STYLE, "Hm", "elephant"))
    assert isinstance(jane.refusals[0], Conflict)


def test_only_its_author_and_the_owner_change_or_delete_feedback(essay: Scenario) -> None:
    sarah, jane, emma = essay.join("sarah"), essay.join("jane"), essay.join("emma")
    first, second = sarah.comments(0, 4), sarah.comments(5, 9)
    jane.does(ChangeFeedback(first, comment="Mine"))
    assert isinstance(jane.refusals[0], PermissionDenied)
    sarah.does(ChangeFeedback(first, comment="Better said", start=5, end=9))
    shown = jane.told(FeedbackUpdated)[0].feedback
    assert (shown.comment, shown.start, shown.end) == ("Better said", 5, 9)
    sarah.does(DeleteFeedback(first))
    emma.does(DeleteFeedback(second))
    assert [event.feedback_id for event in jane.told(FeedbackRemoved)] == [first, second]
    sarah.does(DeleteFeedback(first))
    assert isinstance(sarah.refusals[-1], NotFound)


def test_there_is_an_end_to_feedback() -> None:
    essay = Scenario.essay("text", RoomRules(feedback_per_essay=2))
    jane = essay.join("jane")
    for _ in range(3):
        jane.comments(None, None)
    assert len(jane.told(NewFeedback)) == 2
    assert isinstance(jane.refusals[0], TooLarge)


# ---- text --------------------------------------------------------------------------------------


def test_an_essay_over_its_limit_is_refused_and_nothing_is_lost() -> None:
    essay = Scenario.essay("short", RoomRules(essay_units=10))
    emma = essay.join("emma")
    emma.saves("😀" * 5).saves("😀" * 5 + "!")
    [refusal] = emma.refusals
    assert isinstance(refusal, TooLarge)
    assert refusal.field == "content"
    assert essay.room.confirmed.text == "😀" * 5  # type: ignore[union-attr]


def test_a_text_is_never_refused_for_one_bad_character(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves("one\r\ntwo\x00 \ud83d three")
    assert jane.text == "one\ntwo \ufffd three"


def test_a_caret_is_shown_where_it_stands_in_the_merged_text(essay: Scenario) -> None:
    jane, emma = essay.join("jane"), essay.join("emma")
    jane.saves("😀 Once upon a time there was a fox.", cursor=2)
    essay.passes(5)
    assert [(e.user_id, e.position) for e in emma.told(CursorMoved)] == [(JANE.id, 2)]
    jane.saves("😀 Once upon a time there was a fox!", cursor=999_999)
    assert len(emma.told(CursorMoved)) == 1


def test_title_prompt_and_limit_are_set_by_those_who_may_edit(essay: Scenario) -> None:
    essay.submit(ChangeEssay({"title": "New", "word_limit": 500}), Origin(JANE))
    state = essay.room.confirmed
    assert isinstance(state, EssayState)
    assert (state.title, state.word_limit, state.prompt) == ("New", 500, "Write!")


def test_the_state_is_nothing_but_the_log_replayed(essay: Scenario) -> None:
    jane, emma = essay.join("jane"), essay.join("emma")
    jane.comments(0, 4)
    emma.saves("Well! Once upon a time there was a 😀.")
    essay.submit(ChangeEssay({"title": "New"}), Origin(EMMA))
    state = first_state(essay.room.confirmed.id, essay.log[0])  # type: ignore[arg-type]
    for entry in essay.log[1:]:
        state = evolve(state, entry)
    assert state == essay.room.confirmed
    assert [entry.seq for entry in essay.log] == list(range(1, len(essay.log) + 1))


def test_a_glimpse_is_caught_up_with_nothing_but_the_difference(essay: Scenario) -> None:
    jane, emma = essay.join("jane"), essay.join("emma")
    feedback = jane.comments(0, 4)
    knows: Glimpse[Any] = essay.room.glimpse()
    jane.forgets().here = False
    emma.saves("Well! Once upon a time there was a fox.")
    emma.does(AddFeedback(FeedbackId(77), FeedbackType.STYLE, "New"))
    essay.join("mike")
    jane.here = True
    effects = essay.room.catch_up(jane.connection, knows, essay.clock.now())
    events = [effect.event for effect in effects if isinstance(effect, Send)]
    assert [type(event) for event in events] == [
        UserJoined,
        EssayUpdated,
        NewFeedback,
        TypingStarted,
    ]
    essay.passes(0.5)  # the others have just been told of the move: not before the next turn
    assert [event.feedback.id for event in jane.told(FeedbackUpdated)] == [feedback]


def test_a_range_in_a_text_too_old_to_be_followed_is_a_conflict() -> None:
    essay = Scenario.essay("Once upon a time", RoomRules(quiet=1e9))
    jane, emma = essay.join("jane"), essay.join("emma")
    jane.saves("Once upon a time there was")
    text = "Once upon a time there was"
    for number in range(5000):
        text = f"{number} {text}"[:60]
        emma.saves(text)
    jane.comments(0, 4)
    assert isinstance(jane.refusals[-1], Conflict)


# ---- while a save is on its way, or a reader is slow ---------------------------------------------


def test_nobody_is_sent_a_text_older_than_their_own_save_on_its_way(essay: Scenario) -> None:
    emma = essay.join("emma").forgets()
    emma.saves("Hello one")
    with essay.store_waiting():
        emma.saves("Hello one two")
        essay.passes(5.0)
        assert emma.told(EssayUpdated) == []
    emma.saves("Hello one two three")
    essay.passes(5.0)
    assert emma.text == "Hello one two three"


def test_two_saves_in_one_commit_are_not_answered_between_them(essay: Scenario) -> None:
    jane, emma = essay.join("jane"), essay.join("emma").forgets()
    words = "Once upon a time there was a fox."
    for step in range(9):
        words += f" e{step}"
        emma.saves(words)
        if step == 0:
            jane.saves("J. Once upon a time there was a fox. e0")
        essay.passes(0.25)
    emma.forgets()
    with essay.store_waiting():
        emma.saves(f"{words} foo")
        emma.saves(f"{words} foo bar")
    assert all("foo bar" in event.content for event in emma.told(EssayUpdated))


def test_what_waited_for_a_slow_reader_is_made_up_for(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    feedback = jane.comments(0, 4)
    emma.saves("Emma. Once upon a time there was a fox.")
    essay.passes(0.1)
    jane.saves("Emma. Jane. Once upon a time there was a fox.")
    knows: Glimpse[Any] = essay.room.glimpse(emma.connection)
    emma.forgets().here = False
    essay.passes(10.0)
    emma.here = True
    events = [
        effect.event
        for effect in essay.room.catch_up(emma.connection, knows, essay.clock.now())
        if isinstance(effect, Send)
    ]
    assert [e.content for e in events if isinstance(e, EssayUpdated)] == [
        "Emma. Jane. Once upon a time there was a fox."
    ]
    moved = [e.feedback for e in events if isinstance(e, FeedbackUpdated)]
    assert [(item.id, item.start) for item in moved] == [(feedback, 12)]


def test_ten_thousand_moved_highlights_are_told_of_little_by_little() -> None:
    essay = Scenario.essay("a fox", RoomRules(feedback_per_essay=10_000))
    jane, emma = essay.join("jane"), essay.join("emma")
    for _ in range(300):
        jane.comments(2, 5)
    emma.forgets().saves("Well, a fox")
    assert len(emma.told(FeedbackUpdated)) == 100
    essay.passes(10.0)
    told = [event.feedback.id for event in emma.told(FeedbackUpdated)]
    assert sorted(told) == list(range(1, 301))


def test_a_comment_on_words_that_were_just_deleted_keeps_them_and_returns_with_them() -> None:
    essay = Scenario.essay("One two three", RoomRules(quiet=100.0))
    jane, emma = essay.join("jane"), essay.join("emma")
    jane.saves("One two three four")
    emma.saves("One three four")
    jane.comments(4, 7, "Why two?")
    shown = jane.told(NewFeedback)[0].feedback
    assert (shown.anchor, shown.quote) == ("orphaned", "two")
    emma.saves("One two three four")
    item = next(iter(essay.room.confirmed.feedback.values()))  # type: ignore[union-attr]
    assert item.highlight is not None
    assert (item.highlight.start, item.highlight.end, item.highlight.orphaned) == (4, 7, False)


def test_a_drain_sends_nothing_older_than_the_readers_own_save(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves("Once upon a time there was a fox. It")
    jane.saves("J. Once upon a time there was a fox. It")
    knows: Glimpse[Any] = essay.room.glimpse(emma.connection)
    essay.waiting = True
    emma.saves("Once upon a time there was a fox. It ran")
    effects = essay.room.catch_up(emma.connection, knows, essay.clock.now())
    events = [effect.event for effect in effects if isinstance(effect, Send)]
    assert [event for event in events if isinstance(event, EssayUpdated)] == []
    essay.waiting = False
    essay.commit()
    emma.saves("Once upon a time there was a fox. It ran off")
    essay.passes(5.0)
    assert emma.text == jane.text == "J. Once upon a time there was a fox. It ran off"


def test_a_save_that_crosses_the_servers_text_on_its_way_keeps_both(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves("Once upon a time there was a fox. It")
    essay.passes(5.0)
    jane.saves("Jane. Once upon a time there was a fox. It")
    emma.saves("Once upon a time there was a fox. It ran")
    emma.saves("Once upon a time there was a fox. It ran off")
    essay.passes(5.0)
    assert emma.text == jane.text == "Jane. Once upon a time there was a fox. It ran off"


def test_who_takes_the_servers_text_writes_from_that(essay: Scenario) -> None:
    emma, jane = essay.join("emma"), essay.join("jane")
    emma.saves("Once upon a time there was a fox. It")
    essay.passes(5.0)
    jane.saves("Jane. Once upon a time there was a fox. It")
    emma.saves("Jane. Once upon a time there was a fox. It ran")
    emma.saves("Once upon a time there was a fox. It ran")
    essay.passes(5.0)
    assert emma.text == jane.text == "Once upon a time there was a fox. It ran"
