"""The Yjs dialect: y-protocols in, commands out, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workroom.core.awareness import ClientState
from workroom.core.commands import ApplyUpdate, QueryAwareness, ShowAwareness, Synchronize
from workroom.core.events import (
    AwarenessShown,
    EssayUpdated,
    SyncAnswered,
    SyncRequested,
    TextPatched,
    UserLeft,
)
from workroom.core.people import Role, User
from workroom.errors import (
    InvalidMessage,
    NotAuthenticated,
    PermissionDenied,
    RateLimited,
    TooLarge,
    Unavailable,
    UnknownAction,
    WorkroomError,
)
from workroom.ids import MAX_ID, EssayId, UserId, essay_room
from workroom.protocol.dialect import Ack, Form, RoomRequest, TokenRequest
from workroom.protocol.essays import EssayDialect
from workroom.protocol.lib0 import Reader, chunk, number
from workroom.protocol.projects import ProjectDialect
from workroom.protocol.yjs import LARGEST_STATE, MOST_STATES, YjsDialect

YJS = YjsDialect()
ESSAY = EssayId(1)
EMMA = User(UserId(1), "emma", "Emma", Role.STUDENT)


@pytest.mark.parametrize(
    ("message", "command"),
    [
        (b"\0\0\1\0", Synchronize(b"\0")),
        (b"\0\1\2\0\0", ApplyUpdate(b"\0\0")),
        (b"\0\2\2\0\0", ApplyUpdate(b"\0\0")),
        (b"\3", QueryAwareness()),
        (b"\1\1\0", ShowAwareness(())),
        (b"\1" + chunk(b"\1\7\2" + chunk(b"{")), None),
        (
            b"\1" + chunk(b"\2\7\2" + chunk(b'{"a":1}') + b"\x08\3" + chunk(b"null")),
            ShowAwareness((ClientState(7, 2, {"a": 1}), ClientState(8, 3, None))),
        ),
    ],
)
def test_each_message_is_its_command(message: bytes, command: object) -> None:
    if command is None:
        with pytest.raises(InvalidMessage):
            YJS.decode_binary(message)
    else:
        assert YJS.decode_binary(message) == RoomRequest(None, command)  # type: ignore[arg-type]


@given(st.binary(max_size=60))
def test_whatever_comes_is_read_or_refused(message: bytes) -> None:
    try:
        request = YJS.decode_binary(message)
    except (InvalidMessage, TooLarge):
        return
    assert isinstance(request, RoomRequest)


@given(st.integers(0, MAX_ID), st.binary(max_size=300))
def test_numbers_and_chunks_are_read_as_they_were_written(value: int, data: bytes) -> None:
    read = Reader(number(value) + chunk(data))
    assert (read.number(), read.chunk()) == (value, data)
    read.end()


@pytest.mark.parametrize("cut", [b"", b"\x80", b"\xff" * 9, number(MAX_ID + 1)])
def test_a_number_that_is_none_is_refused(cut: bytes) -> None:
    with pytest.raises(InvalidMessage):
        Reader(cut).number()


@pytest.mark.parametrize(
    "message",
    [
        b"\1" + chunk(number(MOST_STATES + 1)),
        b"\1" + chunk(b"\1\7\2" + chunk(b'"' + b"x" * LARGEST_STATE + b'"')),
        b"\0\0" + chunk(bytes(128 * 1024 + 1)),
    ],
)
def test_what_is_over_a_limit_is_too_large(message: bytes) -> None:
    with pytest.raises(TooLarge):
        YJS.decode_binary(message)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (SyncRequested(ESSAY, b"v"), b"\0\0\1v"),
        (SyncAnswered(ESSAY, b"u"), b"\0\1\1u"),
        (TextPatched(ESSAY, 3, b"u"), b"\0\2\1u"),
        (AwarenessShown(ESSAY, ()), b"\1\1\0"),
        (
            AwarenessShown(ESSAY, (ClientState(7, 2, {"n": "é"}), ClientState(8, 3, None))),
            b"\1" + chunk(b"\2\7\2" + chunk('{"n":"é"}'.encode()) + b"\x08\3" + chunk(b"null")),
        ),
        (EssayUpdated(ESSAY, 1, "text", 1, EMMA, 0), None),
        (UserLeft(essay_room(1), UserId(1), 0), None),
    ],
)
@pytest.mark.parametrize("form", list(Form))
def test_each_event_is_its_message(event: object, message: bytes | None, form: Form) -> None:
    assert YJS.encode(event, form) == message  # type: ignore[arg-type]
    if message is not None:
        for other in (EssayDialect(), ProjectDialect()):
            assert other.encode(event, form) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionDenied("No", verb="edit"), "insufficient_permissions: No"),
        (NotAuthenticated(), "authentication_failed: Invalid or expired token"),
        (TooLarge("Much", field="update"), "too_large: update: Much"),
        (Unavailable("down"), None),
        (RateLimited("slow"), None),
    ],
)
def test_refusals_are_told_as_permission_denied(error: WorkroomError, told: str | None) -> None:
    wanted = None if told is None else b"\2\0" + chunk(told.encode())
    assert YJS.encode_error(error, Form.PLAIN, "r") == wanted


def test_only_a_new_token_comes_as_text() -> None:
    text = b'{"action": "refresh_token", "token": "abc"}'
    assert YJS.decode(text, Form.PLAIN) == TokenRequest("abc")
    with pytest.raises(UnknownAction):
        YJS.decode(b'{"action": "subscribe_essay", "essay_id": 1}', Form.PLAIN)
    with pytest.raises(InvalidMessage):
        YJS.decode(b'{"action": "refresh_token", "token": "a\\u0000"}', Form.PLAIN)


def test_there_are_no_request_ids_and_the_close_code_says_goodbye() -> None:
    assert YJS.request_id_of(b'{"request_id": "r"}') is None
    assert YJS.encode_ack(Ack("r", None, None, {})) is None
    assert YJS.encode_shutdown(Form.EXTENDED, 1.0) is None


@pytest.mark.parametrize("dialect", [EssayDialect(), ProjectDialect()])
def test_the_json_formats_take_no_binary_message(dialect: EssayDialect | ProjectDialect) -> None:
    with pytest.raises(InvalidMessage):
        dialect.decode_binary(b"{}")
