"""The usual group commit as one statement, for one turn of Python's global lock.

Every call into SQLite lets go of that lock some five times, and beside a busy event loop each time
may cost a millisecond until the thread has it back: ten statements, fifty turns. So a whole batch
is bound to one ``INSERT`` into a temporary view, whose trigger compares the heads of the logs and
fills the tables; outside a transaction that is BEGIN, everything and COMMIT in one call.

The trigger lives in the connection, not in the file. What it cannot do (a log that has moved on, a
request answered before, a canvas, a task, a room to be deleted) is refused as a whole: then the
writer goes the long way, statement by statement, and finds out for each append.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Any, Final

import orjson

from workroom.adapters.store.batch import Batch
from workroom.adapters.store.rows import head_rows, people_rows
from workroom.core.entries import Record
from workroom.ids import RoomId

_VIEW: Final = """
CREATE TEMP VIEW express AS SELECT NULL AS expected, NULL AS entries, NULL AS bare, NULL AS full,
    NULL AS actors, NULL AS rights, NULL AS answers, NULL AS added, NULL AS deleted,
    NULL AS checkpoints, NULL AS blobs
"""
_STORE: Final = "INSERT INTO express VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_TRIGGER: Final = """
CREATE TEMP TRIGGER express_insert INSTEAD OF INSERT ON express
BEGIN
    SELECT RAISE(ABORT, 'a log has moved on')
    FROM json_each(NEW.expected) LEFT JOIN rooms ON room_kind = $0 AND room_id = $1
    WHERE coalesce(seq, 0) <> $2 OR coalesce(rooms.deleted, 0);

    INSERT INTO entries (room_kind, room_id, seq, kind, actor, at, body, yjs_update)
    SELECT $0, $1, $2, $3, $4, $5, substr(NEW.blobs, $6, $7), substr(NEW.blobs, $8, $9)
    FROM json_each(NEW.entries);

    INSERT INTO rooms (room_kind, room_id, seq, title, author, created_at, updated_at, updated_by,
                       details, deleted)
    SELECT $0, $1, $2, $3, $4, $5, $6, $7, $8, 0 FROM json_each(NEW.bare) WHERE true
    ON CONFLICT (room_kind, room_id) DO UPDATE SET seq = excluded.seq;

    INSERT INTO rooms (room_kind, room_id, seq, title, author, created_at, updated_at, updated_by,
                       details, deleted)
    SELECT $0, $1, $2, $3, $4, $5, $6, $7, $8, 0 FROM json_each(NEW.full) WHERE true
    ON CONFLICT (room_kind, room_id) DO UPDATE SET
        seq = excluded.seq, title = excluded.title, author = excluded.author,
        created_at = excluded.created_at, updated_at = excluded.updated_at,
        updated_by = excluded.updated_by, details = excluded.details;

    INSERT INTO people (room_kind, room_id, user_id, level)
    SELECT $0, $1, $2, $3 FROM json_each(NEW.actors) WHERE true
    ON CONFLICT DO NOTHING;

    INSERT INTO people (room_kind, room_id, user_id, level)
    SELECT $0, $1, $2, $3 FROM json_each(NEW.rights) WHERE true
    ON CONFLICT (room_kind, room_id, user_id) DO UPDATE SET level = excluded.level;

    INSERT INTO answers (user_id, request_id, at, body)
    SELECT $0, $1, $2, substr(NEW.blobs, $3, $4) FROM json_each(NEW.answers);

    INSERT INTO feedback (id, essay)
    SELECT $0, $1 FROM json_each(NEW.added) WHERE true
    ON CONFLICT (id) DO UPDATE SET essay = excluded.essay;

    DELETE FROM feedback WHERE id IN (SELECT value FROM json_each(NEW.deleted));

    INSERT INTO checkpoints (room_kind, room_id, seq, state)
    SELECT $0, $1, $2, substr(NEW.blobs, $3, $4) FROM json_each(NEW.checkpoints) WHERE true
    ON CONFLICT (room_kind, room_id) DO UPDATE SET seq = excluded.seq, state = excluded.state;
END
"""
"""``$n`` stands for the n-th value of a row of the JSON list that the statement reads."""


class NotExpress(Exception):
    """This batch has to go the long way."""


def prepare(connection: sqlite3.Connection) -> None:
    """Make the view and its trigger, for as long as the connection lives."""
    connection.execute(_VIEW)
    connection.execute(re.sub(r"\$(\d)", r"json_extract(value, '$[\1]')", _TRIGGER))


def store(connection: sqlite3.Connection, batch: Batch) -> None:
    """Store a batch, if nothing stands against it; durable on return when outside a transaction.

    Raises NotExpress, or the driver's error; then nothing of the batch is stored.
    """
    if batch.deleted or batch.canvases or batch.tasks_started or batch.tasks_settled:
        raise NotExpress
    values = _values(batch)
    if any(isinstance(value, str) and "\\u0000" in value for value in values):
        raise NotExpress  # SQLite's JSON ends a text at its first NUL
    try:
        connection.execute(_STORE, values)
    except sqlite3.IntegrityError as error:
        raise NotExpress from error


def _values(batch: Batch) -> list[str | bytes | None]:
    """One value for each column of the view. Raises NotExpress for what JSON cannot hold."""
    blobs = _Blobs()
    bare, full = head_rows(batch)
    actors, rights = people_rows(batch)
    added = [(each, room.number) for each, room in batch.feedback.items() if room is not None]
    lists: list[list[Any]] = [
        [(*_address(room), expected) for room, expected in batch.expected.items()],
        [_entry(room, record, blobs) for room, record in batch.records],
        bare,
        full,
        actors,
        rights,
        [(a.user_id, a.request_id, a.at, *blobs.add(a.body)) for a in batch.answers],
        added,
        [each for each, room in batch.feedback.items() if room is None],
        [(*_address(r), c.seq, *blobs.add(c.state)) for r, c in batch.checkpoints.items()],
    ]
    try:
        # Strict: a number beyond 53 bits would come out of SQLite's JSON as another number.
        texts = [
            orjson.dumps(each, option=orjson.OPT_STRICT_INTEGER).decode() if each else None
            for each in lists
        ]
    except orjson.JSONEncodeError as error:
        raise NotExpress from error
    return [*texts, b"".join(blobs.parts)]


def _address(room: RoomId) -> tuple[str, int]:
    return room.kind.value, room.number


def _entry(room: RoomId, record: Record, blobs: _Blobs) -> tuple[Any, ...]:
    return (
        room.kind.value,
        room.number,
        record.seq,
        record.kind,
        record.actor,
        record.at,
        *blobs.add(record.body),
        *blobs.add(record.update),
    )


class _Blobs:
    """Bytes one behind the other; a place is an offset, counted from 1, and a length."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._end = 1

    def add(self, part: bytes | None) -> tuple[int | None, int | None]:
        """The place of a part; a place of nothing for None."""
        if part is None:
            return None, None
        start = self._end
        self.parts.append(part)
        self._end += len(part)
        return start, len(part)
