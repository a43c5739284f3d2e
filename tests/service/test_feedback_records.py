"""The recorded form of what people do with feedback: final, so it is written out here."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from workroom.core.commands import ChangeFeedback, ReplyFeedback
from workroom.core.entries import (
    Entry,
    Fact,
    FeedbackReopened,
    FeedbackReplied,
    FeedbackResolved,
    Record,
    ReplyChanged,
    ReplyDeleted,
)
from workroom.core.essays.feedback_map import FeedbackMap
from workroom.core.essays.state import EssayState
from workroom.core.text import Highlight, attach
from workroom.ids import FeedbackId, ReplyId, UserId
from workroom.service.rooms.life import draft, essay_body, essay_state_of
from workroom.service.rooms.records import to_entry, to_record
from workroom.testing.scenario import Scenario

ITEM, REPLY = FeedbackId(7), ReplyId(9)
RECORDED: list[tuple[Fact, str, dict[str, Any]]] = [
    (FeedbackResolved(ITEM), "feedback_resolved", {"id": 7}),
    (FeedbackReopened(ITEM), "feedback_reopened", {"id": 7}),
    (FeedbackReplied(ITEM, "Hm 👋"), "feedback_replied", {"id": 7, "comment": "Hm 👋"}),
    (
        ReplyChanged(ITEM, REPLY, "Hm"),
        "reply_changed",
        {"id": 7, "reply": 9, "comment": "Hm"},
    ),
    (ReplyDeleted(ITEM, REPLY), "reply_deleted", {"id": 7, "reply": 9}),
]


@pytest.mark.parametrize(("fact", "kind", "body"), RECORDED, ids=[r[1] for r in RECORDED])
def test_a_fact_is_recorded_as_ever_and_read_back(
    fact: Fact, kind: str, body: dict[str, Any]
) -> None:
    entry = Entry(3, UserId(1), 1_700_000_000_000, fact)
    record = to_record(entry)
    assert (record.kind, json.loads(record.body)) == (kind, body)
    assert to_entry(record) == entry


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("feedback_resolved", {}),
        ("feedback_reopened", {"id": "7"}),
        ("feedback_reopened", {"id": True}),
        ("feedback_replied", {"id": 7}),
        ("feedback_replied", {"id": 7, "comment": None}),
        ("reply_changed", {"id": 7, "reply": 0, "comment": "x"}),
        ("reply_deleted", {"id": 7, "reply": 9.0}),
    ],
)
def test_what_is_no_record_is_not_read(kind: str, body: dict[str, Any]) -> None:
    record = Record(3, kind, UserId(1), 0, json.dumps(body).encode())
    with pytest.raises((ValueError, KeyError)):
        to_entry(record)


def test_a_checkpoint_holds_threads_and_older_ones_are_read() -> None:
    essay = Scenario.essay("Once upon a time")
    sarah = essay.join("sarah")
    feedback = sarah.comments(0, 4)
    sarah.does(ReplyFeedback(feedback, "Hm")).does(ChangeFeedback(feedback, resolved=True))
    state = draft(essay.room).state
    assert isinstance(state, EssayState)
    body = json.loads(json.dumps(essay_body(state)))
    assert essay_state_of(body) == state
    for item in body["feedback"]:
        for name in ("resolved_by", "resolved_at", "replies"):
            del item[name]
    older = essay_state_of(body)
    plain = replace(state.feedback[feedback], resolved_by=None, resolved_at=None, replies=())
    assert older == replace(state, feedback=FeedbackMap({feedback: plain}))


def test_a_highlight_is_recorded_as_before_unless_something_was_written_at_its_edges() -> None:
    highlight = attach("hello world", 6, 11)
    assert highlight.encode().keys().isdisjoint({"left", "right"})
    cut = replace(highlight, end=9, changed=True, left=1, right=2)
    assert {"left": 1, "right": 2}.items() <= cut.encode().items()
    assert [Highlight.decode(each.encode()) for each in (highlight, cut)] == [highlight, cut]
    for wrong in ({"left": 7}, {"right": -1}, {"left": "1"}):
        with pytest.raises(ValueError, match="highlight"):
            Highlight.decode(cut.encode() | wrong)
