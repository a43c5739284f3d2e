"""Python values to bytes, and the words that both dialects share: times and error texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from workroom.errors import Unavailable, WorkroomError

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
    text, field = error.message, error.field
    if field and not text.startswith(field):
        text = f"{field}: {text}"
    if not text.isprintable():
        text = "".join(c if c.isprintable() else "\ufffd" for c in text[:LONGEST_TEXT])
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


def spelled(error: WorkroomError, codes: Mapping[type[WorkroomError], str]) -> tuple[str, str]:
    """The dialect's code for an error (of its class, or the nearest above) and its text.

    An error that the dialect has no word for is none of the client's business: ``Unavailable``.
    """
    for ancestor in type(error).__mro__:
        code = codes.get(ancestor)
        if code is not None:
            return code, text_of(error)
    return codes[Unavailable], "The server cannot do this"


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
