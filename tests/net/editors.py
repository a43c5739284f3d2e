"""Yjs editors for tests: unchanged ``y-websocket`` providers in Node, and messages made by hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pycrdt
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.net.live import PATIENCE, Server

Report = dict[str, Any]


def editors_url(server: Server) -> str:
    """The address that a ``y-websocket`` provider is given; it adds the essay and the token."""
    return f"ws://127.0.0.1:{server.ports[0]}/yjs/essays"


# ---- y-websocket in Node -----------------------------------------------------------------------


@dataclass(eq=False)
class Editor:
    """One editor in the Node process: its text, and what it was shown and told."""

    name: str
    order: Callable[[Report], None]
    text: str = ""
    states: list[Report] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def do(self, what: str, **more: Any) -> None:
        """Let it do something."""
        self.order({"do": what, "as": self.name, **more})

    def hear(self, report: Report) -> None:
        """It reports."""
        self.reports.append(report)
        if "text" in report and report["what"] in ("text", "sync"):
            self.text = report["text"]
        if report["what"] == "awareness":
            self.states = report["states"]
        self.changed.set()

    async def until(self, true: Callable[[Editor], Any]) -> Any:
        """Wait until something is true of it, and return that."""
        async with asyncio.timeout(PATIENCE):
            while not (found := true(self)):
                self.changed.clear()
                await self.changed.wait()
            return found

    async def has(self, text: str) -> None:
        """Wait until it has this text."""
        try:
            await self.until(lambda editor: editor.text == text)
        except TimeoutError:
            assert self.text == text

    async def told(self, what: str, after: int = 0) -> Report:
        """Wait for a report of this kind, beyond the first ``after`` ones."""
        found: Report = await self.until(
            lambda editor: next((it for it in editor.reports[after:] if it["what"] == what), None)
        )
        return found

    def others(self) -> dict[str, Report]:
        """What it is shown of others, by name."""
        return {it["state"]["user"]["name"]: it for it in self.states if not it["own"]}


class Editors:
    """Editors in one Node process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._editors: dict[str, Editor] = {}
        self.warnings: list[str] = []
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls) -> AsyncIterator[Editors]:
        """The Node process, for as long as it is needed."""
        script = Path(__file__).parents[1] / "clients" / "node" / "editor.mjs"
        process = await asyncio.create_subprocess_exec(
            "node",
            str(script),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 26,
        )
        editors = cls(process)
        try:
            yield editors
        finally:
            process.kill()
            await process.wait()
            await editors._reading

    async def open(
        self,
        name: str,
        server: Server,
        user: str,
        essay: int = 1,
        *,
        synced: bool = True,
        **more: Any,
    ) -> Editor:
        """An editor of this essay, in step with it unless told otherwise."""
        editor = self._editors[name] = Editor(name, self._order)
        editor.do(
            "open",
            server=editors_url(server),
            essay=str(essay),
            token=server.token(user),
            **more,
        )
        if synced:
            await editor.until(lambda it: any(r.get("synced") for r in it.reports))
        return editor

    def _order(self, order: Report) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            report = json.loads(line)
            if "as" in report:
                self._editors[report["as"]].hear(report)
            else:
                self.warnings.append(report["text"])
                for editor in self._editors.values():
                    editor.changed.set()


# ---- by hand -------------------------------------------------------------------------------------


def number(value: int) -> bytes:
    """An unsigned number of lib0."""
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def chunk(data: bytes) -> bytes:
    """Bytes behind their length."""
    return number(len(data)) + data


def read_number(data: bytes, at: int) -> tuple[int, int]:
    """The number at ``at``, and where it ends."""
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def sync(step: int, payload: bytes) -> bytes:
    """A sync message: 0 a state vector, 1 what lacked beyond one, 2 an update."""
    return b"\0" + number(step) + chunk(payload)


def awareness(*entries: tuple[int, int, Any]) -> bytes:
    """An awareness message of entries (client, clock, state)."""
    body = b"".join(
        number(client) + number(clock) + chunk(json.dumps(state).encode())
        for client, clock, state in entries
    )
    return b"\1" + chunk(number(len(entries)) + body)


def states_in(message: bytes) -> dict[int, tuple[int, Any]]:
    """The entries of an awareness message: clock and state by client."""
    _, at = read_number(message, 1)
    count, at = read_number(message, at)
    found = {}
    for _ in range(count):
        client, at = read_number(message, at)
        clock, at = read_number(message, at)
        size, at = read_number(message, at)
        found[client] = (clock, json.loads(message[at : at + size]))
        at += size
    return found


class ByHand:
    """A socket at the Yjs endpoint whose every message the test makes itself."""

    def __init__(self, socket: ClientConnection, client: int) -> None:
        self.socket = socket
        self.doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=client)
        self.text = self.doc.get("content", type=pycrdt.Text)
        self.messages: list[bytes] = []
        self.states: dict[int, tuple[int, Any]] = {}
        self.denied: list[str] = []
        self.closed: int | None = None
        self._news = asyncio.Event()
        self._reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in self.socket:
                assert isinstance(message, bytes)
                self._hear(message)
        self.closed = self.socket.close_code or 1006
        self._news.set()

    def _hear(self, message: bytes) -> None:
        self.messages.append(message)
        if message[0] == 0 and message[1] in (1, 2):
            size, at = read_number(message, 2)
            assert len(message) == at + size
            self.doc.apply_update(message[at:])
        elif message[0] == 1:
            self.states |= states_in(message)
        elif message[0] == 2:
            self.denied.append(message[3:].decode("utf-8", "replace"))
        self._news.set()

    async def until(self, true: Callable[[ByHand], Any]) -> Any:
        """Wait until something is true of it."""
        async with asyncio.timeout(PATIENCE):
            while not (found := true(self)):
                self._news.clear()
                await self._news.wait()
            return found

    async def synced(self) -> ByHand:
        """Ask for everything, and wait until it is here."""
        await self.socket.send(sync(0, self.doc.get_state()))
        await self.until(lambda it: any(m[:2] == b"\0\1" for m in it.messages))
        return self

    async def edit(self, at: int, text: str) -> None:
        """Insert ASCII text at a place in ASCII text, and send the update."""
        before = self.doc.get_state()
        self.text.insert(at, text)
        await self.socket.send(sync(2, self.doc.get_update(before)))

    async def replace(self, text: str) -> None:
        """Put another ASCII text in place of the ASCII text, and send the update."""
        before = self.doc.get_state()
        del self.text[0 : len(self.text)]
        self.text += text
        await self.socket.send(sync(2, self.doc.get_update(before)))

    async def close(self) -> None:
        """Close cleanly."""
        with contextlib.suppress(AttributeError, OSError):
            await self.socket.close()
        await self._reading


@contextlib.asynccontextmanager
async def by_hand(
    server: Server,
    user: str | None,
    essay: int = 1,
    client: int = 77,
    path: str = "/yjs/essays/{}",
    *,
    token: str | None = None,
    small: bool = False,
) -> AsyncIterator[ByHand]:
    """A socket at the Yjs endpoint; ``small``: with little room for what was not read."""
    query = "" if user is None else f"?token={token or server.token(user)}"
    url = f"ws://127.0.0.1:{server.ports[0]}{path.format(essay)}{query}"
    sock = socket.socket()
    if small:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", server.ports[0]))
    editor = ByHand(await connect(url, max_size=None, sock=sock), client)
    try:
        yield editor
    finally:
        await editor.close()
