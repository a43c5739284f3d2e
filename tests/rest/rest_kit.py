"""A server without sockets: real parts, wired by hand, asked through ASGI."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

import httpx
from fastapi import FastAPI

from workroom.adapters.auth.jwt import JwtIssuer, JwtVerifier
from workroom.adapters.auth.passwords import CHEAP, Argon2Hasher
from workroom.adapters.blobs import MemoryBlobs
from workroom.adapters.clock import LoopClock
from workroom.adapters.media.inspector import ChildInspector, MediaRules
from workroom.adapters.queue.memory import MemoryQueue
from workroom.adapters.store import MemoryStore
from workroom.core.limits import RoomRules
from workroom.core.people import Right, Role, User
from workroom.core.time import Now
from workroom.ids import BlobKey, UserId
from workroom.ports.accounts import AccountStore
from workroom.ports.store import RoomStore
from workroom.ports.tasks import TaskStore
from workroom.protocol.registry import Registry
from workroom.service.accounts.accounts import Accounts
from workroom.service.accounts.throttle import NewcomerThrottle
from workroom.service.door.gateway import Gateway
from workroom.service.door.manners import ConnectionRules
from workroom.service.door.outlet import Accept, Handshake, Peer
from workroom.service.door.web_pages import WebPages
from workroom.service.hub import Hub
from workroom.service.library.canvases import Canvases, UploadRules
from workroom.service.library.library import Library
from workroom.service.rooms.receipts import Receipts
from workroom.service.tasks.desk import TaskDesk
from workroom.service.tasks.tasks import Tasks
from workroom.service.tasks.watchdog import Watchdog
from workroom.tasks.types import known_types
from workroom.testing.clock import FakeClock
from workroom.transports.rest import Readiness, RestSettings, create_api
from workroom.transports.rest.gate import Workers

SECRET = b"never-printed-5e1f0a9c7b3d2468-either"
PING = 0x89
PASSWORD = "correct horse battery"
TASK_TOKEN = "let-workers-in-9b1c55e0d7f2a846"

PEOPLE = (
    ("emma", "Emma Brown", Role.STUDENT),
    ("jane", "Jane Smith", Role.COACH),
    ("sarah", "Dr. Sarah Johnson", Role.COACH),
    ("mike", "Mike Wilson", Role.STUDENT),
    ("admin", "Admin", Role.ADMIN),
)
"""Ids from 1 on, in this order."""
IDS = {name: number for number, (name, _, _) in enumerate(PEOPLE, 1)}


class Store(RoomStore, AccountStore, TaskStore, Protocol):
    """Rooms and accounts in one, as every adapter is."""


class RoomsClock(LoopClock):
    """The loop's own clock; but no two moments are the same, so that what comes later is later."""

    _last = 0

    def now(self) -> Now:
        tick, wall = super().now()
        self._last = max(wall, self._last + 1)
        return Now(tick, self._last)


def clock_of_tokens() -> FakeClock:
    """One that begins now: connections hold tokens against the real clock."""
    return FakeClock(wall=time.time_ns() // 1_000_000)


def new_key() -> BlobKey:
    """The name of a file."""
    return BlobKey(secrets.token_hex(16))


def seconds(clock: FakeClock) -> Callable[[], int]:
    """A clock for stores, which count whole seconds."""
    return lambda: clock.wall // 1000


class Client:
    """One person (or nobody) who asks."""

    def __init__(self, http: httpx.AsyncClient, token: str | None) -> None:
        self.http = http
        self.token = token

    async def __call__(
        self, method: str, path: str, body: Any = None, **more: Any
    ) -> httpx.Response:
        """Send a request; ``body`` as JSON unless it is bytes."""
        headers = dict(more.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if isinstance(body, bytes):
            more["content"] = body
        elif body is not None:
            more["content"] = json.dumps(body).encode()
        if "content" in more:
            headers.setdefault("Content-Type", "application/json")
        return await self.http.request(method, path, headers=headers, **more)

    async def get(self, path: str, **more: Any) -> Any:
        """The JSON of a good answer."""
        return good(await self("GET", path, **more))

    async def post(self, path: str, body: Any) -> Any:
        return good(await self("POST", path, body))

    async def patch(self, path: str, body: Any) -> Any:
        return good(await self("PATCH", path, body))

    async def put(self, path: str, body: Any = None) -> Any:
        return good(await self("PUT", path, body))

    async def delete(self, path: str) -> None:
        answer = await self("DELETE", path)
        assert answer.status_code == 204, answer.text
        assert answer.content == b""


def good(answer: httpx.Response) -> Any:
    """The JSON of an answer that must be a good one."""
    assert answer.status_code in (200, 201), answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body of an error, which must be of this class and of the documented shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["type"] == f"/api/docs#error-{code}"
    assert body["title"]
    assert body["detail"]
    assert body["detail"].isprintable()
    for mistake in body.get("errors", ()):
        assert mistake.keys() == {"field", "message"}
    return body


@dataclass
class House:
    """Everything of one server."""

    store: Store
    clock: FakeClock
    """Of tokens and throttles; rooms live by the loop's own."""
    accounts: Accounts
    hub: Hub
    library: Library
    gateway: Gateway
    app: FastAPI
    http: httpx.AsyncClient
    users: dict[str, User]
    blobs: MemoryBlobs
    tokens: dict[str, str] = field(default_factory=dict)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    watchdog: Watchdog | None = None
    _connections: count[int] = field(default_factory=lambda: count(1))

    def as_(self, name: str) -> Client:
        return Client(self.http, self.tokens[name])

    @property
    def nobody(self) -> Client:
        return Client(self.http, None)

    async def essay(self, content: str = "", *, author: str = "emma", **right: str) -> int:
        """A new essay; ``jane="edit"`` lets Jane in."""
        made = await self.as_(author).post("/api/essays/", {"title": "Essay", "content": content})
        await self.let_in(f"/api/essays/{made['id']}/", author, right)
        return int(made["id"])

    async def project(self, *, author: str = "emma", **right: str) -> int:
        """A new project."""
        made = await self.as_(author).post("/api/projects/", {"title": "Project"})
        await self.let_in(f"/api/projects/{made['id']}/", author, right)
        return int(made["id"])

    async def let_in(self, room: str, author: str, rights: dict[str, str]) -> None:
        for name, right in rights.items():
            await self.as_(author).put(f"{room}collaborators/{IDS[name]}/", {"rights": right})

    def follow(self, name: str, path: str, *, extended: bool = True) -> Follower:
        """A WebSocket of somebody's, without the socket."""
        protocols = ["workroom.v1"] if extended else []
        handshake = Handshake(path, f"token={self.tokens[name]}", None, None, protocols, "::1")
        accept = self.gateway.answer(handshake)
        assert isinstance(accept, Accept)
        follower = Follower()
        follower.peer = accept.open(follower)
        return follower


class Follower:
    """A recording ``Outlet``: what the rooms write, as messages."""

    def __init__(self) -> None:
        self.peer: Peer | None = None
        self.messages: list[dict[str, Any]] = []
        self.pings: list[bytes] = []
        self.closed: int | None = None
        self.fd = -1
        self.write: Callable[[bytes], None] = self._write

    def _write(self, frames: bytes) -> None:
        at = 0
        while at < len(frames):
            first, size, at = frames[at], frames[at + 1], at + 2
            if size > 125:
                width = 2 if size == 126 else 8
                size, at = int.from_bytes(frames[at : at + width], "big"), at + width
            if first == PING:
                self.pings.append(frames[at : at + size])
            else:
                self.messages.append(json.loads(frames[at : at + size]))
            at += size

    def pong(self) -> None:
        """Answer every ping so far, as a client does that reads."""
        assert self.peer is not None
        while self.pings:
            self.peer.ponged(self.pings.pop(0))

    def close(self, code: int, reason: str = "", *, hear_out: bool = False) -> None:
        self.closed = code

    def hold(self, seconds: float) -> None:
        """There is no socket to leave unread."""

    def abort(self) -> None:
        self.closed = 1006

    def buffered(self) -> int:
        return 0

    def send(self, **message: Any) -> None:
        assert self.peer is not None
        self.peer.received(json.dumps(message).encode())

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]


async def until(done: Callable[[], bool]) -> None:
    """Let the loop turn until something has happened; no more than many turns."""
    async with asyncio.timeout(60):
        while not done():
            await asyncio.sleep(0)


@asynccontextmanager
async def memory_house(
    hasher: Argon2Hasher,
    settings: RestSettings | None = None,
    *,
    rules: RoomRules | None = None,
    media: MediaRules | None = None,
    uploads: UploadRules | None = None,
) -> AsyncIterator[House]:
    """A server that keeps everything in memory."""
    clock = clock_of_tokens()
    store = MemoryStore(clock=seconds(clock))
    async with house(
        store, clock, hasher, settings=settings, rules=rules, media=media, uploads=uploads
    ) as built:
        yield built


@asynccontextmanager
async def house(
    store: Store,
    clock: FakeClock,
    hasher: Argon2Hasher,
    *,
    settings: RestSettings | None = None,
    rules: RoomRules | None = None,
    media: MediaRules | None = None,
    uploads: UploadRules | None = None,
) -> AsyncIterator[House]:
    """A server on this store, with five people."""
    rooms_clock = RoomsClock(asyncio.get_running_loop())
    verifier, issuer = JwtVerifier(clock, secret=SECRET), JwtIssuer(SECRET, clock)
    accounts = Accounts(store, verifier, issuer, hasher, clock)
    registry = Registry()
    client_ids = count(1)
    rules = rules or RoomRules(quiet=0, longest_hold=0, confirm_after=0, feedback_pace=0)
    hub = Hub(store, rooms_clock, rules, lambda: next(client_ids))
    await hub.start()
    blobs = MemoryBlobs()
    canvases = Canvases(hub, blobs, ChildInspector(media or MediaRules()), new_key, uploads)
    queue = MemoryQueue()
    tasks = Tasks(hub, store, queue, known_types())
    hub.receipts = Receipts(store, rooms_clock, hub.send)
    library = Library(
        hub, store, accounts, lambda: next(client_ids), canvases, tasks, NewcomerThrottle()
    )
    gateway = Gateway(
        hub,
        accounts,
        registry,
        rooms_clock,
        ConnectionRules(),
        max_message_bytes=2**20,
        pages=WebPages(),
    )
    readiness = Readiness(
        {"database": store.check},
        stopping=lambda: gateway.stopping,
        refusing=lambda: gateway.refusing,
    )
    desk = TaskDesk(hub, store, store, blobs, tasks.turns)
    workers = Workers(desk, TASK_TOKEN.encode())
    app = create_api(library, accounts, readiness, settings, workers)
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 50000))
    users = {
        username: await accounts.create_user(
            username, None, name=name, role=role, user_id=UserId(IDS[username])
        )
        for username, name, role in PEOPLE
    }
    tokens = {name: await accounts.issue_token(user) for name, user in users.items()}
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield House(
            store,
            clock,
            accounts,
            hub,
            library,
            gateway,
            app,
            http,
            users,
            blobs,
            tokens,
            queue,
            Watchdog(hub, store, queue, tasks, desk),
        )
    await hub.stop()


RIGHTS: tuple[Right | None, ...] = (None, Right.VIEW, Right.COMMENT, Right.EDIT, Right.OWNER)


def cheap_hasher() -> Argon2Hasher:
    return Argon2Hasher(CHEAP)
