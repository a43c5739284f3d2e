from __future__ import annotations

from typing import Any

import pytest

from workroom.client import events
from workroom.client.inbox import Inbox


def update(seq: int) -> events.EssayUpdate:
    return events.EssayUpdate(
        type="essay_update",
        essay_id=1,
        content=f"text {seq}",
        word_count=2,
        updated_by=events.Person(id=1, name="Emma Brown", role="student"),
        timestamp="2026-01-01T00:00:00Z",
        seq=seq,
    )


def progress(task: str, percent: int) -> events.TaskProgress:
    return events.TaskProgress(task_id=task, progress=percent, message="", project_id=1, attempt=1)


def left(user: int) -> events.UserLeft:
    return events.UserLeft(
        type="user_left", essay_id=1, user_id=user, timestamp="2026-01-01T00:00:00Z"
    )


def all_of(inbox: Inbox) -> list[Any]:
    return [inbox.take() for _ in range(len(inbox))]


def test_of_the_text_only_the_latest_waits_at_its_new_place() -> None:
    inbox = Inbox()
    for event in (update(1), left(1), update(2), update(3)):
        inbox.put(event)
    assert all_of(inbox) == [left(1), update(3)]


def test_of_progress_the_latest_of_each_task_waits() -> None:
    inbox = Inbox()
    for event in (progress("a", 1), progress("b", 1), progress("a", 2)):
        inbox.put(event)
    assert all_of(inbox) == [progress("b", 1), progress("a", 2)]


def test_nothing_else_is_folded() -> None:
    inbox = Inbox()
    for event in (left(1), left(1), left(2)):
        inbox.put(event)
    assert all_of(inbox) == [left(1), left(1), left(2)]


def test_a_program_that_is_far_too_slow_is_told_how_much_it_missed() -> None:
    inbox = Inbox(capacity=10)
    for user in range(1, 25):
        inbox.put(left(user))
        assert len(inbox) <= 10
    dropped, *rest = all_of(inbox)
    assert isinstance(dropped, events.EventsDropped)
    assert dropped.count + len(rest) == 24
    assert rest[-1] == left(24)


def test_an_empty_inbox_gives_nothing() -> None:
    with pytest.raises(KeyError):
        Inbox().take()
