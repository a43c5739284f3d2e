"""What the message models of both dialects share: field types, and errors that name the place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import ConfigDict, Field, ValidationError
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import ErrorDetails

from workroom.errors import InvalidJson, InvalidMessage, UnknownAction
from workroom.ids import MAX_ID
from workroom.protocol.described import Described
from workroom.protocol.reading import Message, bad_character, kind_of, read, shown


class ClientShape(Described):
    """A message, or a part of one, that clients send; strict, so ``"1"`` and ``true`` are no 1.

    Fields that the model does not know are ignored, so that newer clients can talk to this server.
    """

    model_config = ConfigDict(
        strict=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )


class PlainShape(Described):
    """A message, or a part of one, as plain connections get it: these keys and no others."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


OPEN: Final = ConfigDict(extra="ignore")
"""The configuration of what extended connections get: later versions may add keys."""

LONGEST_REQUEST_ID: Final = 64
"""Characters (code points)."""

Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Count = Annotated[int, Field(ge=0)]
Seq = Annotated[int, Field(ge=1)]
RequestId = Annotated[str, Field(min_length=1, max_length=LONGEST_REQUEST_ID)]
Seconds = Annotated[float, Field(ge=0)]
Timestamp = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")
]
FeedbackKind = Literal["content", "grammar", "structure", "style", "general"]
Rights = Literal["view", "comment", "edit", "owner"]
Retry = Literal["never", "later", "with_new_token"]

LONGEST_TOKEN: Final = 16_384
"""Characters of a token; no real one comes near."""

Token = Annotated[str, Field(min_length=1, max_length=LONGEST_TOKEN)]


class ErrorAdvice(PlainShape):
    """What the extended form adds to errors."""

    model_config = OPEN

    request_id: RequestId | SkipJsonSchema[None] = None
    """Which request failed; left out when it had no id."""
    retry: Retry
    retry_after: Seconds | SkipJsonSchema[None] = None
    """Left out when not known."""


S = TypeVar("S", bound=ClientShape)
R = TypeVar("R")


def reader(shape: type[S], translate: Callable[[S], R]) -> Callable[[Mapping[str, Any]], R]:
    """Check a message against a model, then translate it. Raises InvalidMessage."""

    def read(message: Mapping[str, Any]) -> R:
        try:
            checked = shape.model_validate(message)
        except ValidationError as error:
            # "from None": pydantic's own error would carry the input into logs.
            raise refusal(error) from None
        return translate(checked)

    return read


def string_at(message: Message, key: str) -> str:
    """The string under ``key``, which says what kind of message it is. Raises InvalidMessage."""
    value = message.get(key)
    if type(value) is str:
        return value
    reason = f"expected a string, got {kind_of(value)}" if key in message else "is missing"
    raise InvalidMessage(reason, field=key)


def unknown(name: str, *, field: str, known: Iterable[str]) -> UnknownAction:
    """The error for an action (or type) that this form of the dialect does not have."""
    message = f'"{shown(name)}" is not known here; expected one of {", ".join(known)}'
    return UnknownAction(message, field=field)


def request_id_in(text: bytes, *, inside: str | None = None) -> str | None:
    """The ``request_id`` of a message, well or badly formed; also looked for under ``inside``."""
    try:
        message, _ = read(text)
    except InvalidJson:
        return None
    if type(message) is not dict:
        return None
    found = _request_id(message.get("request_id"))
    if found is None and inside is not None and type(message.get(inside)) is dict:
        found = _request_id(message[inside].get("request_id"))
    return found


def _request_id(value: object) -> str | None:
    if type(value) is str and 1 <= len(value) <= LONGEST_REQUEST_ID and not bad_character(value):
        return value
    return None


def refusal(error: ValidationError) -> InvalidMessage:
    """The first thing that is wrong with a message, and where."""
    first = error.errors(include_url=False)[0]
    field = shown(".".join(str(step) for step in first["loc"]))
    return InvalidMessage(_reason(first), field=field or None)


def _reason(details: ErrorDetails) -> str:
    """What is wrong, for the client's developer. Never repeats the value: it may be a token."""
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind in _LIMITS:
        return _LIMITS[kind].format(**context)
    expected = _EXPECTED.get(kind)
    if expected is None:
        return details["msg"]
    return f"expected {expected.format(**context)}, got {kind_of(details['input'])}"


_EXPECTED: Final = {
    "int_type": "a whole number",
    "string_type": "a string",
    "model_type": "an object",
    "dict_type": "an object",
    "is_instance_of": "an object",
}
_LIMITS: Final = {
    "greater_than_equal": "expected a number of at least {ge}",
    "less_than_equal": "expected a number of at most {le}",
    "string_too_short": "expected at least {min_length} character(s)",
    "string_too_long": "expected at most {max_length} characters",
    "literal_error": "expected {expected}",
}
