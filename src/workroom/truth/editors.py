"""A Yjs editor: it keeps its document through everything, and gives up nothing."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from typing import Final

import pycrdt

from workroom.protocol.lib0 import Reader, chunk, number
from workroom.protocol.yjs import STEP_1, STEP_2, SYNC, UPDATE
from workroom.truth.edits import MOST_WORDS, find, new_word, place
from workroom.truth.history import History, digest
from workroom.truth.member import Desk, Member
from workroom.truth.plan import Part
from workroom.truth.sockets import Link

_CLIENTS: Final = 2**31
"""Yjs clients are numbers; those of a run are told apart by their names."""


class Editor(Member):
    """One document, however many connections."""

    protocols: Sequence[str] = ()

    def __init__(self, part: Part, desk: Desk, history: History) -> None:
        super().__init__(part, desk, history)
        client = 1 + zlib.crc32(part.seed.encode()) % _CLIENTS
        self._doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=client)
        self._shared = self._doc.get("content", type=pycrdt.Text)
        self._words: list[str] = []
        self._synced = asyncio.Event()

    @property
    def path(self) -> str:
        """As for every member."""
        return f"/yjs/essays/{self.part.room.number}"

    @property
    def idle(self) -> bool:
        """As for every member."""
        return self.link is not None and self._synced.is_set()

    @property
    def shown(self) -> str | None:
        """As for every member."""
        return digest(str(self._shared))

    def left(self) -> None:
        """As for every member."""
        self._synced.clear()

    async def arrives(self, link: Link) -> None:
        """As for every member: ask for what is missing."""
        await link.send(_sync(STEP_1, self._doc.get_state()))

    async def acts(self, link: Link) -> None:
        """Type, where it writes at all."""
        await self._synced.wait()
        while self.part.writes:
            await self.thinks()
            if self.desk.settling:
                break
            before = self._doc.get_state()
            self._types()
            self.desk.requests += 1
            await link.send(_sync(UPDATE, self._doc.get_update(before)))
        await asyncio.Event().wait()

    def _types(self) -> None:
        text = str(self._shared)
        here = text.split()
        self._words = [word for word in self._words if word in here]
        old = self._words[:1] if len(self._words) >= MOST_WORDS else []
        word = new_word(self.new_id(), self.chance)
        self.history.note("sent", op=self.new_id(), add=[word], **({"cut": old} if old else {}))
        self._words.append(word)
        with self._doc.transaction():
            for each in old:
                found = find(text, each)
                if found is not None:
                    start, end = (len(text[:at].encode()) for at in found)
                    del self._shared[start:end]
            text = str(self._shared)
            at, typed = place(text, word, self.chance)
            self._shared.insert(len(text[:at].encode()), typed)

    async def hears(self, message: str | bytes) -> None:
        """As for every member."""
        if isinstance(message, str):
            return
        read = Reader(message)
        if read.number() != SYNC or self.link is None:
            return
        step, payload = read.number(), read.chunk()
        if step == STEP_1:
            await self.link.send(_sync(STEP_2, self._doc.get_update(payload)))
            return
        self._doc.apply_update(payload)
        self.read(str(self._shared), None)
        if step == STEP_2:
            self._synced.set()


def _sync(step: int, payload: bytes) -> bytes:
    return number(SYNC) + number(step) + chunk(payload)
