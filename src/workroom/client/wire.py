"""The two wire formats as a client writes and reads them; nothing else knows their keys.

A server may say more than this client knows: what it cannot be is left alone, and never raises.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from workroom.client.errors import Problem
from workroom.errors import Retry

Json: TypeAlias = Mapping[str, Any]

MOST_SECONDS: Final = 86_400
"""A server may ask a client to stay away for a day, and no longer."""
REFRESH_ID: Final = "token"
"""Refreshing is answered like any request, but never remembered: one id does for all of them."""


@dataclass(frozen=True, slots=True)
class Ack:
    """A request was carried out; ``body`` tells what came of it."""

    request_id: str
    seq: int
    body: Json


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something was not carried out."""

    request_id: str | None
    problem: Problem
    last: bool
    """The connection is about to be closed."""


@dataclass(frozen=True, slots=True)
class News:
    """Something happened."""

    type: str
    room: int | None
    """None where it names none: then every room of the connection may be meant."""
    seq: int | None
    """The number of a durable event; None for what is not stored."""
    body: Json


Incoming: TypeAlias = Ack | Refusal | News


class Dialect(Protocol):
    """One of the two wire formats."""

    def path(self, room: int) -> str:
        """Where to connect to, for this room."""

    def join(self, room: int, since: int, request_id: str) -> Json:
        """Follow a room from ``since`` on."""

    def leave(self, room: int) -> Json:
        """Follow it no longer."""

    def request(self, room: int, action: str, body: Json, request_id: str) -> Json:
        """Have something done."""

    def refresh(self, token: str) -> Json:
        """Go on with this token."""

    def read(self, text: str) -> Incoming | None:
        """The message in a text frame; None when it is none that this client can know."""


class EssayWire:
    """Flat messages: ``action`` from clients, ``type`` from the server."""

    def path(self, room: int) -> str:
        """Each essay has an address of its own."""
        return f"/ws/essays/{room}/"

    def join(self, room: int, since: int, request_id: str) -> Json:
        """``subscribe_essay``."""
        return self.request(room, "subscribe_essay", {"since": since}, request_id)

    def leave(self, room: int) -> Json:
        """``unsubscribe_essay``."""
        return {"action": "unsubscribe_essay", "essay_id": room}

    def request(self, room: int, action: str, body: Json, request_id: str) -> Json:
        """Any ``action``."""
        return {"action": action, "essay_id": room, **body, "request_id": request_id}

    def refresh(self, token: str) -> Json:
        """``refresh_token``."""
        return {"action": "refresh_token", "token": token, "request_id": REFRESH_ID}

    def read(self, text: str) -> Incoming | None:
        """Tell answers, errors and events apart."""
        message = _object(text)
        match message.get("type"):
            case "error" | "connection_error" as kind:
                return _refusal(_text(message, "error"), message, last=kind == "connection_error")
            case "permission_denied" as code:
                return _refusal(code, message, last=False)
            case str(kind):
                return _heard(kind, message, _number(message, "essay_id"))
            case _:
                return None


class ProjectWire:
    """A ``type`` and a ``payload`` both ways."""

    def path(self, room: int) -> str:  # noqa: ARG002 - one address for all projects
        """All projects share an address."""
        return "/ws/projects/"

    def join(self, room: int, since: int, request_id: str) -> Json:
        """``join_project``."""
        return self.request(room, "join_project", {"since": since}, request_id)

    def leave(self, room: int) -> Json:
        """``leave_project``."""
        return {"type": "leave_project", "payload": {"project_id": room}}

    def request(self, room: int, action: str, body: Json, request_id: str) -> Json:
        """Any ``type``."""
        payload = {"project_id": room, **body}
        return {"type": action, "payload": payload, "request_id": request_id}

    def refresh(self, token: str) -> Json:
        """``refresh_token``."""
        return {"type": "refresh_token", "payload": {"token": token}, "request_id": REFRESH_ID}

    def read(self, text: str) -> Incoming | None:
        """Tell answers, errors and events apart."""
        match _object(text):
            case {"type": "error", "payload": dict(body)}:
                code = (_text(body, "code") or "unavailable").lower()
                return _refusal(code, body, last=code == "authentication_failed")
            case {"type": str(kind), "payload": dict(body)}:
                return _heard(kind, body, _number(body, "project_id"))
            case _:
                return None


def write(message: Json) -> str:
    """A message as the text of a frame: as short as can be, and UTF-8 whatever it holds.

    Raises TypeError or ValueError for what JSON cannot say.
    """
    text = _ENCODER.encode(message)
    try:
        text.encode()
    except UnicodeEncodeError:
        # A lone surrogate, which JSON can escape and UTF-8 cannot hold.
        return _ASCII_ENCODER.encode(message)
    return text


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ASCII_ENCODER: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


def _object(text: str) -> Json:
    """The message; without keys when it is no JSON object."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _heard(kind: str, body: Json, room: int | None) -> Incoming | None:
    seq, request_id = _number(body, "seq"), _text(body, "request_id")
    if kind != "ack":
        return News(kind, room, seq, body)
    return None if request_id is None else Ack(request_id, seq or 0, body)


def _refusal(code: str | None, body: Json, *, last: bool) -> Refusal:
    """An error with the advice of the extended form; without any, trying again is useless."""
    code = code or "unavailable"
    advice, after = _text(body, "retry"), body.get("retry_after")
    problem = Problem(
        code,
        _text(body, "message") or code,
        Retry(advice) if advice in set(Retry) else Retry.NEVER,
        float(min(after, MOST_SECONDS)) if isinstance(after, int | float) and after >= 0 else None,
    )
    return Refusal(_text(body, "request_id"), problem, last)


def _text(body: Json, key: str) -> str | None:
    value = body.get(key)
    return value if isinstance(value, str) else None


def _number(body: Json, key: str) -> int | None:
    value = body.get(key)
    return value if type(value) is int else None


ESSAYS: Final[Dialect] = EssayWire()
PROJECTS: Final[Dialect] = ProjectWire()
