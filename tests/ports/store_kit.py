"""What the store's tests say in one word: entries, appends, and waiting for results."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from workroom.adapters.store import MemoryStore
from workroom.adapters.store.sql_store import SqlStore
from workroom.core.entries import Record
from workroom.core.people import Right, Role
from workroom.ids import RoomId, RoomKind, UserId, essay_room
from workroom.ports.accounts import NewUser
from workroom.ports.store import Answer, Append, AppendResult, RoomSummary

Store = MemoryStore | SqlStore

ANA, BEN, EVA = UserId(1), UserId(2), UserId(3)
ESSAY = essay_room(1)


class Seconds:
    """A clock that stands until it is moved; whole seconds since 1970."""

    def __init__(self) -> None:
        self.now = 1_800_000_000

    def __call__(self) -> int:
        return self.now


def record(seq: int, actor: UserId = ANA, **changed: Any) -> Record:
    """An entry with that number."""
    fields: dict[str, Any] = {
        "kind": "text_edited",
        "at": 1_000 + seq,
        "body": b'{"n":%d}' % seq,
        "update": b"\x00\xff" + seq.to_bytes(4, "big"),
    }
    return Record(seq=seq, actor=actor, **(fields | changed))


def summary(title: str = "Title", at: int = 1, **details: Any) -> RoomSummary:
    """What lists show, changed at ``at``."""
    return RoomSummary(title, ANA, 1, at, BEN, details)


def append(
    room: RoomId = ESSAY, expected: int = 0, *, count: int = 1, actor: UserId = ANA, **more: Any
) -> Append:
    """``count`` entries after number ``expected``; a new room gets a summary."""
    if expected == 0:
        more.setdefault("summary", summary())
    numbers = range(expected + 1, expected + count + 1)
    return Append(room, expected, tuple(record(number, actor) for number in numbers), **more)


def rights(**of: Right | None) -> Mapping[UserId, Right | None]:
    """Rights by name: ``rights(ana=Right.OWNER)``."""
    people = {"ana": ANA, "ben": BEN, "eva": EVA}
    return {people[name]: right for name, right in of.items()}


def answer(request_id: str, body: bytes = b'"done"', user: UserId = ANA, at: int = 1) -> Answer:
    """An answer to remember."""
    return Answer(user, request_id, at, body)


async def outcomes(store: Store, appends: Sequence[Append]) -> list[AppendResult]:
    """Hand all of them over at once; the result of each. Those of a room must come in order."""
    results: dict[int, AppendResult] = {}
    everything = asyncio.Event()

    def done(number: int, result: AppendResult) -> None:
        assert number not in results, "it was answered twice"
        room = appends[number].room
        unanswered = [n for n in range(number) if appends[n].room == room and n not in results]
        early.extend((n, number) for n in unanswered)
        results[number] = result
        if len(results) == len(appends):
            everything.set()

    early: list[tuple[int, int]] = []
    for number, each in enumerate(appends):
        store.append(each, partial(done, number))
    await everything.wait()
    assert early == [], "answered before an earlier one of the same room"
    return [results[number] for number in range(len(appends))]


async def outcome(store: Store, one: Append) -> AppendResult:
    """Hand one over and wait for its result."""
    (result,) = await outcomes(store, [one])
    return result


async def titles(store: Store, user: UserId | None, **page: int) -> list[str]:
    """Titles of the essays that a user (None: everybody) sees listed."""
    asked: Any = {"limit": 100, "offset": 0} | page
    listed = await store.rooms(RoomKind.ESSAY, user, **asked)
    return [each.summary.title for each in listed.rooms]


def new_user(username: str, **more: Any) -> NewUser:
    """Somebody to be created."""
    fields: dict[str, Any] = {"name": username.title(), "role": Role.STUDENT}
    return NewUser(username=username, **(fields | more))
