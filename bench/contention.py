"""Two nodes at one essay: ``python -m bench.contention`` (a minute).

Some people on one node save into an essay without a pause, each when the save before is confirmed.
One person on another node saves into the same essay now and then. Measured is how long those saves
take: the nodes contend for the next number of the log, and the busy one must not always win.

Without ``--database`` and ``--redis`` it starts servers of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.nodes import ANYWHERE, EXTENDED, two_nodes
from bench.servers import Server
from bench.stores import DATABASE_HELP, OWN, REDIS_HELP, Stores, stores
from bench.world import Essay, Person, Wanted, make_world

WARM_UP: Final = 1.0


class Writer:
    """Somebody with a line of their own in the essay."""

    def __init__(self, socket: ClientConnection, essay: int, line: int) -> None:
        self._socket = socket
        self._essay = essay
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
        message = {"action": "update_essay", "essay_id": self._essay, "content": mine}
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

    async def leave(self) -> None:
        """Close the connection."""
        await self._socket.close()

    async def _hear(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(await self._socket.recv())
        if told["type"] == "essay_update" and told["seq"] >= self._seq:
            self._text, self._seq = told["content"], told["seq"]
        return told


async def _enters(server: Server, essay: Essay, who: Person, line: int) -> Writer:
    host, port = server.address
    url = f"ws://{host}:{port}{who.path(essay.number)}"
    offered = [Subprotocol(EXTENDED)]
    socket = await connect(url, subprotocols=offered, compression=None, max_size=None)
    return Writer(socket, essay.number, line)


async def _hammers(writer: Writer) -> None:
    while True:
        await writer.save()


async def contend(asked: argparse.Namespace, essay: Essay, here: Server, there: Server) -> Any:
    """What the module's text says."""
    one, other = essay.writers
    busy = [await _enters(there, essay, one, line + 1) for line in range(asked.hammers)]
    calm = await _enters(here, essay, other, 0)
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
    for writer in (*busy, calm):
        await writer.leave()
    slow = sorted(1000 * seconds for seconds in calm.seconds)
    return {
        "busy_saves_per_second": round(saved / took),
        "saves": len(slow),
        "p50_ms": round(statistics.median(slow), 1),
        "p99_ms": round(slow[int(0.99 * len(slow))], 1),
        "p99.9_ms": round(slow[int(0.999 * len(slow))], 1),
        "max_ms": round(slow[-1], 1),
    }


def measure(asked: argparse.Namespace, shared: Stores, folder: Path) -> Any:
    """On two nodes that have nothing else to do."""
    secret = secrets.token_urlsafe(32)
    (essay,) = make_world(folder, [Wanted("", ("Busy", "Calm"))], shared.database, secret)
    with two_nodes(folder, shared, secret, ANYWHERE) as (here, there):
        return asyncio.run(contend(asked, essay, here, there))


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.contention", description=__doc__)
    parser.add_argument("--database", default=OWN, help=DATABASE_HELP)
    parser.add_argument("--redis", default=OWN, help=REDIS_HELP)
    parser.add_argument("--hammers", type=int, default=4, help="people who save without a pause")
    parser.add_argument("--saves", type=int, default=500, help="of the one on the other node")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between those")
    asked = parser.parse_args()
    with (
        stores(asked.database, asked.redis) as shared,
        tempfile.TemporaryDirectory(prefix="workroom-bench-") as folder,
    ):
        print(json.dumps(measure(asked, shared, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
