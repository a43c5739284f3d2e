"""Python values to bytes, and the words that both dialects share: times and error texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from workroom.errors import (
    Conflict,
    InvalidJson,
    InvalidMessage,
    NotAuthenticated,
    NotFound,
    NotSubscribed,
    PermissionDenied,
    RateLimited,
    TooLarge,
    Unavailable,
    UnknownAction,
    WorkroomError,
)

_KNOWN: Final = (
    InvalidJson,
    InvalidMessage,
    UnknownAction,
    NotSubscribed,
    TooLarge,
    RateLimited,
    Conflict,
    Unavailable,
)
LONGEST_TEXT: Final = 500
"""Characters of an error text at most."""


def dump(message: Mapping[str, Any]) -> bytes:
    """The message as compact UTF-8 JSON, keys in the order given.

    Never fails on values that come from JSON: a lone surrogate becomes U+FFFD.
    """
    try:
        return orjson.dumps(message, default=_plain)
    except TypeError:
        # A lone surrogate, an integer beyond 64 bits or more than 254 levels. None of them passes a
        # dialect on its way in, but a store or a token from elsewhere may hold one.
        text = json.dumps(message, ensure_ascii=False, separators=(",", ":"), default=_plain)
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def timestamp(at: int) -> str:
    """``at`` (milliseconds since 1970, UTC) as ``2024-01-15T15:30:00Z``: whole seconds, floored."""
    return _second(at // 1000)


def text_of(error: WorkroomError) -> str:
    """What the client is told: the field first, when there is one; printable, one line."""
    field = error.field
    if field and not error.message.startswith(field):
        return one_line(f"{field}: {error.message}")
    return one_line(error.message)


def one_line(text: str) -> str:
    """The text without control characters, cut at ``LONGEST_TEXT``."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else "\ufffd" for c in text[: LONGEST_TEXT + 1])
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def advice(error: WorkroomError, request_id: str | None) -> dict[str, Any]:
    """What the extended form adds to an error: ``request_id``, ``retry``, ``retry_after`` (s)."""
    added: dict[str, Any] = {}
    if request_id is not None:
        added["request_id"] = request_id
    added["retry"] = error.retry.value
    if error.retry_after is not None:
        added["retry_after"] = round(max(error.retry_after, 0.0), 3)
    return added


def restarting(retry_after: float) -> Unavailable:
    """What is said before close 1012; ``retry_after`` in seconds."""
    message = "The server is restarting; please connect again in a few seconds"
    return Unavailable(message, retry_after=retry_after)


def told(error: WorkroomError, thing: str) -> WorkroomError:
    """The error as clients may know it; ``thing`` is what rooms of the dialect are about.

    Not authenticated: always the documented words, so nobody learns what is wrong with a token. Not
    found: the same as not allowed to view, so nobody can tell which. An error that clients have no
    word for is the server's own business: Unavailable.
    """
    if isinstance(error, NotAuthenticated):
        return NotAuthenticated()
    if isinstance(error, NotFound) and error.field is not None:
        # A part of a room that one may see: it was deleted, perhaps a moment ago.
        return Conflict(error.message, field=error.field)
    if isinstance(error, NotFound):
        return PermissionDenied(f"You don't have permission to view this {thing}", verb="view")
    if isinstance(error, PermissionDenied):
        # Without the field: the documented words stand alone.
        return PermissionDenied(error.message, verb=error.verb)
    if isinstance(error, _KNOWN):
        return error
    return Unavailable("The server cannot do this now")


def with_details(message: dict[str, Any], details: Mapping[str, Any]) -> dict[str, Any]:
    """The message with further keys after its own; its own ones win."""
    for key, value in details.items():
        message.setdefault(key, value)
    return message


@lru_cache(maxsize=256)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    message = f"{type(value).__name__} has no form in JSON"
    raise TypeError(message)
