"""The documented and the extended messages, read and written exactly as the vectors show them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.wire import vectors
from tests.wire.vectors import DIALECTS, Vector, label
from workroom.core import events
from workroom.core.people import Role, User
from workroom.ids import RoomId, UserId, essay_room, project_room
from workroom.protocol.dialect import Form
from workroom.protocol.schema import json_schema

ALL = vectors.load("documented") + vectors.load("extended")
FROM_CLIENTS = [vector for vector in ALL if vector["direction"] == "client"]
WRITTEN = [vector for vector in ALL if {"event", "error", "ack"} & vector.keys()]
EVENTS = [vector for vector in ALL if "event" in vector]


def encoded(vector: Vector) -> Any:
    """What the dialect writes for a server vector."""
    dialect, form = DIALECTS[vector["dialect"]], Form[vector["form"].upper()]
    if "ack" in vector:
        return json.loads(dialect.encode_ack(vectors.ack(vector["ack"])) or b"")
    if "error" in vector:
        request_id = vector.get("request_id")
        error = vectors.error(vector["error"])
        return json.loads(dialect.encode_error(error, form, request_id) or b"")
    text = dialect.encode(vectors.event(vector["event"]), form)
    assert text is not None
    return json.loads(text)


def assert_same(written: Any, expected: Any, *, place: str = "message") -> None:
    """Equal values of equal JSON types, and the same keys in the same order."""
    assert type(written) is type(expected), place
    if isinstance(expected, dict):
        assert list(written) == list(expected), place
        for key in expected:
            assert_same(written[key], expected[key], place=f"{place}.{key}")
    elif isinstance(expected, list):
        assert len(written) == len(expected), place
        for index, (one, other) in enumerate(zip(written, expected, strict=True)):
            assert_same(one, other, place=f"{place}[{index}]")
    else:
        assert written == expected, place


def skeleton(value: Any) -> Any:
    """Keys, order and types of a message, without its values."""
    if isinstance(value, dict):
        return [(key, skeleton(part)) for key, part in value.items()]
    return type(value).__name__


@pytest.mark.parametrize("vector", FROM_CLIENTS, ids=label)
def test_a_documented_message_becomes_its_command(vector: Vector) -> None:
    """Whatever the key order, the spacing and the escaping."""
    dialect, form = DIALECTS[vector["dialect"]], Form[vector["form"].upper()]
    message = vector["message"]
    reordered = dict(reversed(message.items()))
    for text in (
        json.dumps(message),
        json.dumps(message, ensure_ascii=False, separators=(",", ":")),
        json.dumps(reordered, indent=3),
    ):
        assert dialect.decode(text.encode(), form) == vectors.request(vector)


@pytest.mark.parametrize(
    "vector",
    [vector for vector in FROM_CLIENTS if vector["form"] == "plain"],
    ids=label,
)
def test_an_extended_connection_understands_the_plain_messages(vector: Vector) -> None:
    """The extended form adds; it takes nothing away."""
    text = json.dumps(vector["message"]).encode()
    dialect = DIALECTS[vector["dialect"]]
    assert dialect.decode(text, Form.EXTENDED) == vectors.request(vector)


@pytest.mark.parametrize(
    "vector", [vector for vector in WRITTEN if not vector.get("placeholders")], ids=label
)
def test_a_message_is_written_as_documented(vector: Vector) -> None:
    """Key by key, type by type, in the order of the pages, and nothing else."""
    assert_same(encoded(vector), vector["message"])


@pytest.mark.parametrize(
    "vector", [vector for vector in WRITTEN if vector.get("placeholders")], ids=label
)
def test_a_documented_message_with_placeholders_has_the_same_skeleton(vector: Vector) -> None:
    """Where the page writes ``user_id`` or ``ERROR_CODE``, the real thing has the same type."""
    assert skeleton(encoded(vector)) == skeleton(vector["message"])


def test_every_documented_server_message_has_an_event_or_waits_for_one() -> None:
    """Nothing on the pages is forgotten."""
    missing = {
        vector["message"]["type"]
        for vector in vectors.load("documented", lambda vector: vector["direction"] == "server")
        if vector not in WRITTEN
    }
    assert missing == set()


@pytest.mark.parametrize("vector", EVENTS, ids=label)
def test_plain_connections_never_see_what_only_the_extended_form_has(vector: Vector) -> None:
    """A plain message validates with no additional properties, or there is none at all."""
    text = DIALECTS[vector["dialect"]].encode(vectors.event(vector["event"]), Form.PLAIN)
    title = vector["dialect"].title()
    definitions = json_schema()["$defs"]
    if text is None:
        assert vector["form"] == "extended"
        assert vector["message"]["type"] not in {
            one["message"]["type"]
            for one in vectors.load("documented")
            if one["direction"] == "server" and one["dialect"] == vector["dialect"]
        }
        return
    union = definitions[f"{title}PlainServerMessage"]
    Draft202012Validator(union | {"$defs": definitions}).validate(json.loads(text))


@pytest.mark.parametrize("vector", vectors.load("errors"), ids=label)
def test_an_error_is_written_as_documented(vector: Vector) -> None:
    """Each kind of error, in both dialects and forms."""
    assert_same(encoded(vector), vector["message"])


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("room", [essay_room(7), project_room(7)], ids=str)
def test_no_dialect_speaks_of_the_other_kind_of_room(room: RoomId, form: Form) -> None:
    """Essay 7 and project 7 are two rooms."""
    user = User(UserId(1), "emma", "Emma Brown", Role.STUDENT)
    here: list[events.Event] = [events.UserJoined(room, user, 0), events.UserLeft(room, user.id, 0)]
    extended: list[events.Event] = [events.RightsChanged(room, None), events.RoomClosed(room)]
    for dialect in DIALECTS.values():
        speaks = dialect.kind is room.kind
        for event in here:
            assert (dialect.encode(event, form) is not None) == speaks
        for event in extended:
            assert (dialect.encode(event, form) is not None) == (speaks and form is Form.EXTENDED)
