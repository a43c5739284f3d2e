"""Reads ``vectors/wire/*.json`` and turns its neutral notation into the program's own values."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workroom import errors
from workroom.core import canvas, commands, events
from workroom.core.feedback import FeedbackType
from workroom.core.people import Right, Role, User
from workroom.core.tasks import TaskState
from workroom.ids import RoomId, UserId
from workroom.protocol.dialect import Ack, Dialect, Form, Request, RoomRequest, TokenRequest
from workroom.protocol.essays import EssayDialect
from workroom.protocol.projects import ProjectDialect

FOLDER = Path(__file__).parents[2] / "vectors" / "wire"
DIALECTS: dict[str, Dialect] = {"essay": EssayDialect(), "project": ProjectDialect()}

Vector = dict[str, Any]


def load(name: str, keep: Callable[[Vector], bool] = lambda _: True) -> list[Vector]:
    """The vectors of one file."""
    vectors: list[Vector] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return [vector for vector in vectors if keep(vector)]


def label(vector: Vector) -> str:
    """How pytest names the case."""
    parts = (vector.get("dialect"), vector.get("form"), vector["name"])
    return " ".join(part for part in parts if part)


def forms(vector: Vector) -> list[Form]:
    """The forms that the vector speaks of; both when it names none."""
    return [Form[vector["form"].upper()]] if "form" in vector else list(Form)


def raw(vector: Vector) -> bytes:
    """The bytes of the message: ``text``, ``parts`` (pairs of text and repetitions), or ``hex``."""
    if "hex" in vector:
        return bytes.fromhex(vector["hex"])
    if "parts" in vector:
        return "".join(text * times for text, times in vector["parts"]).encode()
    return str(_filled(vector["text"], vector)).encode()


def request(vector: Vector) -> Request:
    """What decoding has to give."""
    spec = _filled(vector["request"], vector)
    if "token" in spec:
        return TokenRequest(spec["token"], spec["request_id"])
    return RoomRequest(RoomId.parse(spec["room"]), _command(spec["command"]), spec["request_id"])


def _filled(value: Any, vector: Vector) -> Any:
    """The value with the repetitions that ``many`` (text, times) asks for in place of ``@@``."""
    if "many" not in vector:
        return value
    if isinstance(value, dict):
        return {key: _filled(part, vector) for key, part in value.items()}
    text, times = vector["many"]
    return value.replace("@@", text * times) if isinstance(value, str) else value


def _command(spec: dict[str, Any]) -> commands.Command:
    fields = {name: _field(name, value) for name, value in spec.items() if name != "kind"}
    command: commands.Command = getattr(commands, spec["kind"])(**fields)
    return command


def event(spec: dict[str, Any]) -> events.Event:
    """What is to be encoded."""
    fields = {name: _field(name, value) for name, value in spec.items() if name != "kind"}
    happened: events.Event = getattr(events, spec["kind"])(**fields)
    return happened


def error(spec: dict[str, Any]) -> errors.WorkroomError:
    """An error by the name of its class."""
    spec = dict(spec)
    kind = getattr(errors, spec.pop("kind"))
    retry_after = spec.pop("retry_after", None)
    raised: errors.WorkroomError = kind(**spec)
    raised.retry_after = retry_after
    return raised


def ack(spec: dict[str, Any]) -> Ack:
    """The answer to a request that was carried out."""
    room = None if spec["room"] is None else RoomId.parse(spec["room"])
    return Ack(spec["request_id"], room, spec["seq"], spec["details"])


def _field(name: str, value: Any) -> Any:
    if name == "type":
        return None if value is None else FeedbackType(value)
    if name == "status":
        return TaskState(value)
    if name == "right":
        return None if value is None else Right.named(value)
    if name == "room":
        return RoomId.parse(value)
    if name == "feedback" and isinstance(value, dict):
        return events.FeedbackShown(**{key: _field(key, part) for key, part in value.items()})
    if name == "canvas":
        return events.CanvasShown(**{key: _field(key, part) for key, part in value.items()})
    if name == "media":
        return canvas.Media(**{key: _field(key, part) for key, part in value.items()})
    if name == "facts":
        kind = canvas.ImageFacts if "width" in value else canvas.AudioFacts
        return kind(**value)
    if name == "replies" and value is not None:
        return tuple(
            events.ReplyShown(**{key: _field(key, part) for key, part in reply.items()})
            for reply in value
        )
    if name in {"user", "author", "editor", "resolved_by"} and isinstance(value, dict):
        return User(
            UserId(value["id"]),
            value["username"],
            value["name"],
            Role(value["role"]),
            value["avatar_url"],
        )
    return value
