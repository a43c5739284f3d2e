"""Two nodes against one: ``python -m bench.nodes --database URL --redis URL``.

The database must be an empty PostgreSQL, the bus any Redis or Valkey server. Measured are

- how much later somebody on another node hears of a save than somebody on the writer's own;
- how many deliveries two nodes make of 100 separate essays each, against one node with its 100.

Deliveries are counted by the servers; whoever listens only empties the sockets.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.servers import Server, workroom
from workroom.app import open_app
from workroom.config import Settings
from workroom.core.entries import EssayCreated, Fact, RightSet
from workroom.core.people import Right
from workroom.ids import essay_room

EXTENDED: Final = [Subprotocol("workroom.v1")]
SAVES: Final = 200
PAUSE: Final = 0.02
_DELIVERED: Final = "workroom_deliveries_total{"


@dataclass(frozen=True, slots=True)
class World:
    """Who may come in, where to, and what the nodes share."""

    writer: str
    reader: str
    essays: range
    env: dict[str, str]


async def furnish(database: str, redis: str, folder: Path, count: int) -> World:
    """Two people and so many essays."""
    secret = secrets.token_urlsafe(32)
    settings = Settings(database=database, secret=SecretStr(secret), data_dir=folder)
    app = await open_app(settings)
    try:
        writer = await app.accounts.create_user("writer", None)
        reader = await app.accounts.create_user("reader", None)
        for number in range(1, count + 1):
            facts: list[Fact] = [EssayCreated("Essay", "", None), RightSet(reader.id, Right.EDIT)]
            await app.hub.create(essay_room(number), facts, writer)
        tokens = [await app.accounts.issue_token(user) for user in (writer, reader)]
    finally:
        await app.close()
    shared = {"DATABASE": database, "REDIS": redis, "SECRET": secret}
    env = {f"WORKROOM_{name}": value for name, value in shared.items()}
    return World(tokens[0], tokens[1], range(1, count + 1), env)


async def _enter(server: Server, essay: int, token: str) -> ClientConnection:
    host, port = server.address
    url = f"ws://{host}:{port}/ws/essays/{essay}/?token={token}"
    return await connect(url, subprotocols=EXTENDED, compression=None, max_size=None)


def _save(essay: int, text: str, number: int) -> str:
    message = {"action": "update_essay", "essay_id": essay, "content": text}
    return json.dumps({**message, "request_id": f"{essay}-{number}-{time.monotonic_ns()}"})


# ---- latency ------------------------------------------------------------------------------------


async def lateness(world: World, here: Server, there: Server) -> tuple[list[float], list[float]]:
    """Milliseconds from the sending of a save to its arrival on the same and the other node."""
    essay = world.essays[0]
    writer = await _enter(here, essay, world.writer)
    near = await _enter(here, essay, world.reader)
    far = await _enter(there, essay, world.reader)
    sent: dict[str, float] = {}
    late: tuple[list[float], list[float]] = ([], [])

    async def listen(socket: ClientConnection, into: list[float]) -> None:
        async for raw in socket:
            now, message = time.perf_counter(), json.loads(raw)
            if message["type"] == "essay_update" and message["content"] in sent:
                into.append(1000 * (now - sent[message["content"]]))
                if len(into) == SAVES:
                    return

    async with asyncio.TaskGroup() as group:
        group.create_task(listen(near, late[0]))
        group.create_task(listen(far, late[1]))
        drain = asyncio.ensure_future(_drain(writer))
        for number in range(SAVES):
            text = f"The save with the number {number}."
            sent[text] = time.perf_counter()
            await writer.send(_save(essay, text, number))
            await asyncio.sleep(PAUSE)
    drain.cancel()
    for socket in (writer, near, far):
        await socket.close()
    return late


async def _drain(socket: ClientConnection) -> None:
    async for _ in socket:
        pass


# ---- deliveries ---------------------------------------------------------------------------------


async def deliveries(
    world: World, halves: Sequence[tuple[Server, range]], seconds: float, readers: int
) -> float:
    """Deliveries per second of all servers, each with its essays, which everybody saves into."""
    writers: list[asyncio.Task[None]] = []
    listening: list[asyncio.Task[None]] = []
    for server, essays in halves:
        for essay in essays:
            for _ in range(readers):
                socket = await _enter(server, essay, world.reader)
                listening.append(asyncio.ensure_future(_drain(socket)))
            writer = await _enter(server, essay, world.writer)
            writers.append(asyncio.ensure_future(_write(writer, essay)))
    servers = [server for server, _ in halves]
    await asyncio.sleep(1.0)
    before, began = sum(map(_delivered, servers)), time.perf_counter()
    await asyncio.sleep(seconds)
    rate = (sum(map(_delivered, servers)) - before) / (time.perf_counter() - began)
    for task in (*writers, *listening):
        task.cancel()
    await asyncio.gather(*writers, *listening, return_exceptions=True)
    return rate


async def _write(socket: ClientConnection, essay: int) -> None:
    """One save after the other, each when the one before is acknowledged."""
    number = 0
    while True:
        number += 1
        await socket.send(_save(essay, f"Save {number}.", number))
        while json.loads(await socket.recv())["type"] != "ack":
            pass


def _delivered(server: Server) -> float:
    host, port = server.address
    with urllib.request.urlopen(f"http://{host}:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(_DELIVERED))


# ---- all of it ----------------------------------------------------------------------------------


async def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """What the module's text says."""
    count = asked.essays
    with tempfile.TemporaryDirectory(prefix="workroom-bench-") as folder, ExitStack() as stack:
        places = [Path(folder) / name for name in ("furnished", "a", "b")]
        for place in places:
            place.mkdir()
        world = await furnish(asked.database, asked.redis, places[0], 2 * count)
        started = [stack.enter_context(workroom(place, **world.env)) for place in places[1:]]
        a, b = started[0].ready(asked.cores[:1]), started[1].ready(asked.cores[1:2])
        near, far = await lateness(world, a, b)
        mine, theirs = world.essays[:count], world.essays[count:]
        one = await deliveries(world, [(a, mine)], asked.seconds, asked.readers)
        two = await deliveries(world, [(a, mine), (b, theirs)], asked.seconds, asked.readers)
    same, cross = statistics.median(near), statistics.median(far)
    return {
        "same_node_p50_ms": round(same, 2),
        "cross_node_p50_ms": round(cross, 2),
        "cross_minus_same_ms": round(cross - same, 2),
        "one_node_deliveries_per_second": round(one),
        "two_nodes_deliveries_per_second": round(two),
        "ratio": round(two / one, 2),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.nodes", description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--essays", type=int, default=100, help="of each node")
    parser.add_argument("--readers", type=int, default=10, help="of each essay")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--cores", type=int, nargs=2, default=[], help="of the two nodes")
    print(json.dumps(asyncio.run(measure(parser.parse_args())), indent=2))


if __name__ == "__main__":
    main()
