"""Yjs editors: unchanged ``y-websocket`` providers in one Node process."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from bench.mixed.links import HOST, Link
from bench.mixed.people import Person, Setting

_SCRIPT: Final = Path(__file__).parents[2] / "tests" / "clients" / "node" / "editor.mjs"


class Node:
    """The process: orders go in as lines of JSON, reports come out."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.editors: dict[str, Editor] = {}
        self.warnings: list[str] = []

    def order(self, order: dict[str, Any]) -> None:
        """Have it do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def listen(self) -> None:
        """Hand reports on, until the process has gone."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            report = json.loads(line)
            if "as" in report:
                self.editors[report["as"]].hear(report)
            else:
                self.warnings.append(report["text"])


@contextlib.asynccontextmanager
async def node() -> AsyncIterator[Node]:
    """The Node process, for as long as it is needed."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "node", str(_SCRIPT), stdin=pipe, stdout=pipe, limit=1 << 26
    )
    found = Node(process)
    listening = asyncio.ensure_future(found.listen())
    try:
        yield found
    finally:
        process.kill()
        await process.wait()
        await listening


class Editor(Person):
    """Somebody in a Yjs editor, who types on while the link is broken."""

    def __init__(
        self, setting: Setting, name: str, link: Link, seed: str, token: str, process: Node
    ) -> None:
        super().__init__(setting, name, "yjs", link, seed)
        process.editors[name] = self
        self._process = process
        self._orders = 0
        self._caret: str | None = None
        self.order(
            "open",
            server=f"ws://{HOST}:{link.port}/yjs/essays",
            essay=str(setting.essay),
            token=token,
        )

    def order(self, do: str, **more: Any) -> None:
        """Have the editor do something."""
        self._process.order({"do": do, "as": self.name, **more})

    def hear(self, report: dict[str, Any]) -> None:
        """It reports."""
        account = self.setting.account
        if report["what"] in {"text", "sync"}:
            self.text = report["text"]
            theirs = (word for word in report["text"].split() if word not in account.confirmed)
            account.told({word for word in theirs if not self._types(word)})
        elif report["what"] == "words":
            self.saves += 1
            account.sent(self.name, [report["word"]] if report["word"] else [])
            account.deleted(self.name, [report["cut"]] if report["cut"] else [])
        elif report["what"] == "closed":
            raise RuntimeError(f"{self.name} was sent away: {report}")

    def _types(self, word: str) -> bool:
        known = self.setting.account.words.get(word)
        # A word that nobody is known to have typed is this editor's own: the report comes next.
        return known is None or known.author == self.name

    async def lives(self) -> None:
        """Type until the time is over."""
        while not self.setting.over:
            await asyncio.sleep(self.pause())
            if self.text:
                cut, word = self.decide(self.text)
                if self.chance.random() < 0.1 or self._caret not in self.text.split():
                    self._caret = self.chance.choice(self.text.split())
                self.order("words", cut=cut, word=word, before=self._caret)

    def cut(self, seconds: float) -> None:
        """The link breaks. No excuse: what was typed is in the document, and goes out later."""
        self.breaks += 1
        self.link.cut(seconds)

    def reloads(self) -> None:
        """Disconnect cleanly, type on, and come back."""
        self.order("disconnect")
        away = self.chance.uniform(0.5, 4)
        asyncio.get_running_loop().call_later(away, self.order, "connect")
