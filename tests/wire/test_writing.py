"""Values to bytes: times, error texts, and values that orjson refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workroom import errors
from workroom.protocol.dialect import Form
from workroom.protocol.essays import EssayDialect
from workroom.protocol.projects import ProjectDialect
from workroom.protocol.writing import LONGEST_TEXT, dump, one_line, text_of, timestamp

DIALECTS: list[EssayDialect | ProjectDialect] = [EssayDialect(), ProjectDialect()]


@given(st.integers(0, 253_402_300_799_999))
def test_a_timestamp_shows_whole_seconds_of_utc(at: int) -> None:
    """Floored, so that nothing is ever dated in the future."""
    shown = datetime.strptime(timestamp(at), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert shown.timestamp() == at // 1000


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (999, "1970-01-01T00:00:00Z"),
        (1000, "1970-01-01T00:00:01Z"),
        (1_705_332_600_000, "2024-01-15T15:30:00Z"),
        (951_782_399_999, "2000-02-28T23:59:59Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"),
    ],
)
def test_timestamps_look_like_those_of_the_pages(at: int, shown: str) -> None:
    """Years of four digits, no fraction, ``Z``."""
    assert timestamp(at) == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": "\ud800b"}, '{"a":"\ufffdb"}'),
        ({"\udfff": 1}, '{"\ufffd":1}'),
        ({"a": "\U0001f44b\ud800"}, '{"a":"\U0001f44b\ufffd"}'),
        ({"a": 2**70, "b": "\u00e9"}, f'{{"a":{2**70},"b":"\u00e9"}}'),
        ({"a": MappingProxyType({"b": MappingProxyType({"c": 1})})}, '{"a":{"b":{"c":1}}}'),
        ({"a": 2**70, "b": MappingProxyType({})}, f'{{"a":{2**70},"b":{{}}}}'),
        ({"a": (1, 2)}, '{"a":[1,2]}'),
    ],
)
def test_what_a_store_or_a_token_may_hold_is_written_all_the_same(
    value: dict[str, Any], text: str
) -> None:
    """One bad name must not keep a room from its events."""
    assert dump(value) == text.encode()


def test_deep_values_are_written_all_the_same() -> None:
    """Beyond the 254 levels of orjson."""
    value: dict[str, Any] = {}
    for _ in range(400):
        value = {"a": value}
    assert json.loads(dump(value)) == value


def test_what_has_no_form_in_json_is_a_programming_error() -> None:
    """Not something to paper over."""
    with pytest.raises(TypeError, match="set has no form in JSON"):
        dump({"a": {1}})


def test_the_field_stands_in_front_once() -> None:
    """Also when the message begins with it already."""
    assert text_of(errors.InvalidMessage("is missing", field="a.b")) == "a.b: is missing"
    assert text_of(errors.InvalidMessage("a.b is missing", field="a.b")) == "a.b is missing"
    assert text_of(errors.InvalidMessage("is missing")) == "is missing"


@given(st.text(st.characters()))
def test_an_error_text_is_one_printable_line(text: str) -> None:
    """Whatever an error carries."""
    line = one_line(text)
    assert line.isprintable()
    assert len(line) <= LONGEST_TEXT
    if text.isprintable() and len(text) <= LONGEST_TEXT:
        assert line == text


def tree(root: type[errors.WorkroomError]) -> list[type[errors.WorkroomError]]:
    """An error class and all below it."""
    return [root, *(below for child in root.__subclasses__() for below in tree(child))]


@pytest.mark.parametrize("kind", tree(errors.WorkroomError), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_error_of_the_program_has_a_message(
    kind: type[errors.WorkroomError], dialect: EssayDialect | ProjectDialect
) -> None:
    """With text that is safe to send even when it holds a lone surrogate."""
    verb: dict[str, Any] = {"verb": "edit"} if kind is errors.PermissionDenied else {}
    error = kind("what \ud800 is wrong", **verb)
    plain = json.loads(dialect.encode_error(error, Form.PLAIN, "r-1"))
    extended = json.loads(dialect.encode_error(error, Form.EXTENDED, "r-1"))
    inner = extended.get("payload", extended)
    assert inner["request_id"] == "r-1"
    assert inner["retry"] in set(errors.Retry)
    assert "retry" not in json.dumps(plain)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_an_error_that_clients_have_no_word_for_tells_nothing(
    dialect: EssayDialect | ProjectDialect,
) -> None:
    """An operator's mistake is not for users to read."""
    text = dialect.encode_error(errors.Misconfigured("WORKROOM_SECRET is 'x'"), Form.EXTENDED)
    assert b"SECRET" not in text
    assert b"unavailable" in text.lower()


def test_a_restart_is_told_in_documented_words() -> None:
    """Before close 1012."""
    essays, projects = (
        json.loads(dialect.encode_shutdown(Form.PLAIN, 1.5)) for dialect in DIALECTS
    )
    assert list(essays) == ["type", "error", "message"]
    assert (essays["type"], essays["error"]) == ("connection_error", "server_restarting")
    assert projects["type"] == "error"
    assert list(projects["payload"]) == ["code", "message"]
    assert projects["payload"]["code"] == "UNAVAILABLE"


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_an_extended_client_is_told_when_to_come_back_after_a_restart(
    dialect: EssayDialect | ProjectDialect,
) -> None:
    """Spread over clients, so that they do not all come at once."""
    message = json.loads(dialect.encode_shutdown(Form.EXTENDED, 1.23456))
    inner = message.get("payload", message)
    assert (inner["retry"], inner["retry_after"]) == ("later", 1.235)
