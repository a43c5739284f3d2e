"""What one essay's room decides: saves, texts of others, ranges. Messages in, messages out."""

from __future__ import annotations

from typing import Any

import pytest

from client_kit import AT, FEEDBACK, PERSON, EssayInTest
from workroom.client import effects, events
from workroom.client.errors import CLOSED_HERE, Problem
from workroom.client.essay import EssayCore, Range
from workroom.client.room import MOST_REQUESTS, NOTHING, SOON, Phase
from workroom.client.text import Version, merged, moved
from workroom.client.wire import ESSAYS, News
from workroom.errors import Retry


def test_a_new_room_asks_for_everything() -> None:
    decided: list[Any] = []
    core = EssayCore(1, "p", decided)
    core.up()
    assert decided == [effects.Send(ESSAYS.join(1, NOTHING, "p.1"))]


def test_a_save_names_the_version_that_was_looked_at() -> None:
    room = EssayInTest("one two three", 5)
    text = room.core.look().text
    room.text("one two three four", 6)
    room.core.save(f"zero {text}", None)
    (message,) = room.sent()
    assert message["content"] == "zero one two three"
    assert message["base_seq"] == 5


def test_while_a_save_is_under_way_texts_of_others_wait() -> None:
    room = EssayInTest("one", 5)
    save = room.core.save("one mine", None)
    room.text("one theirs", 6)
    assert room.core.shown().text == "one mine"
    room.ack(save, 7)
    assert room.core.shown().text == "one mine"
    room.text("one mine theirs", 7)
    assert room.core.shown() == Version("one mine theirs", 7)


def test_one_save_is_made_after_the_other() -> None:
    room = EssayInTest("one", 5)
    first = room.core.save("one a", None)
    second = room.core.save(room.core.look().text + " b", None)
    assert [it["content"] for it in room.sent()] == ["one a"]
    room.ack(first, 6)
    (message,) = room.sent()
    assert (message["content"], message["request_id"]) == ("one a b", second)


def test_a_save_that_was_not_answered_is_made_again_on_the_newest_text() -> None:
    room = EssayInTest("one two", 5)
    save = room.core.save("one mine two", None)
    room.reconnect()
    room.catch_up("zero one two", 9, recovered=True)
    (again,) = [it for it in room.sent() if it["action"] == "update_essay"]
    assert again["request_id"] == save
    assert (again["content"], again["base_seq"]) == ("zero one mine two", 9)


def test_one_that_had_been_stored_all_the_same_is_answered_and_not_doubled() -> None:
    room = EssayInTest("one two", 5)
    save = room.core.save("one mine two", None)
    room.reconnect()
    room.catch_up("zero one mine two", 9, recovered=True)
    (again,) = [it for it in room.sent() if it["action"] == "update_essay"]
    assert again["request_id"] == save
    room.ack(save, 6)
    assert effects.Answer(1, save, {"seq": 6}) in room.decided()
    assert room.core.shown() == Version("zero one mine two", 9)


def grown() -> tuple[EssayInTest, str]:
    """A save whose answer was lost is sent again, with its words twice: that is too large."""
    room = EssayInTest("one", 5)
    save = room.core.save("one mine", None)
    room.reconnect()
    room.catch_up("one mine", 6, recovered=True)
    room.sent()
    room.refuse(save, "too_large")
    return room, save


def test_of_a_save_too_large_to_send_again_it_is_asked_whether_it_was_stored() -> None:
    room, save = grown()
    (question,) = room.sent()
    assert question["request_id"] == save
    assert (question["content"], question["base_seq"]) == ("", NOTHING)
    room.ack(save, 6)
    assert effects.Answer(1, save, {"seq": 6}) in room.decided()
    assert room.core.shown() == Version("one mine", 6)
    room.core.save(f"{room.core.look().text} more", None)
    (following,) = room.sent()
    assert following["content"] == "one mine more"


def test_one_that_had_not_been_stored_is_refused_as_too_large() -> None:
    room, save = grown()
    room.decided()
    room.refuse(save, "conflict")
    assert room.decided() == [effects.Answer(1, save, Problem("too_large", "no"))]


def test_that_question_is_asked_again_later_and_on_every_new_connection() -> None:
    room, save = grown()
    room.sent()
    room.refuse(save, "rate_limited", Retry.LATER)
    room.core.timer(save)
    assert [it["base_seq"] for it in room.sent()] == [NOTHING]
    room.reconnect()
    room.catch_up("one mine", 6, recovered=True)
    assert [it.get("content") for it in room.sent() if "content" in it] == ["one mine mine"]
    room.refuse(save, "too_large")
    assert [it["base_seq"] for it in room.sent()] == [NOTHING]


def test_an_answer_with_a_later_number_waits_for_the_text_of_that_number() -> None:
    room = EssayInTest("one two", 5)
    save = room.core.save("one mine two", None)
    room.reconnect()
    room.catch_up(None, 5, recovered=True)
    room.decided()
    room.ack(save, 6)
    assert [it["action"] for it in room.kept_sends()] == ["subscribe_essay"]
    assert room.core.requests != []
    room.catch_up("one mine two", 6, recovered=True)
    assert effects.Answer(1, save, {"seq": 6}) in room.decided()


def test_a_version_that_the_server_has_forgotten_is_replaced_by_the_newest() -> None:
    room = EssayInTest("one two", 5)
    save = room.core.save("one mine two", Version("one two", 2, 0, 2))
    room.decided()
    room.refuse(save, "conflict")
    (timer,) = room.decided()
    assert timer == effects.Timer(1, "join", SOON + 0.25)
    room.core.timer("join")
    room.catch_up("zero one two", 9, recovered=True)
    (again,) = [it for it in room.sent() if it["action"] == "update_essay"]
    assert (again["content"], again["base_seq"]) == ("zero one mine two", 9)


def test_a_save_that_is_refused_for_good_leaves_the_text_of_the_server() -> None:
    room = EssayInTest("one", 5)
    save = room.core.save("one mine", None)
    room.refuse(save, "permission_denied")
    assert effects.Answer(1, save, Problem("permission_denied", "no")) in room.decided()
    assert room.core.shown().text == "one"


def test_what_can_be_done_later_is_done_later() -> None:
    room = EssayInTest()
    save = room.core.save("x", None)
    room.decided()
    room.refuse(save, "rate_limited", Retry.LATER)
    assert room.decided() == [effects.Timer(1, save, SOON + 0.25)]
    room.core.timer(save)
    assert [it["request_id"] for it in room.sent()] == [save]


def test_a_range_is_of_the_text_that_the_server_knows() -> None:
    room = EssayInTest("👋 one two", 5)
    text = room.core.look().text
    at = text.index("two")
    save = room.core.save("👋👋 one two", None)
    body = {"feedback": {"type": "style", "comment": "Good."}}
    room.core.ask("add_feedback", body, Range(text, at, at + 3))
    assert [it["action"] for it in room.sent()] == ["update_essay"]
    room.ack(save, 6)
    (message,) = room.sent()
    sent = message["feedback"]
    assert (sent["highlight_start"], sent["highlight_end"]) == (9, 12)


def test_who_gives_up_waiting_withdraws_what_was_not_sent() -> None:
    room = EssayInTest("one", 5)
    first, second = room.core.save("one a", None), room.core.save("one a b", None)
    room.core.withdraw(first)
    room.core.withdraw(second)
    assert [it.id for it in room.core.requests] == [first]


def test_too_many_requests_are_refused_at_once() -> None:
    room = EssayInTest()
    room.core.down(1.0)
    for _ in range(MOST_REQUESTS):
        room.core.ask("typing_start", {})
    room.decided()
    late = room.core.ask("typing_start", {})
    (answer,) = room.decided()
    assert (answer.request_id, answer.answer.code) == (late, "queue_full")


def test_feedback_that_comes_again_is_no_news() -> None:
    room, item = EssayInTest(), FEEDBACK
    room.hears("new_feedback", 6, feedback=item)
    assert len(room.decided()) == 1
    room.hears("new_feedback", 6, feedback=item)
    assert room.decided() == []
    moved_there = {**item, "highlight_start": 4, "highlight_end": 7, "updated_at": AT}
    for gone in ("author", "created_at", "replies"):
        del moved_there[gone]
    room.hears("feedback_update", 7, feedback=moved_there)
    known = room.core.feedback[3]
    assert (known.highlight_start, known.author) == (4, events.Person.model_validate(PERSON))


def test_a_full_state_forgets_feedback_that_is_gone() -> None:
    room = EssayInTest()
    room.hears("new_feedback", 6, feedback=FEEDBACK)
    assert set(room.core.feedback) == {3}
    room.reconnect()
    room.catch_up("other text", 20, recovered=False)
    assert room.core.feedback == {}
    assert room.core.shown().text == "other text"


def test_nobody_flickers_while_the_room_catches_up() -> None:
    room = EssayInTest()
    person = {**PERSON, "avatar_url": ""}
    room.hears("user_joined", user=person, timestamp=AT)
    assert set(room.core.people) == {2}
    assert len(room.decided()) == 1
    room.reconnect()
    assert set(room.core.people) == {2}
    room.hears("user_joined", user=person, timestamp=AT)
    assert not [it for it in room.decided() if isinstance(it, effects.Tell)]


def test_who_is_named_twice_while_a_room_is_joined_is_told_of_once() -> None:
    room = EssayInTest()
    room.reconnect()
    told: list[object] = []
    for _ in ("the arrival", "the state"):
        room.hears("user_joined", user={**PERSON, "avatar_url": ""}, timestamp=AT)
        told += [it for it in room.decided() if isinstance(it, effects.Tell)]
    assert len(told) == 1


def test_an_essay_that_is_deleted_is_closed_and_says_so_to_all_who_wait() -> None:
    room = EssayInTest()
    asked = room.core.ask("typing_start", {})
    room.hears("essay_closed")
    decided = room.decided()
    assert effects.Answer(1, asked, Problem("closed", "it was deleted")) in decided
    assert decided[-1] == effects.Gone(1, Problem("closed", "it was deleted"))
    assert room.core.phase is Phase.CLOSED
    room.core.close(CLOSED_HERE)
    assert room.decided() == []


@pytest.mark.parametrize("kind", ["essay_update", "new_feedback", "user_joined", "from_later"])
def test_an_event_that_cannot_be_read_changes_nothing(kind: str) -> None:
    room = EssayInTest()
    before = room.core.shown()
    room.core.heard(News(kind, 1, None, {"type": kind, "essay_id": 1}), 0.5)
    assert room.decided() == []
    assert room.core.shown() == before


def test_both_sides_of_a_merge_keep_their_words() -> None:
    assert merged("one two", "one mine two", "zero one two") == "zero one mine two"
    assert moved("one two", "zero one two", 4, 7) == (9, 12)
