"""The SQL of rooms and their logs: small functions on an open connection, for every SQL store.

Each runs inside the caller's transaction and lets the driver's errors through.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    Connection,
    bindparam,
    delete,
    select,
    tuple_,
)

from workroom.adapters.store import task_queries
from workroom.adapters.store.sql import Row, fetch, insert_many
from workroom.adapters.store.tables import (
    answers,
    canvases,
    checkpoints,
    counters,
    entries,
    feedback,
    people,
    rooms,
    users,
)
from workroom.core.entries import Record
from workroom.core.people import Role, User
from workroom.errors import Unavailable
from workroom.ids import (
    MAX_ID,
    BlobKey,
    CanvasId,
    FeedbackId,
    RoomId,
    UserId,
    essay_room,
    project_room,
)
from workroom.ports.store import Checkpoint, StoredRoom

# Reading a room

_KIND: Final[Any] = bindparam("kind")
_NUMBER: Final[Any] = bindparam("number")

_HEAD: Final = select(rooms.c.seq, rooms.c.deleted).where(
    rooms.c.room_kind == _KIND, rooms.c.room_id == _NUMBER
)
_CHECKPOINT: Final = select(checkpoints.c.seq, checkpoints.c.state).where(
    checkpoints.c.room_kind == _KIND, checkpoints.c.room_id == _NUMBER
)
_RECORDS: Final = (
    select(
        entries.c.seq,
        entries.c.kind,
        entries.c.actor,
        entries.c.at,
        entries.c.body,
        entries.c.yjs_update,
    )
    .where(
        entries.c.room_kind == _KIND,
        entries.c.room_id == _NUMBER,
        entries.c.seq > bindparam("after"),
    )
    .order_by(entries.c.seq)
    .limit(bindparam("limit"))
)
USER_COLUMNS: Final = (
    users.c.id,
    users.c.username,
    users.c.name,
    users.c.role,
    users.c.avatar_url,
)
_PEOPLE: Final = (
    select(*USER_COLUMNS)
    .join(people, people.c.user_id == users.c.id)
    .where(people.c.room_kind == _KIND, people.c.room_id == _NUMBER)
)
_PAGE_OF_RECORDS: Final = 500
"""Entries read by one statement: bounds what one result can weigh."""


def load(connection: Connection, room: RoomId) -> StoredRoom | None:
    """A room as stored, in four statements, and one more for every 500 entries."""
    key = {"kind": room.kind.value, "number": room.number}
    head = connection.execute(_HEAD, key).first()
    if head is None or head.deleted:
        return None
    row = connection.execute(_CHECKPOINT, key).first()
    checkpoint = None if row is None else Checkpoint(row.seq, row.state)
    after = 0 if checkpoint is None else checkpoint.seq
    return StoredRoom(
        room=room,
        seq=head.seq,
        checkpoint=checkpoint,
        records=tuple(records(connection, room, after, head.seq - after)),
        bars=task_queries.bars(connection, room),
        people={user.id: user for user in map(user_of, fetch(connection, _PEOPLE, key))},
    )


def records(connection: Connection, room: RoomId, after: int, limit: int) -> list[Record]:
    """Up to ``limit`` entries after number ``after``, in order."""
    found: list[Record] = []
    while len(found) < limit:
        wanted = min(limit - len(found), _PAGE_OF_RECORDS)
        start = found[-1].seq if found else after
        values = {"kind": room.kind.value, "number": room.number, "after": start, "limit": wanted}
        page = fetch(connection, _RECORDS, values)
        found += [Record(*row) for row in page]
        if len(page) < wanted:
            break
    return found


def user_of(row: Row) -> User:
    """A user from the columns of ``USER_COLUMNS``."""
    user_id, username, name, role, avatar_url = row
    return User(UserId(user_id), username, name, Role(role), avatar_url)


# Look-ups

_ANSWER: Final = select(answers.c.body).where(
    answers.c.user_id == bindparam("user_id"), answers.c.request_id == bindparam("request_id")
)
_OLD_ANSWERS: Final = delete(answers).where(
    tuple_(answers.c.user_id, answers.c.request_id).in_(
        select(answers.c.user_id, answers.c.request_id)
        .where(answers.c.at < bindparam("before"))
        .limit(bindparam("limit"))
    ),
)
_ESSAY_OF_FEEDBACK: Final = select(feedback.c.essay).where(feedback.c.id == bindparam("id"))
_PROJECT_OF_CANVAS: Final = select(canvases.c.project).where(canvases.c.id == bindparam("id"))
_KEYS_IN_USE: Final = select(canvases.c.blob_key).where(
    canvases.c.blob_key.in_(bindparam("keys", expanding=True))
)


def answer(connection: Connection, user_id: UserId, request_id: str) -> bytes | None:
    """The answer to one request."""
    values = {"user_id": user_id, "request_id": request_id}
    body: bytes | None = connection.execute(_ANSWER, values).scalar()
    return body


def forget_answers(connection: Connection, before: int, limit: int) -> int:
    """Delete up to ``limit`` answers given before ``before``; returns how many."""
    return connection.execute(_OLD_ANSWERS, {"before": before, "limit": limit}).rowcount


def essay_of_feedback(connection: Connection, feedback_id: FeedbackId) -> RoomId | None:
    """The essay to which a piece of feedback belongs."""
    number = connection.execute(_ESSAY_OF_FEEDBACK, {"id": feedback_id}).scalar()
    return None if number is None else essay_room(number)


def project_of_canvas(connection: Connection, canvas_id: CanvasId) -> RoomId | None:
    """The project that a canvas is in."""
    number = connection.execute(_PROJECT_OF_CANVAS, {"id": canvas_id}).scalar()
    return None if number is None else project_room(number)


def keys_in_use(connection: Connection, keys: Collection[BlobKey]) -> set[BlobKey]:
    """Those of these keys that belong to a canvas."""
    return set(connection.execute(_KEYS_IN_USE, {"keys": list(keys)}).scalars())


# Ids

_COUNTER: Final = select(counters.c.value).where(counters.c.name == bindparam("name"))
_SET_COUNTER: Final = "ON CONFLICT (name) DO UPDATE SET value = excluded.value"


def next_id(connection: Connection, name: str) -> int:
    """The first id of that kind which is still free; it waits for others who take some."""
    insert_many(connection, counters, [(name, 1)], "ON CONFLICT DO NOTHING")
    value: int = connection.execute(_COUNTER.with_for_update(), {"name": name}).scalar_one()
    return value


def set_next_id(connection: Connection, name: str, value: int) -> None:
    """From now on ids of that kind begin at ``value``."""
    insert_many(connection, counters, [(name, value)], _SET_COUNTER)


def take_ids(connection: Connection, name: str, count: int) -> range:
    """``count`` ids that no one else will be given. Raises Unavailable when none are left."""
    first = next_id(connection, name)
    if first + count - 1 > MAX_ID:
        raise Unavailable(f"There are no free {name} ids left")
    set_next_id(connection, name, first + count)
    return range(first, first + count)


def reserve_id(connection: Connection, name: str, number: int) -> None:
    """Never give ``number``."""
    if number >= next_id(connection, name):
        set_next_id(connection, name, number + 1)


# Health


def ping(connection: Connection) -> None:
    """Answer a trivial question from the tables."""
    connection.execute(_COUNTER, {"name": "fence"}).all()


def raise_fence(connection: Connection) -> None:
    """Write something small, to prove that writing works."""
    set_next_id(connection, "fence", next_id(connection, "fence") + 1)
