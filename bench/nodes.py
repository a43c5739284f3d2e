"""Two nodes against one: ``python -m bench.nodes`` (a minute and a half).

Measured are

- how much later somebody on another node hears of a save than somebody on the writer's own;
- how many deliveries two nodes make of 100 separate essays each, against one node with its 100: a
  second, and for each second of processor time of the nodes;
- what a save costs a node whose people only hear of it, and the one that it was made on.

Each node is kept on a core of its own, the database and the bus on a third, all clients on the
others. One node and two take turns in one run. Deliveries are counted by those who got them, and
everybody in a room must have got the same in the end. The second figure, for each second of
processor time, does not depend on what else the machine does: at a ratio of 1.0 a second node costs
the first one nothing, and two make twice the deliveries wherever each has a core.

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
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.crew import Crew, Undelivered
from bench.machine import cores, cpu_seconds
from bench.reader import Arm
from bench.savers import Desk, Savers
from bench.servers import Server, workroom
from bench.stores import DATABASE_HELP, OWN, REDIS_HELP, Stores, stores
from bench.wire import Door
from bench.world import Essay, Wanted, make_world, prose

EXTENDED: Final = "workroom.v1"
WORDS: Final = 100
SAVES: Final = 200
PAUSE: Final = 0.02
SETTLE: Final = 1.0
"""Seconds after which everything that was confirmed has been read by everybody."""
READERS: Final = "readers"
_UPDATE: Final = b'{"type":"essay_update"'


@dataclass(frozen=True, slots=True)
class Places:
    """On which cores what is kept; anywhere where there are too few."""

    nodes: tuple[Sequence[int], Sequence[int]]
    stores: Sequence[int]
    clients: Sequence[int]


ANYWHERE: Final = Places(((), ()), (), ())


def places() -> Places:
    """Each node on a core of its own, if there are four."""
    all_of_them = cores()
    if len(all_of_them) < 4:
        return ANYWHERE
    a, b, stores, *clients = all_of_them
    return Places(([a], [b]), [stores], clients)


# ---- latency ------------------------------------------------------------------------------------


async def _enter(server: Server, path: str) -> ClientConnection:
    host, port = server.address
    offered = [Subprotocol(EXTENDED)]
    return await connect(f"ws://{host}:{port}{path}", subprotocols=offered, compression=None)


async def lateness(essay: Essay, here: Server, there: Server) -> tuple[list[float], list[float]]:
    """Milliseconds from the sending of a save to its arrival on the same and the other node."""
    reads = essay.readers[0].path(essay.number)
    writer = await _enter(here, essay.writers[0].path(essay.number))
    near, far = await _enter(here, reads), await _enter(there, reads)
    sent: dict[str, float] = {}
    late: tuple[list[float], list[float]] = ([], [])

    async def listen(socket: ClientConnection, into: list[float]) -> None:
        async for raw in socket:
            now, message = time.perf_counter(), json.loads(raw)
            if message["type"] == "essay_update" and message["content"] in sent:
                into.append(1000 * (now - sent[message["content"]]))
                if message["content"] == _nth(SAVES - 1):
                    return  # versions that came together were told as one

    async with asyncio.TaskGroup() as group:
        group.create_task(listen(near, late[0]))
        group.create_task(listen(far, late[1]))
        drain = asyncio.ensure_future(_drain(writer))
        for number in range(SAVES):
            text = _nth(number)
            sent[text] = time.perf_counter()
            asked = {"action": "update_essay", "essay_id": essay.number, "content": text}
            await writer.send(json.dumps({**asked, "request_id": f"late-{number}"}))
            await asyncio.sleep(PAUSE)
    drain.cancel()
    for socket in (writer, near, far):
        await socket.close()
    return late


def _nth(number: int) -> str:
    return f"The save with the number {number}."


async def _drain(socket: ClientConnection) -> None:
    async for _ in socket:
        pass


# ---- deliveries ---------------------------------------------------------------------------------


class Half:
    """Essays, the node on which somebody writes each of them, and those who read it."""

    def __init__(
        self,
        node: Server,
        essays: Sequence[Essay],
        readers: int,
        core: Sequence[int],
        elsewhere: Server | None = None,
    ) -> None:
        """Who reads is on the same node, or ``elsewhere``; ``core``: where all of them are kept."""
        self.node = node
        self._readers = readers
        self._crew = Crew([core[0] if core else None])
        where = node if elsewhere is None else elsewhere
        doors = [
            Door(where.address, essay.readers[0].path(essay.number), EXTENDED)
            for essay in essays
            for _ in range(readers)
        ]
        self._crew.connect(READERS, doors)
        self.savers = Savers([self._desk(essay) for essay in essays], core)

    def _desk(self, essay: Essay) -> Desk:
        door = Door(self.node.address, essay.writers[0].path(essay.number), EXTENDED)
        return Desk(door, essay.number, prose(WORDS, essay.number))

    def begin(self) -> None:
        """Count from zero, and write."""
        self._crew.arm(Arm(READERS, 1 << 40, (_UPDATE,)))
        self.savers.go()

    def delivered(self) -> int:
        """Since ``begin``."""
        return sum(self._crew.tally(READERS).counts)

    def rest(self) -> int:
        """Stop writing; how many saves were confirmed so far.

        Raises ``Undelivered`` when two in a room did not get the same.
        """
        confirmed = self.savers.rest()
        time.sleep(SETTLE)
        counted = self._crew.tally(READERS)
        got = list(zip(counted.counts, counted.last, strict=True))
        rooms = [set(got[at : at + self._readers]) for at in range(0, len(got), self._readers)]
        if counted.lost or any(len(each) != 1 for each in rooms):
            message = f"{counted.lost} readers were lost; not everybody in a room got the same"
            raise Undelivered(message)
        return confirmed

    def clients_cpu(self) -> float:
        """CPU time of all who write and read here."""
        return self._crew.cpu_seconds() + self.savers.cpu_seconds()

    def close(self) -> None:
        """Everybody goes."""
        self.savers.close()
        self._crew.__exit__()


@dataclass(frozen=True, slots=True)
class Turn:
    """What some nodes did in some seconds."""

    per_second: float
    per_cpu_second: float
    """Of all their processor time."""
    nodes: float
    """The share of a core that each took."""
    stores: float
    clients: float
    """The cores that these took in all."""


def turn(halves: Sequence[Half], shared: Stores, warm_up: float, seconds: float) -> Turn:
    """Have these work for so long."""

    def spent() -> tuple[float, float, float]:
        nodes = sum(cpu_seconds(half.node.pid) for half in halves)
        return nodes, shared.cpu_seconds(), sum(half.clients_cpu() for half in halves)

    for half in halves:
        half.begin()
    time.sleep(warm_up)
    before, count, began = spent(), sum(half.delivered() for half in halves), time.perf_counter()
    time.sleep(seconds)
    count = sum(half.delivered() for half in halves) - count
    took = time.perf_counter() - began
    nodes, both, clients = (now - then for now, then in zip(spent(), before, strict=True))
    for half in halves:
        half.rest()
    return Turn(
        count / took, count / nodes, nodes / len(halves) / took, both / took, clients / took
    )


def summary(turns: Sequence[Turn]) -> dict[str, float]:
    """Medians."""
    return {
        "deliveries_per_second": round(statistics.median(each.per_second for each in turns)),
        "deliveries_per_cpu_second": round(statistics.median(t.per_cpu_second for t in turns)),
        "core_of_each_node": round(statistics.median(each.nodes for each in turns), 2),
        "cores_of_database_and_bus": round(statistics.median(each.stores for each in turns), 2),
        "cores_of_clients": round(statistics.median(each.clients for each in turns), 2),
    }


def cost_of_hearing(half: Half, hearing: Server, seconds: float) -> dict[str, int]:
    """Microseconds of CPU for each save, of the node that it was made on and of one that hears."""
    nodes = {"where_it_was_made": half.node, "where_it_is_heard": hearing}
    before = {name: cpu_seconds(node.pid) for name, node in nodes.items()}
    half.begin()
    time.sleep(seconds)
    saves = half.rest()
    return {
        name: round(1e6 * (cpu_seconds(node.pid) - before[name]) / saves)
        for name, node in nodes.items()
    }


# ---- all of it ----------------------------------------------------------------------------------


@contextmanager
def two_nodes(
    folder: Path, shared: Stores, secret: str, at: Places
) -> Iterator[tuple[Server, Server]]:
    """Both ready, each on its core."""
    given = {"DATABASE": shared.database, "REDIS": shared.redis, "SECRET": secret}
    env = {f"WORKROOM_{name}": value for name, value in given.items() if value is not None}
    with ExitStack() as stack:
        started = []
        for name in ("a", "b"):
            (folder / name).mkdir()
            started.append(stack.enter_context(workroom(folder / name, **env)))
        a, b = (node.ready(core) for node, core in zip(started, at.nodes, strict=True))
        yield a, b


def measure(asked: argparse.Namespace, shared: Stores, folder: Path, at: Places) -> dict[str, Any]:
    """What the module's text says."""
    count, secret = asked.essays, secrets.token_urlsafe(32)
    wanted = [Wanted(prose(WORDS), ("Writer",), 1) for _ in range(3 * count + 1)]
    late, *essays = make_world(folder, wanted, shared.database, secret)
    with two_nodes(folder, shared, secret, at) as (a, b):
        near, far = asyncio.run(lateness(late, a, b))
        first, last = at.clients[:1], at.clients[-1:]
        halves = [
            Half(a, essays[:count], asked.readers, first),
            Half(b, essays[count : 2 * count], asked.readers, last),
        ]
        one, two = [], []
        for _ in range(asked.turns):
            one.append(turn(halves[:1], shared, asked.warm_up, asked.seconds))
            two.append(turn(halves, shared, asked.warm_up, asked.seconds))
        for half in halves:
            half.close()
        apart = Half(a, essays[2 * count :], asked.readers, first, elsewhere=b)
        heard = cost_of_hearing(apart, b, asked.seconds)
        apart.close()
    same, cross = statistics.median(near), statistics.median(far)
    per_save = (1e6 * asked.readers / each.per_cpu_second for each in one)
    alone = round(statistics.median(per_save))
    pairs = list(zip(one, two, strict=True))
    per_second = [b.per_second / a.per_second for a, b in pairs]
    per_cpu = [b.per_cpu_second / a.per_cpu_second for a, b in pairs]
    return {
        "pinned": bool(at.clients),
        "same_node_p50_ms": round(same, 2),
        "cross_node_p50_ms": round(cross, 2),
        "cross_minus_same_ms": round(cross - same, 2),
        "one_node": summary(one),
        "two_nodes": summary(two),
        "cpu_us_of_a_save": {"with_all_on_one_node": alone, **heard},
        "ratio_per_second": [round(each, 2) for each in sorted(per_second)],
        "ratio_per_cpu_second": [round(each, 2) for each in sorted(per_cpu)],
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.nodes", description=__doc__)
    parser.add_argument("--database", default=OWN, help=DATABASE_HELP)
    parser.add_argument("--redis", default=OWN, help=REDIS_HELP)
    parser.add_argument("--essays", type=int, default=100, help="of each node")
    parser.add_argument("--readers", type=int, default=10, help="of each essay")
    parser.add_argument("--turns", type=int, default=4, help="of one node, and of two")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each turn")
    parser.add_argument("--warm-up", type=float, default=1.0)
    asked = parser.parse_args()
    at = places()
    with (
        stores(asked.database, asked.redis, at.stores) as shared,
        tempfile.TemporaryDirectory(prefix="workroom-bench-") as folder,
    ):
        print(json.dumps(measure(asked, shared, Path(folder), at), indent=2))


if __name__ == "__main__":
    main()
