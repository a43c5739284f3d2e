"""Laws of both dialects, for any input: only documented errors, only documented messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from workroom import errors
from workroom.core import commands, events
from workroom.core.feedback import FeedbackType
from workroom.core.people import Right, Role, User
from workroom.ids import MAX_ID, FeedbackId, essay_room, project_room
from workroom.protocol import essay_inbound as inbound
from workroom.protocol.dialect import Ack, Form, RoomRequest, TokenRequest
from workroom.protocol.essays import EssayDialect, usual_save
from workroom.protocol.projects import ProjectDialect
from workroom.protocol.schema import json_schema

ESSAYS, PROJECTS = EssayDialect(), ProjectDialect()
DIALECTS: list[EssayDialect | ProjectDialect] = [ESSAYS, PROJECTS]
REFUSALS = (errors.InvalidJson, errors.InvalidMessage, errors.UnknownAction, errors.TooLarge)
DEFINITIONS = json_schema()["$defs"]

ids = st.integers(1, MAX_ID)
offsets = st.integers(0, 2**53)
clean = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
anything = st.text(st.characters())
request_ids = st.none() | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=64
)
words = st.sampled_from(
    [
        *("action", "type", "payload", "essay_id", "project_id", "content", "feedback", "comment"),
        *("highlight_start", "highlight_end", "cursor_position", "base_seq", "request_id", "data"),
        *("title", "status", "metadata", "token", "since", "subscribe_essay", "update_essay"),
        *("add_feedback", "join_project", "update_project", "refresh_token", "style", "active"),
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | anything | words
json_like = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(words | anything, inner),
    max_leaves=25,
)
users = st.builds(User, ids, clean, anything, st.sampled_from(Role), st.none() | anything)
times = st.integers(0, 4_102_444_800_000)
halves = st.none() | offsets
feedback = st.builds(
    events.FeedbackShown,
    ids, st.sampled_from(FeedbackType), clean, halves, halves, users, times, times,
    st.sampled_from(["exact", "moved", "changed", "orphaned"]), st.none() | anything,
)  # fmt: skip
rooms = st.builds(essay_room, ids) | st.builds(project_room, ids)
seqs = st.integers(1, MAX_ID)
changes = st.fixed_dictionaries(
    {},
    optional={
        "title": clean,
        "description": clean,
        "status": st.sampled_from(["active", "archived"]),
        "metadata": st.dictionaries(clean, st.none() | st.integers(-(2**70), 2**70) | anything),
    },
)
happenings = st.one_of(
    st.builds(events.EssayUpdated, ids, seqs, anything, st.integers(0, 10**6), users, times),
    st.builds(events.NewFeedback, ids, seqs, feedback),
    st.builds(events.FeedbackUpdated, ids, seqs, feedback),
    st.builds(events.FeedbackRemoved, ids, seqs, ids),
    st.builds(events.UserJoined, rooms, users, times),
    st.builds(events.UserLeft, rooms, ids, times),
    st.builds(events.TypingStarted, ids, users, times),
    st.builds(events.TypingStopped, ids, ids, times),
    st.builds(events.CursorMoved, ids, ids, offsets, st.none() | offsets),
    st.builds(events.ProjectUpdated, ids, seqs, changes, ids),
    st.builds(events.RightsChanged, rooms, st.none() | st.sampled_from(Right)),
    st.builds(events.RoomClosed, rooms),
    st.builds(events.TokenExpiring, st.integers(0, 10**6)),
)


def validator(dialect: EssayDialect | ProjectDialect, form: Form, side: str) -> Any:
    """For all messages of a dialect, a form and a direction."""
    union = DEFINITIONS[f"{dialect.name.title()}{form.name.title()}{side}Message"]
    return Draft202012Validator(union | {"$defs": DEFINITIONS})


SERVER = {
    (dialect.name, form): validator(dialect, form, "Server")
    for dialect in DIALECTS
    for form in Form
}


def answers(text: bytes) -> Iterator[None]:
    """Decode in every way; a refusal must have a documented message."""
    for dialect in DIALECTS:
        request_id = dialect.request_id_of(text)
        assert request_id is None or 1 <= len(request_id) <= 64
        for form in Form:
            try:
                dialect.decode(text, form)
            except REFUSALS as error:
                message = json.loads(dialect.encode_error(error, form, request_id))
                SERVER[dialect.name, form].validate(message)
            yield


odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 0, 1, 2**53, 2**63, 2**64, 1.0, "", "x", "y" * 65, [], {}]
)
saves = st.fixed_dictionaries(
    {"action": st.just("update_essay")},
    optional={
        "essay_id": ids | odd,
        "content": anything | odd,
        "request_id": st.text(max_size=70) | odd,
        "cursor_position": st.integers() | odd,
        "selection_end": st.integers() | odd,
        "base_seq": offsets | odd,
    },
)


@given(saves, st.sampled_from(Form))
def test_a_save_that_is_read_quickly_means_what_the_model_says(
    message: dict[str, Any], form: Form
) -> None:
    shape = inbound.UpdateEssayExtended if form is Form.EXTENDED else inbound.UpdateEssay
    try:
        asked = shape.model_validate(message)
    except ValidationError:
        assert usual_save(message, form) is None
        return
    command = commands.SaveText(
        asked.content,
        asked.cursor_position,
        getattr(asked, "selection_end", None),
        getattr(asked, "base_seq", None),
    )
    expected = RoomRequest(essay_room(asked.essay_id), command, asked.request_id)
    assert usual_save(message, form) == expected


@given(st.binary() | anything.map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_decoded_or_refused(text: bytes) -> None:
    """Never another exception, whatever arrives."""
    assert len(list(answers(text))) == 4


@given(json_like)
def test_any_json_is_decoded_or_refused(value: Any) -> None:
    """Including NaN, lone surrogates and numbers of any size."""
    assert len(list(answers(json.dumps(value).encode()))) == 4


@given(st.dictionaries(words, json_like), st.sampled_from(["action", "type"]), words)
def test_anything_around_a_known_kind_is_decoded_or_refused(
    message: dict[str, Any], key: str, kind: str
) -> None:
    """The same, close to real messages."""
    text = json.dumps({**message, key: kind, "payload": message}).encode()
    assert len(list(answers(text))) == 4


@given(happenings)
def test_every_event_is_written_as_the_schema_says(event: events.Event) -> None:
    """In each dialect and form, or not at all; the extended form has whatever the plain one has."""
    for dialect in DIALECTS:
        texts = [dialect.encode(event, form) for form in Form]
        for form, text in zip(Form, texts, strict=True):
            if text is not None:
                SERVER[dialect.name, form].validate(json.loads(text))
        plain, extended = (None if text is None else json.loads(text) for text in texts)
        assert plain is None or contains(extended, plain)


def contains(larger: Any, smaller: Any) -> bool:
    """Whether one message has all keys and values of the other."""
    if isinstance(smaller, dict):
        return all(key in larger and contains(larger[key], smaller[key]) for key in smaller)
    return bool(larger == smaller)


@given(ids, anything, st.none() | st.integers(-(2**63), 2**64 - 1), request_ids)
def test_a_saved_text_comes_through(
    essay: int, content: str, caret: int | None, request_id: str | None
) -> None:
    """Lone surrogates and all."""
    message = {
        "action": "update_essay",
        "essay_id": essay,
        "content": content,
        "cursor_position": caret,
        "request_id": request_id,
    }
    text = json.dumps(message).encode()
    # Two halves that meet in JSON are one character.
    joined = json.loads(json.dumps(content))
    expected = RoomRequest(essay_room(essay), commands.SaveText(joined, caret), request_id)
    assert ESSAYS.decode(text, Form.PLAIN) == expected
    assert ESSAYS.decode(text, Form.EXTENDED) == expected
    assert ESSAYS.request_id_of(text) == request_id


@given(ids, st.sampled_from(FeedbackType), clean, halves, halves, request_ids)
def test_feedback_comes_through_or_is_refused_for_a_reason(
    essay: int, kind: FeedbackType, comment: str, start: int | None, end: int | None,
    request_id: str | None,
) -> None:  # fmt: skip
    """Exactly when the comment is blank, or the highlight half given or backwards."""
    message = {
        "action": "add_feedback",
        "essay_id": essay,
        "feedback": {
            "type": kind.value,
            "comment": comment,
            "highlight_start": start,
            "highlight_end": end,
        },
        "request_id": request_id,
    }
    text = json.dumps(message).encode()
    half = (start is None) != (end is None)
    backwards = start is not None and end is not None and start > end
    if half or backwards or not comment.strip():
        with pytest.raises(errors.InvalidMessage) as raised:
            ESSAYS.decode(text, Form.PLAIN)
        assert (raised.value.field or "").startswith("feedback.")
    else:
        command = commands.AddFeedback(FeedbackId(0), kind, comment, start, end)
        expected = RoomRequest(essay_room(essay), command, request_id)
        assert ESSAYS.decode(text, Form.PLAIN) == expected


@given(request_ids, clean.filter(bool), st.sampled_from(DIALECTS))
def test_a_token_comes_through_and_never_shows(
    request_id: str | None, token: str, dialect: EssayDialect | ProjectDialect
) -> None:
    """``repr`` ends up in logs; the token must not."""
    message: dict[str, Any] = {"token": token, "request_id": request_id}
    if dialect is ESSAYS:
        message["action"] = "refresh_token"
    else:
        message = {"type": "refresh_token", "payload": message}
    decoded = dialect.decode(json.dumps(message).encode(), Form.PLAIN)
    assert decoded == TokenRequest(token, request_id)
    assert repr(decoded) == f"TokenRequest(request_id={request_id!r})"


detail_keys = clean | st.sampled_from(["type", "request_id", "feedback_id"])


@given(request_ids.filter(bool), ids, seqs, st.dictionaries(detail_keys, clean))
def test_an_ack_always_answers_its_request(
    request_id: str, number: int, seq: int, details: dict[str, str]
) -> None:
    """Whatever the details are called."""
    for dialect, make in ((ESSAYS, essay_room), (PROJECTS, project_room)):
        message = json.loads(dialect.encode_ack(Ack(request_id, make(number), seq, details)))
        SERVER[dialect.name, Form.EXTENDED].validate(message)
        assert message.get("payload", message)["request_id"] == request_id
        assert message["type"] == "ack"
