"""A program that edits by REST, and says what it wrote from."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

import httpx

from bench.mixed.links import HOST, Link
from bench.mixed.people import Person, Setting

_PATIENCE: Final = 10.0
_HANGS_UP: Final = 0.05
"""How often it does not wait for an answer."""


class Program(Person):
    """GET, think, PATCH with ``base_seq``."""

    def __init__(self, setting: Setting, name: str, link: Link, seed: str, token: str) -> None:
        super().__init__(setting, name, "rest", link, seed)
        self._http = httpx.AsyncClient(
            base_url=f"http://{HOST}:{link.port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=_PATIENCE,
            trust_env=False,
        )
        self._seq = 0

    async def lives(self) -> None:
        """Edit until the time is over, then read once a second until cancelled."""
        async with self._http:
            while True:
                try:
                    await self._act()
                except (httpx.TransportError, TimeoutError):
                    self._seq = 0
                    await asyncio.sleep(self.chance.uniform(0.1, 1.0))

    async def _act(self) -> None:
        if self.setting.over or not self._seq or self.chance.random() < 0.6:
            self._take(await self._http.get(self._path))
        if self.setting.over:
            await asyncio.sleep(1)
            return
        text, seq = str(self.text), self._seq
        await asyncio.sleep(self.pause())
        await self._edit(text, seq)

    async def _edit(self, text: str, seq: int) -> None:
        cut, word = self.decide(text)
        at = f" {text}".index(f" {cut} ") if cut and f" {cut} " in f" {text}" else None
        if at is None:
            cut = None
            at = text.rfind(" ", 0, self.chance.randint(0, len(text))) + 1
        after = text[at + (len(cut) + 1 if cut else 0) :]
        new = f"{text[:at]}{word} {after}" if word else text[:at] + after
        self.saves += 1
        self.setting.account.sent(self.name, [word] if word else [])
        self.setting.account.deleted(self.name, [cut] if cut else [])
        try:
            await self._save({"content": new, "base_seq": seq})
        except (httpx.TransportError, TimeoutError):
            self.setting.account.unanswered(each for each in (cut, word) if each)
            raise

    async def _save(self, body: dict[str, Any]) -> None:
        hangs_up = self.chance.random() < _HANGS_UP
        self.breaks += hangs_up
        async with asyncio.timeout(self.chance.uniform(0, 0.3) if hangs_up else None):
            self._take(await self._http.patch(self._path, json=body))

    @property
    def _path(self) -> str:
        return f"/api/essays/{self.setting.essay}/"

    def _take(self, answer: httpx.Response) -> None:
        if answer.status_code != HTTPStatus.OK:
            raise RuntimeError(f"{self.name} was answered {answer.status_code}: {answer.text}")
        essay = answer.json()
        self.text, self._seq = essay["content"], essay["seq"]
        self.setting.account.told(essay["content"].split())

    def cut(self, seconds: float) -> None:
        """The link breaks: a request that waits for its answer then gets none."""
        self.breaks += 1
        self.link.cut(seconds)

    def reloads(self) -> None:
        """Forget what was read."""
        self._seq = 0
