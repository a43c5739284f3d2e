"""Where a run takes place: servers that are there, or some of its own in a temporary directory."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from workroom.truth.bus_gate import BusGate
from workroom.truth.faults import Scene
from workroom.truth.gates import HOST, Gate
from workroom.truth.services import DidNotStart, Node, Postgres, Redis

LIFETIME: Final = 7 * 86_400
"""Seconds for which the tokens of a run are good."""
OWN: Final = "own"
"""Instead of an address: a server that the tool starts for the run."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Servers, and how to get to them."""

    nodes: Sequence[str]
    """``http://host:port`` of each node."""
    doors: Sequence[str]
    """``ws://host:port`` for the clients: of the nodes, or of gates in front of them."""
    tokens: Sequence[str]
    scene: Scene = field(default_factory=Scene)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The servers that a run is to start. ``None``: SQLite; no bus."""

    nodes: int
    users: int
    database: str | None
    redis: str | None


def existing(urls: Sequence[str], tokens: Sequence[str]) -> Stage:
    """Servers that are there already. Only clients break their connections there."""
    nodes = [url.rstrip("/") for url in urls]
    return Stage(nodes, [url.replace("http", "ws", 1) for url in nodes], tokens)


@asynccontextmanager
async def started(wanted: Wanted, folder: Path) -> AsyncIterator[Stage]:
    """Start nodes, and what they need. All of it ends with the block. Raises DidNotStart."""
    async with AsyncExitStack() as stack:
        redis = await _redis(wanted, folder, stack)
        postgres = await _postgres(wanted, folder, stack)
        settings, tokens = _settings(folder, wanted.users)
        database = _own_database(postgres) if postgres else wanted.database
        bus = f"redis://{HOST}:{redis.port}/0" if redis else wanted.redis
        nodes: list[Node] = []
        buses: list[BusGate] = []
        databases: list[Gate] = []
        for number in range(wanted.nodes):
            mine = {**settings, "WORKROOM_DATA_DIR": str(folder / f"data{number}")}
            if database is not None:
                host, port = _place(database)
                gate = await stack.enter_async_context(Gate(f"database {number}", port, host))
                mine["WORKROOM_DATABASE"] = _through(gate, database)
                databases.append(gate)
            if bus is not None:
                host, port = _place(bus)
                chance = random.Random(number)
                road = BusGate(f"bus {number}", port, host, chance)
                buses.append(await stack.enter_async_context(road))
                mine["WORKROOM_REDIS"] = _through(road, bus)
            nodes.append(Node(folder, number, mine))
        doors = []
        for node in nodes:
            stack.callback(node.stop)
            await node.start()
            doors.append(await stack.enter_async_context(Gate(node.name, node.port)))
        yield Stage(
            [node.url for node in nodes],
            [f"ws://{HOST}:{door.port}" for door in doors],
            tokens,
            Scene(nodes, doors, buses, databases, redis, postgres),
        )


async def _redis(wanted: Wanted, folder: Path, stack: AsyncExitStack) -> Redis | None:
    if wanted.redis != OWN:
        return None
    from workroom.adapters.queue.embedded import broker_program

    program = broker_program()
    if program is None:
        message = "there is no Redis or Valkey server on this machine; give a --redis"
        raise DidNotStart(message)
    redis = Redis(folder, program)
    stack.callback(redis.stop)
    await redis.start()
    return redis


async def _postgres(wanted: Wanted, folder: Path, stack: AsyncExitStack) -> Postgres | None:
    if wanted.database != OWN:
        return None
    postgres = Postgres(folder)
    await asyncio.to_thread(postgres.prepare)
    stack.callback(postgres.stop)
    await postgres.start()
    return postgres


def _own_database(postgres: Postgres) -> str:
    return f"postgresql://postgres@{HOST}:{postgres.port}/postgres"


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or HOST, parts.port or {"redis": 6379}.get(parts.scheme, 5432)


def _through(gate: Gate, url: str) -> str:
    """The same address, through a gate."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{HOST}:{gate.port}"))


def _settings(folder: Path, users: int) -> tuple[dict[str, str], list[str]]:
    """An identity service of our own vouches for the people of the run."""
    import jwt
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    public = folder / "identity.pem"
    form = forms.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(forms.Encoding.PEM, form))
    ends = int(time.time()) + LIFETIME
    claims: list[Mapping[str, Any]] = [
        {"user_id": number, "username": f"truth{number}", "role": "coach", "exp": ends}
        for number in range(1, users + 1)
    ]
    tokens = [jwt.encode(dict(each), key, algorithm="EdDSA") for each in claims]
    settings = {
        "WORKROOM_SECRET": secrets.token_urlsafe(48),
        "WORKROOM_FILES_DIR": str(folder / "files"),
        "WORKROOM_AUTH_PUBLIC_KEY": str(public),
        "WORKROOM_AUTH_PROVISION": "1",
        "WORKROOM_WORKER": "0",
        "WORKROOM_LOG_FORMAT": "json",
        "WORKROOM_LOG_LEVEL": "warning",
        "WORKROOM_MAX_CONNECTIONS_PER_USER": "1000",
        "WORKROOM_NEWCOMERS_PER_MINUTE": "100000",
        "PYTHONUNBUFFERED": "1",
    }
    return settings, tokens
