"""Rooms of the client without a connection: messages in, decisions out."""

from __future__ import annotations

from typing import Any

from workroom.client import effects
from workroom.client.errors import Problem
from workroom.client.essay import EssayCore
from workroom.client.wire import Ack, News, Refusal
from workroom.errors import Retry

PERSON = {"id": 2, "name": "Jane Smith", "role": "coach"}
AT = "2026-01-01T00:00:00Z"
FEEDBACK: dict[str, Any] = {
    "id": 3,
    "type": "style",
    "comment": "Good.",
    "highlight_start": 0,
    "highlight_end": 3,
    "author": PERSON,
    "created_at": AT,
    "anchor": "exact",
    "quote": "one",
    "status": "open",
    "resolved_by": None,
    "resolved_at": None,
    "replies": [],
}


class EssayInTest:
    """An essay's room in a test, and what it decided since it was asked last."""

    def __init__(self, text: str = "one two three", seq: int = 5) -> None:
        self._effects: list[Any] = []
        self.core = EssayCore(1, "p", self._effects)
        self.core.up()
        self.catch_up(text, seq)
        self.decided()

    def decided(self) -> list[Any]:
        found = self._effects[:]
        self._effects.clear()
        return found

    def sent(self) -> list[Any]:
        return [it.message for it in self.decided() if isinstance(it, effects.Send)]

    def kept_sends(self) -> list[Any]:
        return [it.message for it in self._effects if isinstance(it, effects.Send)]

    def catch_up(self, text: str | None, seq: int, *, recovered: bool = False) -> None:
        body = {"recovered": recovered, "rights": "edit"}
        self.hears("subscribed", seq, **body)
        if text is not None:
            self.text(text, seq)
        self.ack(self.join_id, seq)

    @property
    def join_id(self) -> str:
        joins = [it for it in self.kept_sends() if it["action"] == "subscribe_essay"]
        found: str = joins[-1]["request_id"]
        return found

    def text(self, content: str, seq: int) -> None:
        shown = {"content": content, "word_count": 1, "updated_by": PERSON, "timestamp": AT}
        self.hears("essay_update", seq, **shown)

    def hears(self, kind: str, seq: int | None = None, **body: Any) -> None:
        numbered = {} if seq is None else {"seq": seq}
        body = {"type": kind, "essay_id": 1, **numbered, **body}
        self.core.heard(News(kind, 1, seq, body), 0.5)

    def ack(self, request_id: str, seq: int, **more: Any) -> None:
        self.core.heard(Ack(request_id, seq, {"seq": seq, **more}), 0.5)

    def refuse(self, request_id: str, code: str, retry: Retry = Retry.NEVER) -> None:
        self.core.heard(Refusal(request_id, Problem(code, "no", retry), last=False), 0.5)

    def reconnect(self) -> None:
        self.core.down(1.0)
        self.decided()
        self.core.up()
