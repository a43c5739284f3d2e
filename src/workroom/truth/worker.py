"""A process with some of the clients of a run: ``python -m workroom.truth.worker``.

Reads its orders from standard input, one JSON object per line: first the plan, then ``settle`` and
``end``. Writes how it stands to standard output, twice a second.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from workroom.truth.editors import Editor
from workroom.truth.essays import EssayClient
from workroom.truth.history import SUFFIX, History
from workroom.truth.member import Desk, Member
from workroom.truth.plain import PlainClient
from workroom.truth.plan import Part, from_json
from workroom.truth.projects import ProjectClient

REPORTS: Final = 0.5
"""Seconds between two reports."""
KINDS: Final[dict[str, type[Member]]] = {
    "essay": EssayClient,
    "project": ProjectClient,
    "plain": PlainClient,
    "yjs": Editor,
}


async def work() -> None:
    """Live through the plan."""
    orders = await _orders()
    plan = orjson.loads(await orders.readline())
    desk = Desk(plan["nodes"], plan["began"])
    parts = [from_json(each) for each in plan["parts"]]
    members = [_member(part, desk, Path(plan["folder"])) for part in parts]
    lives = [asyncio.ensure_future(member.lives()) for member in members]
    reports = asyncio.ensure_future(_reports(members, desk))
    while (order := (await orders.readline()).strip()) and order != b"end":
        desk.settling = True
    desk.over.set()
    await asyncio.gather(*lives)
    reports.cancel()
    for member in members:
        member.ends()
    desk.ghosts.end()


def _member(part: Part, desk: Desk, folder: Path) -> Member:
    first = {"client": part.name, "kind": part.kind, "user": part.person.user}
    path = folder / f"{part.name}{SUFFIX}"
    history = History(path, desk.began, **first, room=part.room.name)
    return KINDS[part.kind](part, desk, history)


async def _orders() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=1 << 26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _reports(members: Sequence[Member], desk: Desk) -> None:
    while True:
        sys.stdout.buffer.write(orjson.dumps(_report(members, desk)) + b"\n")
        sys.stdout.buffer.flush()
        await asyncio.sleep(REPORTS)


def _report(members: Sequence[Member], desk: Desk) -> dict[str, Any]:
    report: dict[str, Any] = {
        "events": desk.events,
        "requests": desk.requests,
        "answers": desk.answers,
        "drops": desk.drops,
        "connected": sum(member.link is not None for member in members),
    }
    if desk.settling:
        report["members"] = {
            member.part.name: [member.part.room.name, member.idle, member.shown]
            for member in members
        }
    return report


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when it is over
    asyncio.run(work())
