"""The SQL that judges and stores a batch: functions on an open connection, for every SQL store.

Each runs inside the caller's transaction and lets the driver's errors through. Nothing here is
peculiar to one database; ``express.py`` does the same on SQLite with one statement.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import BigInteger, Connection, Select, Text, delete, select, update

from workroom.adapters.store import task_queries
from workroom.adapters.store.batch import AnswerKey, Batch, Head
from workroom.adapters.store.rows import entry_row, head_rows, people_rows
from workroom.adapters.store.sql import fetch, insert_many, pairs
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
from workroom.ids import BlobKey, CanvasId, FeedbackId, RoomId, RoomKind, UserId

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
def _heads(dialect: str) -> Select[Any]:
    wanted = pairs(dialect, Text, BigInteger)
    here = (rooms.c.room_kind == wanted.c.a) & (rooms.c.room_id == wanted.c.b)
    return select(rooms.c.room_kind, rooms.c.room_id, rooms.c.seq, rooms.c.deleted).join_from(
        wanted, rooms, here
    )


@cache
def _answers_given(dialect: str) -> Select[Any]:
    wanted = pairs(dialect, BigInteger, Text)
    same = (answers.c.user_id == wanted.c.a) & (answers.c.request_id == wanted.c.b)
    return select(answers.c.user_id, answers.c.request_id, answers.c.body).join_from(
        wanted, answers, same
    )


def heads(connection: Connection, wanted: Collection[RoomId]) -> dict[RoomId, Head]:
    """Where the logs of these rooms end; rooms that never were are left out."""
    rows = fetch(connection, _heads(connection.dialect.name), _json_keys(wanted))
    return {
        RoomId(RoomKind(kind), number): Head(seq, bool(deleted))
        for kind, number, seq, deleted in rows
    }


def answers_given(connection: Connection, wanted: Collection[AnswerKey]) -> dict[AnswerKey, bytes]:
    """The answers to those of these requests that were answered."""
    if not wanted:
        return {}
    rows = fetch(connection, _answers_given(connection.dialect.name), _json_keys(wanted))
    return {(UserId(user_id), request_id): body for user_id, request_id, body in rows}


def _json_keys(wanted: Collection[tuple[object, object]]) -> dict[str, str]:
    return {"keys": orjson.dumps(list(map(tuple, wanted))).decode()}


def store_batch(connection: Connection, batch: Batch) -> None:
    """Write all that a batch holds, each table at once."""
    bare, full = head_rows(batch)
    actors, rights = people_rows(batch)
    insert_many(connection, entries, [entry_row(*each) for each in batch.records])
    insert_many(connection, rooms, bare, _NEW_HEAD)
    insert_many(connection, rooms, full, _NEW_SUMMARY)
    insert_many(connection, people, actors, _KEEP)
    insert_many(connection, people, rights, _NEW_RIGHT)
    _store_feedback(connection, batch.feedback)
    _store_canvases(connection, batch.canvases)
    task_queries.start(connection, batch.tasks_started)
    task_queries.settle(connection, batch.tasks_settled)
    insert_many(
        connection, answers, [(a.user_id, a.request_id, a.at, a.body) for a in batch.answers]
    )
    insert_many(
        connection,
        checkpoints,
        [(r.kind.value, r.number, c.seq, c.state) for r, c in batch.checkpoints.items()],
        _NEW_CHECKPOINT,
    )
    for room in batch.deleted:
        _forget_room(connection, room)


def _store_feedback(connection: Connection, owners: Mapping[FeedbackId, RoomId | None]) -> None:
    kept = [(number, room.number) for number, room in owners.items() if room is not None]
    gone = [number for number, room in owners.items() if room is None]
    insert_many(connection, feedback, kept, _NEW_OWNER)
    if gone:
        connection.execute(delete(feedback).where(feedback.c.id.in_(gone)))


def _store_canvases(
    connection: Connection, places: Mapping[CanvasId, tuple[RoomId, BlobKey] | None]
) -> None:
    kept = [(number, of[0].number, of[1]) for number, of in places.items() if of is not None]
    gone = [number for number, of in places.items() if of is None]
    insert_many(connection, canvases, kept, _NEW_PLACE)
    if gone:
        connection.execute(delete(canvases).where(canvases.c.id.in_(gone)))


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
