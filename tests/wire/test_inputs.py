"""What clients may send by mistake or malice, and what is odd but right."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.wire import make_vectors, vectors
from tests.wire.vectors import DIALECTS, Vector, label
from workroom.errors import WorkroomError
from workroom.protocol.dialect import Form, RoomRequest, TokenRequest
from workroom.protocol.reading import SHOWN, read
from workroom.protocol.schema import json_schema

MALFORMED = [
    vector
    for name in ("malformed_essay", "malformed_project", "not_utf8")
    for vector in vectors.load(name)
]
ACCEPTED = vectors.load("accepted")
SCHEMAS = json_schema()["$defs"]
LONGEST_ANSWER = 300
"""Characters of an error text: room for our own words and one echo, not for the message."""


def validator(dialect: str, form: Form, side: str) -> Draft202012Validator:
    """For all messages of a dialect, a form and a direction."""
    union = SCHEMAS[f"{dialect.title()}{form.name.title()}{side}Message"]
    return Draft202012Validator(union | {"$defs": SCHEMAS})


VALIDATORS = {
    (dialect, form, side): validator(dialect, form, side)
    for dialect in DIALECTS
    for form in Form
    for side in ("Client", "Server")
}


def refusal(vector: Vector, form: Form) -> WorkroomError:
    """The error that decoding raises."""
    with pytest.raises(WorkroomError) as raised:
        DIALECTS[vector["dialect"]].decode(vectors.raw(vector), form)
    return raised.value


def answer(vector: Vector, error: WorkroomError, form: Form) -> dict[str, Any]:
    """The error message, in the essay dialect's notation."""
    message = json.loads(DIALECTS[vector["dialect"]].encode_error(error, form) or b"")
    assert not list(VALIDATORS[vector["dialect"], form, "Server"].iter_errors(message))
    if vector["dialect"] == "essay":
        return dict(message)
    payload = dict(message["payload"])
    code = payload.pop("code").lower()
    return {"error": {"unknown_type": "unknown_action"}.get(code, code), **payload}


@pytest.mark.parametrize("vector", MALFORMED, ids=label)
def test_a_malformed_message_is_refused_by_code_and_field(vector: Vector) -> None:
    """The answer says what is wrong and where, in a short printable line."""
    for form in vectors.forms(vector):
        error = refusal(vector, form)
        assert (error.code, error.field) == (vector["error"], vector["field"])
        written = answer(vector, error, form)
        assert written["error"] == vector["error"]
        assert written["message"].startswith(f"{vector['field']}: " if vector["field"] else "")
        assert written["message"].isprintable()
        assert len(written["message"]) <= LONGEST_ANSWER


# One test over all vectors each: a thousand more test cases would cost more than they tell.


def test_an_error_never_repeats_much_of_the_message() -> None:
    """Nor does it keep the message alive: what pydantic and orjson saw is not chained to it."""
    for vector in MALFORMED:
        error = refusal(vector, vectors.forms(vector)[0])
        assert error.__cause__ is None, label(vector)
        assert error.__suppress_context__ or error.__context__ is None, label(vector)
        text = vectors.raw(vector)[:2_000].decode("utf-8", "replace")
        for start in range(0, len(text) - SHOWN - 20, 7):
            assert text[start : start + SHOWN + 20] not in error.message, label(vector)


def test_the_schema_refuses_what_the_server_refuses() -> None:
    """But for what it does not say: how numbers are written, NULs, sizes, later fields."""
    for vector in MALFORMED:
        if vector["error"] == "invalid_json":
            continue
        message, _ = read(vectors.raw(vector))
        for form in vectors.forms(vector):
            accepts = VALIDATORS[vector["dialect"], form, "Client"].is_valid(message)
            assert accepts == (vector.get("schema") == "accepts"), label(vector)


@pytest.mark.parametrize("vector", ACCEPTED, ids=label)
def test_an_odd_message_means_what_it_says(vector: Vector) -> None:
    """Forward compatible, and never stricter than the pages."""
    for form in vectors.forms(vector):
        decoded = DIALECTS[vector["dialect"]].decode(vectors.raw(vector), form)
        assert decoded == vectors.request(vector)
        assert isinstance(decoded, RoomRequest | TokenRequest)


def test_the_schema_accepts_what_the_server_accepts() -> None:
    """What the server takes, the published schema allows."""
    for vector in ACCEPTED:
        message, _ = read(vectors.raw(vector))
        for form in vectors.forms(vector):
            assert VALIDATORS[vector["dialect"], form, "Client"].is_valid(message), label(vector)


@pytest.mark.parametrize("name", make_vectors.files())
def test_the_generated_vectors_are_fresh(name: str) -> None:
    """The files hold what ``make_vectors`` says."""
    expected = make_vectors.written(make_vectors.files()[name])
    assert (vectors.FOLDER / f"{name}.json").read_text("ascii") == expected


@pytest.mark.parametrize("dialect", DIALECTS)
def test_there_are_enough_malformed_messages(dialect: str) -> None:
    """A floor, so that nobody thins them out by accident."""
    assert sum(vector["dialect"] == dialect for vector in MALFORMED) >= 200


@pytest.mark.parametrize(
    ("text", "essays", "projects"),
    [
        (rb'{"request_id":"r-1"}', "r-1", "r-1"),
        (rb'{"request_id":"r-1","x":"\ud800"}', "r-1", "r-1"),
        (rb'{"payload":{"request_id":"r-1"}}', None, "r-1"),
        (rb'{"request_id":1,"payload":{"request_id":"r-1"}}', None, "r-1"),
        (rb'{"request_id":"r-1","payload":{"request_id":"r-2"}}', "r-1", "r-1"),
        (rb'{"request_id":"a\u0000"}', None, None),
        (rb'{"request_id":"a\ud800"}', None, None),
        (rb'{"request_id":""}', None, None),
        (b'{"request_id":"' + b"x" * 64 + b'"}', "x" * 64, "x" * 64),
        (b'{"request_id":"' + b"x" * 65 + b'"}', None, None),
        (rb'{"request_id":null,"payload":[]}', None, None),
        (rb'[{"request_id":"r-1"}]', None, None),
        (rb'{"request_id":"r-1"', None, None),
        (b"", None, None),
    ],
)
def test_an_error_finds_its_request(text: bytes, essays: str | None, projects: str | None) -> None:
    """Also in messages that are wrong elsewhere; never an id that could not be answered."""
    assert DIALECTS["essay"].request_id_of(text) == essays
    assert DIALECTS["project"].request_id_of(text) == projects


@pytest.mark.parametrize("vector", vectors.load("rooms"), ids=lambda vector: str(vector["name"]))
def test_which_room_is_meant_is_no_matter_of_the_dialect(vector: Vector) -> None:
    """It reads all of these; the service decides, and its tests read the same file."""
    dialect = DIALECTS["essay" if "action" in vector["send"] else "project"]
    forms = vectors.forms(vector)
    for message in [*vector.get("before", []), vector["send"]]:
        for form in forms:
            assert dialect.decode(json.dumps(message).encode(), form)
