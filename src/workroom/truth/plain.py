"""A plain client of an essay, as browsers were written against the first pages: no numbers at all.

It reads and comments. Where it writes the text, it is the only one who does: a whole text without a
base can mean two things, and what it deletes must be its own for certain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson

from workroom.truth.edits import MOST_WORDS, cut, insert, new_word
from workroom.truth.evidence import FEEDBACK
from workroom.truth.history import History, digest
from workroom.truth.member import Desk, Member
from workroom.truth.plan import Part
from workroom.truth.sockets import Link


class PlainClient(Member):
    """It asks for the state when it comes, and takes every text over unless it writes itself."""

    protocols: Sequence[str] = ()

    def __init__(self, part: Part, desk: Desk, history: History) -> None:
        super().__init__(part, desk, history)
        self._text: str | None = None
        self._shown = ""
        """What the server told of last."""
        self._words: list[str] = []

    @property
    def path(self) -> str:
        """As for every member."""
        return f"/ws/essays/{self.part.room.number}/"

    @property
    def idle(self) -> bool:
        """As for every member."""
        return self.link is not None and self._text is not None

    @property
    def shown(self) -> str | None:
        """As for every member."""
        return digest(self._shown)

    def left(self) -> None:
        """As for every member."""
        self._text = None

    async def arrives(self, link: Link) -> None:
        """As for every member."""
        await self._ask(link, "subscribe_essay")

    async def _ask(self, link: Link, action: str, **more: Any) -> None:
        message = {"action": action, "essay_id": self.part.room.number, **more}
        await link.send(orjson.dumps(message).decode())

    async def acts(self, link: Link) -> None:
        """As for every member."""
        while True:
            await self.thinks()
            if self._text is None or self.desk.settling:
                await asyncio.sleep(0.1)
            elif self.part.writes and self.chance.random() < 0.8:
                await self._writes(link, self._text)
            else:
                mark = f"{self.new_id()}?"
                self.history.note("sent", op=self.new_id(), comment=mark)
                await self._ask(link, "add_feedback", feedback={"type": "style", "comment": mark})

    async def _writes(self, link: Link, text: str) -> None:
        word = new_word(self.new_id(), self.chance)
        here = text.split()
        self._words = [each for each in self._words if each in here]
        old = self._words[:1] if len(self._words) >= MOST_WORDS else []
        for each in old:
            text = cut(text, each)
        self._text = insert(text, word, self.chance)
        self._words.append(word)
        self.desk.requests += 1
        self.history.note("sent", op=self.new_id(), add=[word], **({"cut": old} if old else {}))
        await self._ask(link, "update_essay", content=self._text)

    async def hears(self, message: str | bytes) -> None:
        """As for every member."""
        body = orjson.loads(message)
        if body["type"] == "essay_update":
            if self._text is None or not self.part.writes:
                self._text = body["content"]  # who writes alone knows better
            self._shown = body["content"]
            self.read(body["content"], None)
        elif body["type"] in ("new_feedback", "feedback_update"):
            item = body["feedback"]
            thing = {f"{FEEDBACK}{item['id']}": [item["comment"], None]}
            self.history.note("told", set=thing)
