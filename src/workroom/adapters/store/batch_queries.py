"""The SQL that judges and stores a batch: functions on an open connection, for every SQL store.

Each runs inside the caller's transaction and lets the driver's errors through. Nothing here is
peculiar to one database; ``sqlite_express.py`` does the same with one statement.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Select, Table, Text, delete, select, update

from workroom.adapters.store import task_queries
from workroom.adapters.store.batch import AnswerKey, Batch, Head
from workroom.adapters.store.rows import entry_row, head_rows, people_rows
from workroom.adapters.store.sql import Insert, fetch, insert_all, pair_keys, pairs
from workroom.adapters.store.tables import (
    answers,
    canvases,
    checkpoints,
    entries,
    feedback,
    milestones,
    people,
    rooms,
)
from workroom.ids import RoomId, RoomKind, UserId

_ROOM_KEY: Final = "ON CONFLICT (room_kind, room_id)"
_NEW_HEAD: Final = f"{_ROOM_KEY} DO UPDATE SET seq = excluded.seq"
_NEW_SUMMARY: Final = (
    f"{_NEW_HEAD}, title = excluded.title, author = excluded.author,"
    " created_at = excluded.created_at, updated_at = excluded.updated_at,"
    " updated_by = excluded.updated_by, details = excluded.details"
)
_NEW_CHECKPOINT: Final = f"{_ROOM_KEY} DO UPDATE SET seq = excluded.seq, state = excluded.state"
_NEW_RIGHT: Final = "ON CONFLICT (room_kind, room_id, user_id) DO UPDATE SET level = excluded.level"
_NEW_OWNER: Final = "ON CONFLICT (id) DO UPDATE SET essay = excluded.essay"
_NEW_PLACE: Final = (
    "ON CONFLICT (id) DO UPDATE SET project = excluded.project, blob_key = excluded.blob_key"
)
_KEEP: Final = "ON CONFLICT DO NOTHING"


@cache
def _heads(dialect: str, *, lock: bool) -> Select[Any]:
    wanted = pairs(dialect, Text, BigInteger)
    here = (rooms.c.room_kind == wanted.c.a) & (rooms.c.room_id == wanted.c.b)
    heads = select(rooms.c.room_kind, rooms.c.room_id, rooms.c.seq, rooms.c.deleted)
    found = heads.join_from(wanted, rooms, here)
    if not lock:
        return found
    # In one order everywhere, so that two nodes never wait for each other.
    return found.order_by(rooms.c.room_kind, rooms.c.room_id).with_for_update(of=rooms)


@cache
def _answers_given(dialect: str) -> Select[Any]:
    wanted = pairs(dialect, BigInteger, Text)
    same = (answers.c.user_id == wanted.c.a) & (answers.c.request_id == wanted.c.b)
    return select(answers.c.user_id, answers.c.request_id, answers.c.body).join_from(
        wanted, answers, same
    )


def heads(
    connection: Connection, wanted: Collection[RoomId], *, lock: bool = False
) -> dict[RoomId, Head]:
    """Where the logs of these rooms end; rooms that never were are left out.

    ``lock``: no other transaction may append to them before this one is over.
    """
    dialect = connection.dialect.name
    rows = fetch(connection, _heads(dialect, lock=lock), pair_keys(dialect, wanted))
    return {
        RoomId(RoomKind(kind), number): Head(seq, bool(deleted))
        for kind, number, seq, deleted in rows
    }


def answers_given(connection: Connection, wanted: Collection[AnswerKey]) -> dict[AnswerKey, bytes]:
    """The answers to those of these requests that were answered."""
    if not wanted:
        return {}
    dialect = connection.dialect.name
    rows = fetch(connection, _answers_given(dialect), pair_keys(dialect, wanted))
    return {(UserId(user_id), request_id): body for user_id, request_id, body in rows}


def store_batch(connection: Connection, batch: Batch) -> None:
    """Write all that a batch holds, each table at once."""
    insert_all(connection, _inserts(batch))
    _delete(connection, feedback, batch.feedback)
    _delete(connection, canvases, batch.canvases)
    task_queries.start(connection, batch.tasks_started)
    task_queries.settle(connection, batch.tasks_settled)
    for room in batch.deleted:
        _forget_room(connection, room)


def _inserts(batch: Batch) -> list[Insert]:
    """In an order that is the same everywhere, so that two nodes seldom wait for each other."""
    bare, full = head_rows(batch)
    actors, rights = people_rows(batch)
    owners, places, states = batch.feedback, batch.canvases, batch.checkpoints
    return [
        Insert(entries, sorted(entry_row(*each) for each in batch.records)),
        Insert(rooms, bare, _NEW_HEAD),
        Insert(rooms, full, _NEW_SUMMARY),
        Insert(people, actors, _KEEP),
        Insert(people, rights, _NEW_RIGHT),
        Insert(answers, sorted((a.user_id, a.request_id, a.at, a.body) for a in batch.answers)),
        Insert(feedback, [(n, room.number) for n, room in owners.items() if room], _NEW_OWNER),
        Insert(canvases, [(n, of[0].number, of[1]) for n, of in places.items() if of], _NEW_PLACE),
        Insert(
            checkpoints,
            [(room.kind.value, room.number, c.seq, c.state) for room, c in states.items()],
            _NEW_CHECKPOINT,
        ),
    ]


def _delete(connection: Connection, table: Table, owners: Mapping[Any, object]) -> None:
    """Delete those that belong to nobody any more."""
    gone = [number for number, owner in owners.items() if owner is None]
    if gone:
        connection.execute(delete(table).where(table.c.id.in_(gone)))


def _forget_room(connection: Connection, room: RoomId) -> None:
    """Take a room out of every list; the log and its head stay."""
    key = {"room_kind": room.kind.value, "room_id": room.number}
    connection.execute(update(rooms).filter_by(**key).values(deleted=True))
    connection.execute(delete(people).filter_by(**key))
    connection.execute(delete(checkpoints).filter_by(**key))
    connection.execute(delete(milestones).filter_by(**key))
    if room.kind is RoomKind.ESSAY:
        connection.execute(delete(feedback).where(feedback.c.essay == room.number))
    else:
        connection.execute(delete(canvases).where(canvases.c.project == room.number))
