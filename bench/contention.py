"""Two nodes at one essay: ``python -m bench.contention --database URL --redis URL``.

Some people on one node save into an essay without a pause, each when the save before is confirmed.
One person on another node saves into the same essay now and then. Measured is how long those saves
take: the nodes contend for the next number of the log, and the busy one must not always win.

The database must be an empty PostgreSQL, the bus any Redis or Valkey server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.nodes import World, furnish
from bench.servers import Server, workroom

EXTENDED: Final = [Subprotocol("workroom.v1")]
ESSAY: Final = 1
WARM_UP: Final = 1.0


class Writer:
    """Somebody with a line of their own in the essay."""

    def __init__(self, socket: ClientConnection, line: int) -> None:
        self._socket = socket
        self._line = line
        self._text = ""
        self._seq = 0
        self._saves = 0
        self.seconds: list[float] = []
        """How long each save took."""

    async def save(self) -> None:
        """Change the line, in the text that was told last, and wait until that is confirmed."""
        self._saves += 1
        request = f"{self._line}-{self._saves}-{time.monotonic_ns()}"
        lines = [*self._text.split("\n"), *([""] * (self._line + 1))][: max(self._line + 1, 16)]
        lines[self._line] = f"Line {self._line} has the number {self._saves}."
        mine = "\n".join(lines)
        message = {"action": "update_essay", "essay_id": ESSAY, "content": mine}
        began = time.perf_counter()
        await self._socket.send(
            json.dumps({**message, "base_seq": self._seq, "request_id": request})
        )
        while (answer := await self._hear()).get("request_id") != request:
            pass
        if answer["type"] != "ack":
            raise RuntimeError(answer)
        self.seconds.append(time.perf_counter() - began)
        if answer["seq"] > self._seq:
            self._text, self._seq = mine, answer["seq"]

    async def _hear(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(await self._socket.recv())
        if told["type"] == "essay_update" and told["seq"] >= self._seq:
            self._text, self._seq = told["content"], told["seq"]
        return told


async def _enters(stack: list[ClientConnection], server: Server, token: str, line: int) -> Writer:
    host, port = server.address
    url = f"ws://{host}:{port}/ws/essays/{ESSAY}/?token={token}"
    socket = await connect(url, subprotocols=EXTENDED, compression=None, max_size=None)
    stack.append(socket)
    return Writer(socket, line)


async def _hammers(writer: Writer) -> None:
    while True:
        await writer.save()


async def contend(asked: argparse.Namespace, world: World, here: Server, there: Server) -> Any:
    """What the module's text says."""
    sockets: list[ClientConnection] = []
    busy = [await _enters(sockets, there, world.writer, n + 1) for n in range(asked.hammers)]
    calm = await _enters(sockets, here, world.reader, 0)
    work = [asyncio.ensure_future(_hammers(each)) for each in busy]
    await asyncio.sleep(WARM_UP)
    before, began = sum(len(each.seconds) for each in busy), time.perf_counter()
    for _ in range(asked.saves):
        await calm.save()
        await asyncio.sleep(asked.pause)
    took = time.perf_counter() - began
    saved = sum(len(each.seconds) for each in busy) - before
    for each in work:
        each.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    for socket in sockets:
        await socket.close()
    slow = sorted(1000 * seconds for seconds in calm.seconds)
    return {
        "busy_saves_per_second": round(saved / took),
        "saves": len(slow),
        "p50_ms": round(statistics.median(slow), 1),
        "p99_ms": round(slow[int(0.99 * len(slow))], 1),
        "p99.9_ms": round(slow[int(0.999 * len(slow))], 1),
        "max_ms": round(slow[-1], 1),
    }


async def measure(asked: argparse.Namespace) -> Any:
    """Start what is needed."""
    with tempfile.TemporaryDirectory(prefix="workroom-bench-") as folder, ExitStack() as stack:
        places = [Path(folder) / name for name in ("furnished", "a", "b")]
        for place in places:
            place.mkdir()
        world = await furnish(asked.database, asked.redis, places[0], ESSAY)
        nodes = [stack.enter_context(workroom(place, **world.env)) for place in places[1:]]
        here, there = (node.ready() for node in nodes)
        return await contend(asked, world, here, there)


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.contention", description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--hammers", type=int, default=4, help="people who save without a pause")
    parser.add_argument("--saves", type=int, default=500, help="of the one on the other node")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between those")
    print(json.dumps(asyncio.run(measure(parser.parse_args())), indent=2))


if __name__ == "__main__":
    main()
