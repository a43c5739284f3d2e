"""The usual group commit as one statement, for one turn of Python's global lock.

Every call into SQLite lets go of that lock some five times, and beside a busy event loop each time
may cost a millisecond until the thread has it back: ten statements, fifty turns. So a whole batch
is bound to one ``INSERT`` of several rows into a temporary view, whose triggers compare the heads
of the logs and fill the tables; outside a transaction that is BEGIN, everything and COMMIT in one
call.

Nearly all that is stored are entries whose room gets a new summary, most with the answer to a
request. Each of them is a row of values of its own (a quarter of the work of taking them out of
JSON). The rest of the batch, if there is any, is one more row, of lists in JSON.

The triggers live in the connection, not in the file. What they cannot do (a log that has moved on,
a request answered before, a canvas, a task, a room to be deleted) is refused as a whole: then the
writer goes the long way, statement by statement, and finds out for each append.
"""

from __future__ import annotations

import re
import sqlite3
from functools import cache
from itertools import chain, repeat
from typing import Any, Final

import orjson

from workroom.adapters.store.batch import Batch
from workroom.adapters.store.rows import Rows, entry_row, head_rows, people_rows, summary_row
from workroom.core.entries import Record
from workroom.ids import RoomId
from workroom.ports.store import Answer

_ENTRY_COLUMNS: Final = (
    *("room_kind", "room_id", "seq", "kind", "actor", "at", "body", "yjs_update"),
    *("title", "author", "created_at", "updated_at", "updated_by", "details"),
    *("asker", "request_id", "answered_at", "answer"),
)
_REST_COLUMNS: Final = (
    *("expected", "entries", "bare", "full", "actors", "rights", "answers", "added", "deleted"),
    *("checkpoints", "blobs"),
)
_MOST_ROWS: Final = 512
"""Entries that have rows of their own: SQLite binds 32,766 values to a statement."""

_NO_ANSWER: Final = (0,) * 4
_NO_ENTRY: Final = (0,) * len(_ENTRY_COLUMNS)
"""No id is 0. (Python's driver looks for an adapter for each None and each ``bytes``, which takes
longer than to bind it; so there are none of them in rows of entries.)"""
_UNBOUND: Final = (OverflowError, UnicodeEncodeError)
"""What the driver raises for a number beyond 64 bits, and for text that is no Unicode."""

_VIEW: Final = "CREATE TEMP VIEW express AS SELECT " + ", ".join(
    f"NULL AS {column}" for column in (*_ENTRY_COLUMNS, *_REST_COLUMNS)
)

_ENTRY_TRIGGER: Final = """
CREATE TEMP TRIGGER express_entry INSTEAD OF INSERT ON express WHEN NEW.room_id
BEGIN
    SELECT RAISE(ABORT, 'a log has moved on')
    WHERE NEW.seq <> 1 + coalesce((
        SELECT CASE WHEN deleted THEN -1 ELSE seq END FROM rooms
        WHERE room_kind = NEW.room_kind AND room_id = NEW.room_id
    ), 0);

    INSERT INTO entries (room_kind, room_id, seq, kind, actor, at, body, yjs_update)
    VALUES (NEW.room_kind, NEW.room_id, NEW.seq, NEW.kind, NEW.actor, NEW.at, NEW.body,
            NEW.yjs_update);

    INSERT INTO rooms (room_kind, room_id, seq, title, author, created_at, updated_at, updated_by,
                       details, deleted)
    VALUES (NEW.room_kind, NEW.room_id, NEW.seq, NEW.title, NEW.author, NEW.created_at,
            NEW.updated_at, NEW.updated_by, NEW.details, 0)
    ON CONFLICT (room_kind, room_id) DO UPDATE SET
        seq = excluded.seq, title = excluded.title, author = excluded.author,
        created_at = excluded.created_at, updated_at = excluded.updated_at,
        updated_by = excluded.updated_by, details = excluded.details;

    INSERT INTO people (room_kind, room_id, user_id, level)
    VALUES (NEW.room_kind, NEW.room_id, NEW.actor, NULL)
    ON CONFLICT DO NOTHING;

    INSERT INTO answers (user_id, request_id, at, body)
    SELECT NEW.asker, NEW.request_id, NEW.answered_at, NEW.answer WHERE NEW.asker;
END
"""

_REST_TRIGGER: Final = """
CREATE TEMP TRIGGER express_rest INSTEAD OF INSERT ON express WHEN NEW.blobs IS NOT NULL
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
    """Make the view and its triggers, for as long as the connection lives."""
    connection.execute(_VIEW)
    connection.execute(_ENTRY_TRIGGER)
    connection.execute(re.sub(r"\$(\d)", r"json_extract(value, '$[\1]')", _REST_TRIGGER))


def store(connection: sqlite3.Connection, batch: Batch) -> None:
    """Store a batch, if nothing stands against it; durable on return when outside a transaction.

    Raises NotExpress, or the driver's error; then nothing of the batch is stored.
    """
    if batch.deleted or batch.canvases or batch.tasks_started or batch.tasks_settled:
        raise NotExpress
    rows, rest = _parted(batch)
    size = 1 << (len(rows) - 1).bit_length() if rows else 0
    values = list(chain.from_iterable([*rows, *repeat(_NO_ENTRY, size - len(rows))]))
    if rest is not None:
        values += _values(rest)
    try:
        connection.execute(_statement(size, rest=rest is not None), values)
    except (sqlite3.IntegrityError, *_UNBOUND) as error:
        raise NotExpress from error


@cache
def _statement(entries: int, *, rest: bool) -> str:
    """For so many entries: a power of two, so that there are few and each stays prepared."""
    rows = [_row(["?"] * len(_ENTRY_COLUMNS), ["NULL"] * len(_REST_COLUMNS))] * entries
    if rest:
        rows.append(_row(["NULL"] * len(_ENTRY_COLUMNS), ["?"] * len(_REST_COLUMNS)))
    return f"INSERT INTO express VALUES {', '.join(rows)}"  # noqa: S608 - of constants alone


def _row(entry: list[str], rest: list[str]) -> str:
    return f"({', '.join(entry + rest)})"


def _parted(batch: Batch) -> tuple[Rows, Batch | None]:
    """The entries that get a row, and the rest of the batch; None when that is nothing.

    Beside an entry there may stand an answer that it has nothing to do with.
    """
    summaries = {}
    if len(batch.records) <= _MOST_ROWS:
        wrote = {room for room, _ in batch.records}
        rooms = ((room, summary) for room, (_, summary) in batch.rooms.items() if room in wrote)
        summaries = {room: summary_row(summary) for room, summary in rooms if summary is not None}
    answers = chain(map(_answer_row, batch.answers), repeat(_NO_ANSWER))
    rows = [
        (*_plain(entry_row(room, record)), *summaries[room], *next(answers))
        for room, record in batch.records
        if room in summaries
    ]
    rest = Batch()
    if not batch.expected.keys() <= summaries.keys():
        rest.expected = {room: seq for room, seq in batch.expected.items() if room not in summaries}
        rest.records = [each for each in batch.records if each[0] not in summaries]
        rest.rooms = {room: head for room, head in batch.rooms.items() if room not in summaries}
        rest.actors = {each for each in batch.actors if each[0] not in summaries}
    rest.rights, rest.feedback, rest.checkpoints = batch.rights, batch.feedback, batch.checkpoints
    rest.answers = batch.answers[len(rows) :]
    some = rest.expected or rest.rights or rest.feedback or rest.answers or rest.checkpoints
    return rows, rest if some else None


def _answer_row(answer: Answer) -> tuple[Any, ...]:
    return answer.user_id, answer.request_id, answer.at, bytearray(answer.body)


def _plain(entry: tuple[Any, ...]) -> tuple[Any, ...]:
    *plain, body, update = entry
    return *plain, bytearray(body), None if update is None else bytearray(update)


def _values(batch: Batch) -> list[str | bytes | None]:
    """One value for each column but those of an entry. Raises NotExpress: JSON cannot hold it."""
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
    if any(text is not None and "\\u0000" in text for text in texts):
        raise NotExpress  # SQLite's JSON ends a text at its first NUL
    return [*texts, b"".join(blobs.parts)]


def _address(room: RoomId) -> tuple[str, int]:
    return str(room.kind), room.number


def _entry(room: RoomId, record: Record, blobs: _Blobs) -> tuple[Any, ...]:
    *plain, body, update = entry_row(room, record)
    return (*plain, *blobs.add(body), *blobs.add(update))


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
