"""Clients of a storm: extended, each with a life of its own, as our TypeScript client lives it.

They come back with full jitter and the server's advice, name the last ``seq`` that they know, and
check what they are told. One process holds some thousands of them.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from bench.wire import CLOSE, PING, TEXT, Address, client_frame, pong, split

FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 30.0
ANSWER: Final = 10.0
"""Seconds: as in the client's ``backoff`` and ``connection``."""
_JOINED: Final = b'{"type":"user_joined"'
_KEY: Final = "d29ya3Jvb20tYmVuY2gtMQ=="


@dataclass(slots=True)
class Tally:
    """What a process of clients has seen. Times are of ``time.monotonic``, the same for all."""

    resumed: dict[int, float] = field(default_factory=dict)
    """By client: when it was last told ``subscribed``."""
    recovered: int = 0
    attempts: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """Attempts that came to nothing, by what was heard last."""
    wrong: list[str] = field(default_factory=list)
    joined: int = 0
    left: int = 0
    """How often somebody who followed an essay was told that a user came, and that one left."""
    pauses: list[float] = field(default_factory=list)
    """Of those who type: seconds from the end of a connection until the next save was confirmed."""
    returns: list[float] = field(default_factory=list)
    """Seconds from the end of a connection until the client followed its essay again."""
    confirmed: list[tuple[int, str]] = field(default_factory=list)
    """Essay of each save that was confirmed, and the word that it added."""
    acks: list[tuple[float, float]] = field(default_factory=list)
    """When a save was sent, and how many seconds later it was confirmed."""

    def refuse(self, why: str) -> None:
        """An attempt has failed."""
        self.refused[why] = self.refused.get(why, 0) + 1


@dataclass(frozen=True, slots=True)
class Who:
    """A client: which essay, with which token; whether it types."""

    number: int
    essay: int
    token: str
    types: bool = False


class Socket(asyncio.Protocol):
    """One connection of a client; tells it of messages and of the end."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._rest = b""
        self._open = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        """Ask for the WebSocket."""
        self.transport = transport
        self._client.connected(self)
        who = self._client.who
        head = (
            f"GET /ws/essays/{who.essay}/ HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {_KEY}\r\n"
            f"Sec-WebSocket-Protocol: workroom.v1, bearer.{who.token}\r\n\r\n"
        )
        transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        """Frames, after the head."""
        self._rest += data
        if not self._open:
            head, found, rest = self._rest.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._client.last = head.split(b" ", 2)[1].decode()
                return
            self._open, self._rest = True, rest
            self._client.opened(self)
        frames, self._rest = split(self._rest)
        for opcode, payload in frames:
            if opcode == TEXT and payload.startswith(_JOINED):
                self._client.met()  # most of what is told in a storm: merely counted
            elif opcode == TEXT:
                self._client.heard(orjson.loads(payload))
            elif opcode == PING:
                self.write(pong(payload))
            elif opcode == CLOSE:
                self._client.last = str(int.from_bytes(payload[:2], "big"))
                self.write(client_frame(payload[:2], CLOSE))

    def write(self, data: bytes) -> None:
        """Send, if there is still somebody."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def say(self, message: dict[str, Any]) -> None:
        """Send a message."""
        self.write(client_frame(orjson.dumps(message)))

    def connection_lost(self, exc: Exception | None) -> None:
        """The end of it."""
        del exc
        self._client.lost(self)


class Client:
    """One client over all of its connections."""

    def __init__(
        self, who: Who, addresses: Sequence[Address], tally: Tally, chance: random.Random
    ) -> None:
        """``addresses``: of equal nodes; any will do."""
        self.who = who
        self.last = "no connection"
        self._addresses = addresses
        self.tally = tally
        self._chance = chance
        self._away = 0.0
        self._stay_away = 0.0
        self._socket: Socket | None = None
        self._known = 0
        """The highest ``seq`` that it was told."""
        self._live = self._greeted = False
        """It follows its essay; it was told who is there."""
        self._news = asyncio.Event()
        self._gone = True
        self._waits: dict[str, float] = {}
        self._text: tuple[int, str] | None = None
        """The number of the text that it was shown last, and the text."""
        self._own: dict[str, int | None] = {}
        """Its words that are not in that text, and at which number each was confirmed."""
        self._since: float | None = None
        """When it last stopped following its essay, until it follows it again."""
        self._silent: float | None = None
        """When it last stopped following its essay, until a save is confirmed again."""

    async def live(self, end: asyncio.Event) -> None:
        """Connect, stay, come back."""
        while not end.is_set():
            await self._once()
            longest = min(LONGEST_WAIT, max(FIRST_WAIT, self._away))
            wait = self._stay_away + self._chance.random() * longest
            self._away, self._stay_away = self._away + wait, 0.0
            with suppress(TimeoutError):
                await asyncio.wait_for(end.wait(), wait)

    async def _once(self) -> None:
        self.tally.attempts += 1
        self.last, self._live, self._gone = "no connection", False, False
        self._greeted = False
        self._news.clear()
        try:
            async with asyncio.timeout(ANSWER):
                await self._connect()
                await self._news.wait()
            while not self._gone:
                self._news.clear()
                await self._news.wait()
        except (OSError, TimeoutError):
            self.cut()
        if not self._live:
            self.tally.refuse(self.last)
        self._live = False

    async def _connect(self) -> None:
        """To any of the nodes, as a load balancer does: who refuses is passed over."""
        loop = asyncio.get_running_loop()
        first, *others = self._chance.sample(self._addresses, len(self._addresses))
        for address in others:
            with suppress(ConnectionRefusedError):
                await loop.create_connection(lambda: Socket(self), *address)
                return
        await loop.create_connection(lambda: Socket(self), *first)

    def connected(self, socket: Socket) -> None:
        """There is a connection, if not a WebSocket yet."""
        self._socket = socket

    def opened(self, socket: Socket) -> None:
        """The WebSocket is open: follow the essay from where we were."""
        message = {"action": "subscribe_essay", "essay_id": self.who.essay, "request_id": "join"}
        socket.say({**message, "since": self._known} if self._known else message)

    def met(self) -> None:
        """Somebody is there, or has come if those who are there were named before."""
        self.tally.joined += self._greeted

    def heard(self, message: dict[str, Any]) -> None:
        """A message."""
        kind = message["type"]
        if kind in ("error", "connection_error", "permission_denied"):
            self.last = message["error"]
            self._stay_away = message.get("retry_after", 0.0)
            return
        self._away = 0.0
        self._greeted = self._greeted or message.get("request_id") == "join"
        if kind == "subscribed":
            self._resumed(message)
        elif kind == "ack" and message["request_id"] == "join" and not self._live:
            self._resumed({"seq": message["seq"], "recovered": True})
        elif kind == "ack" and message["request_id"] in self._waits:
            sent = self._waits.pop(message["request_id"])
            self.tally.acks.append((sent, time.monotonic() - sent))
            word = message["request_id"]
            self.tally.confirmed.append((self.who.essay, word))
            if word in self._own:
                self._own[word] = message["seq"]
            if self._silent is not None:
                self.tally.pauses.append(time.monotonic() - self._silent)
                self._silent = None
        elif kind == "essay_update":
            self._take_over(message["seq"], message["content"])
        elif kind == "user_left":
            self.tally.left += 1
        if self._live:
            self._known = max(self._known, message.get("seq") or 0)

    def _take_over(self, seq: int, content: str) -> None:
        """A newer text, under the words that it cannot have yet.

        A word that it should have, and has not, is lost: to send that again would hide it.
        """
        self._text, there = (seq, content), set(content.split())
        for word, confirmed in tuple(self._own.items()):
            if word in there or (confirmed is not None and confirmed <= seq):
                del self._own[word]

    def _resumed(self, message: dict[str, Any]) -> None:
        if message["seq"] < self._known:
            self.tally.wrong.append(f"essay {self.who.essay} went back from {self._known}")
        self._live = True
        if self._since is not None:
            self.tally.returns.append(time.monotonic() - self._since)
            self._since = None
        self._known = max(self._known, message["seq"])
        self.tally.resumed[self.who.number] = time.monotonic()
        self.tally.recovered += bool(message["recovered"])
        for request_id in self._waits:
            self._save(request_id)
        self._news.set()

    def lost(self, socket: Socket) -> None:
        """A connection has ended."""
        if socket is self._socket:
            if self._live:
                self._since = time.monotonic()
                self._silent = self._silent or self._since
            self._socket, self._gone = None, True
            if self._live and self.who.types and self._text is not None:
                self.type()  # who types does not stop for that
            self._news.set()

    def cut(self) -> None:
        """Break the connection, as a network does."""
        if self._socket is not None and self._socket.transport is not None:
            self._socket.transport.abort()

    def type(self) -> None:
        """Save something."""
        request_id = f"{self.who.number}-{time.monotonic_ns()}"
        self._waits[request_id] = time.monotonic()
        self._own[request_id] = None
        if self._live:
            self._save(request_id)

    def _save(self, request_id: str) -> None:
        """Send the whole text as it is on its page; what it typed later comes with it."""
        if self._socket is not None and self._text is not None:
            self._socket.say(
                {
                    "action": "update_essay",
                    "essay_id": self.who.essay,
                    "content": " ".join([self._text[1], *self._own]),
                    "base_seq": self._text[0],
                    "request_id": request_id,
                }
            )

    @property
    def knows(self) -> int:
        """The highest ``seq`` that it was told."""
        return self._known

    @property
    def is_live(self) -> bool:
        """It follows its essay now."""
        return self._live

    @property
    def unconfirmed(self) -> int:
        """Saves that were not confirmed yet."""
        return len(self._waits)


async def hold(
    people: Sequence[Who],
    addresses: Sequence[Address],
    tally: Tally,
    seed: int,
    steer: Callable[[list[Client], asyncio.Event], Any],
) -> None:
    """Have these clients live until ``steer`` sets the event that it is given."""
    chance, end = random.Random(seed), asyncio.Event()
    clients = [Client(who, addresses, tally, chance) for who in people]
    lives = [asyncio.ensure_future(client.live(end)) for client in clients]
    try:
        await steer(clients, end)
    finally:
        end.set()
        for client in clients:
            client.cut()
        for life in lives:
            life.cancel()
