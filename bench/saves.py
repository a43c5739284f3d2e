"""What one save costs: a whole text that comes in, and all that is done until everybody has it.

One person types in the middle of an essay with 200 highlights, a letter at a time, and sends the
whole text each time; ten members get each version, and word of the highlights that moved. The next
save is sent when everybody has the last one. The CPU time is that of the whole server process:
reading, merging, storing, syncing, writing.
"""

from __future__ import annotations

import asyncio
import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.crew import Undelivered
from bench.machine import cpu_seconds
from bench.plan import Plan
from bench.servers import Server, workroom
from bench.world import Essay, Person, Wanted, make_world, prose

LETTERS: Final = (10_000, 100_000)
MEMBERS: Final = 10
HIGHLIGHTS: Final = 200
BATCH: Final = 40
"""Saves that one figure is the mean of."""
_EXTENDED: Final = Subprotocol("workroom.v1")
_PATIENCE: Final = 20.0
_LARGE: Final = 2**22


@dataclass(frozen=True, slots=True)
class Saves:
    """What saves of an essay of this size cost. CPU in milliseconds for one save."""

    letters: int
    members: int
    highlights: int
    saves: int
    cpu: float
    """The median of the batches."""
    cpu_most: float
    """The dearest batch."""


def measure_saves(plan: Plan, scratch: Path, say: Callable[[str], None]) -> list[Saves]:
    """Raises ``Undelivered`` when a member does not get a version, or not the right one."""
    wanted = [
        Wanted(prose(letters)[:letters], ("Emma Brown", "Jane Smith"), MEMBERS - 2)
        for letters in LETTERS
    ]
    essays = make_world(scratch, wanted)
    found = []
    with workroom(scratch) as server:
        server.ready(plan.edit_server_cores)
        for essay in essays:
            found.append(asyncio.run(_measured(server, essay, plan.save_batches)))
            say(f"saves of {found[-1].letters} letters")
    return found


async def _measured(server: Server, essay: Essay, batches: int) -> Saves:
    people = [*essay.writers, *essay.readers]
    links = [await _join(server, essay, person, at) for at, person in enumerate(people)]
    author, *others = links
    text: str = (await _next(author, "essay_update"))["content"]
    for link in others:
        await _next(link, "essay_update")
    await _comment(author, essay.number, len(text))
    costs = []
    for _ in range(batches + 1):
        before = cpu_seconds(server.pid)
        for _ in range(BATCH):
            middle = len(text) // 2
            text = f"{text[:middle]}x{text[middle:]}"
            await _save(author, others, essay.number, text, middle + 1)
        costs.append((cpu_seconds(server.pid) - before) / BATCH * 1000)
    for link in links:
        await link.close()
    costs = costs[1:]  # the first warms up
    return Saves(
        len(text), MEMBERS, HIGHLIGHTS, BATCH * batches, statistics.median(costs), max(costs)
    )


async def _join(server: Server, essay: Essay, person: Person, at: int) -> ClientConnection:
    """Every second member is extended, and so is the first."""
    host, port = server.address
    link = await connect(
        f"ws://{host}:{port}{person.path(essay.number)}",
        subprotocols=None if at % 2 else [_EXTENDED],
        compression=None,
        max_size=_LARGE,
    )
    await link.send(json.dumps({"action": "subscribe_essay", "essay_id": essay.number}))
    return link


async def _comment(author: ClientConnection, essay: int, length: int) -> None:
    """Put highlights all over the text."""
    step = length // HIGHLIGHTS
    for at in range(HIGHLIGHTS):
        feedback = {
            "type": "style",
            "comment": "Why?",
            "highlight_start": at * step,
            "highlight_end": at * step + min(step, 12),
        }
        message = {"action": "add_feedback", "essay_id": essay, "feedback": feedback}
        await author.send(json.dumps({**message, "request_id": f"f{at}"}))
        await _next(author, "ack")


async def _save(
    author: ClientConnection, others: list[ClientConnection], essay: int, text: str, caret: int
) -> None:
    message = {"action": "update_essay", "essay_id": essay, "content": text, "request_id": "s"}
    message |= {"cursor_position": caret, "request_id": f"s{len(text)}"}
    await author.send(json.dumps(message))
    await _next(author, "ack")
    for link in others:
        if (await _next(link, "essay_update"))["content"] != text:
            raise Undelivered("a member was sent another text")


async def _next(link: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of that kind; others are read past."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            message: dict[str, Any] = json.loads(await link.recv())
            if message["type"] == kind:
                return message
