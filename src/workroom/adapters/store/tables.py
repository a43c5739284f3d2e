"""The tables of the store, for SQLite and PostgreSQL alike.

``migrations/`` builds exactly these (a test compares). Rules of this file:

- Times in room tables are milliseconds, in ``sessions`` seconds, since 1970 UTC.
- There are no foreign keys: the log is the truth and outlives rooms, and a key would cost the hot
  path a look-up per row to guard what the store's own queries keep right anyway.
- An index on a part of its table names that part for SQLite; PostgreSQL is told of it when tables
  are made there. Named here, it would load that dialect into servers that never need it.
- ``entries`` keeps its hidden row id on SQLite. Clustered by room it would touch one page per room
  and transaction; appended at the end it writes 1.7 times as many entries a second.
"""

from __future__ import annotations

from itertools import chain
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    event,
    text,
)

metadata: Final = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_N_name)s"}
)

WholeNumber = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits everywhere; spelled INTEGER on SQLite, where only that makes an id the row's own key."""

rooms: Final = Table(
    "rooms",
    metadata,
    Column("room_kind", String(16), primary_key=True),
    Column("room_id", WholeNumber, primary_key=True, autoincrement=False),
    Column("seq", WholeNumber, nullable=False),
    Column("title", Text, nullable=False),
    Column("author", WholeNumber, nullable=False),
    Column("created_at", WholeNumber, nullable=False),
    Column("updated_at", WholeNumber, nullable=False),
    Column("updated_by", WholeNumber, nullable=False),
    Column("details", Text, nullable=False),
    Column("deleted", Boolean, nullable=False),
    sqlite_with_rowid=False,
)
"""The head of each log and what lists show. A deleted room keeps its row: its seq is not reused."""

entries: Final = Table(
    "entries",
    metadata,
    Column("room_kind", String(16), primary_key=True),
    Column("room_id", WholeNumber, primary_key=True, autoincrement=False),
    Column("seq", WholeNumber, primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("actor", WholeNumber, nullable=False),
    Column("at", WholeNumber, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("yjs_update", LargeBinary),
)
"""The log."""

checkpoints: Final = Table(
    "checkpoints",
    metadata,
    Column("room_kind", String(16), primary_key=True),
    Column("room_id", WholeNumber, primary_key=True, autoincrement=False),
    Column("seq", WholeNumber, nullable=False),
    Column("state", LargeBinary, nullable=False),
)
"""The latest checkpoint of each room."""

milestones: Final = Table(
    "milestones",
    metadata,
    Column("room_kind", String(16), primary_key=True),
    Column("room_id", WholeNumber, primary_key=True, autoincrement=False),
    Column("seq", WholeNumber, primary_key=True, autoincrement=False),
    Column("groups_total", WholeNumber, nullable=False),
    Column("groups", LargeBinary, nullable=False),
    Column("state", LargeBinary, nullable=False),
)
"""What came of each chapter of a log. ``state``, the largest, is last: lists never read it."""

people: Final = Table(
    "people",
    metadata,
    Column("room_kind", String(16), primary_key=True),
    Column("room_id", WholeNumber, primary_key=True, autoincrement=False),
    Column("user_id", WholeNumber, primary_key=True, autoincrement=False),
    Column("level", SmallInteger),
    sqlite_with_rowid=False,
)
"""Who acted in a room or was ever given a right in it; ``level`` is the right, NULL for none."""

Index(
    "ix_people_user_id",
    people.c.user_id,
    people.c.room_kind,
    sqlite_where=text("level IS NOT NULL"),
)

feedback: Final = Table(
    "feedback",
    metadata,
    Column("id", WholeNumber, primary_key=True, autoincrement=False),
    Column("essay", WholeNumber, nullable=False, index=True),
)
"""To which essay a piece of feedback belongs."""

canvases: Final = Table(
    "canvases",
    metadata,
    Column("id", WholeNumber, primary_key=True, autoincrement=False),
    Column("project", WholeNumber, nullable=False, index=True),
    Column("blob_key", String(64), nullable=False),
    Index("ix_canvases_blob_key", "blob_key", unique=True),
)
"""To which project a canvas belongs, and under which key its bytes are kept."""

_STILL_OPEN: Final = text("settled_at IS NULL")
_WAITS: Final = text("settled_at IS NULL AND due_at IS NOT NULL")
_HANDED_OVER: Final = text("settled_at IS NULL AND due_at IS NULL")

tasks: Final = Table(
    "tasks",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("project", WholeNumber, nullable=False),
    Column("canvas_id", WholeNumber, nullable=False),
    Column("type", String(64), nullable=False),
    Column("requested_by", WholeNumber, nullable=False),
    Column("created_at", WholeNumber, nullable=False),
    Column("followed", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("due_at", WholeNumber),
    Column("sent_at", WholeNumber),
    Column("attempt", Integer, nullable=False),
    Column("run", String(64)),
    Column("worker", Text),
    Column("report", WholeNumber, nullable=False),
    Column("percent", SmallInteger),
    Column("message", Text, nullable=False),
    Column("started_at", WholeNumber),
    Column("seen_at", WholeNumber),
    Column("settled_at", WholeNumber),
    Column("settled_seq", WholeNumber),
    Column("error", Text),
    Column("findings", Text),
    Index("ix_tasks_project_created_at", "project", "created_at"),
    Index("ix_tasks_project_settled_seq", "project", "settled_seq"),
    Index(
        "ix_tasks_open",
        "project",
        sqlite_where=_STILL_OPEN,
    ),
    Index(
        "ix_tasks_open_created_at",
        "created_at",
        sqlite_where=_STILL_OPEN,
    ),
    Index(
        "ix_tasks_waiting",
        "type",
        "requested_by",
        "created_at",
        "id",
        sqlite_where=_WAITS,
    ),
    Index(
        "ix_tasks_handed_over",
        "followed",
        "state",
        "seen_at",
        sqlite_where=_HANDED_OVER,
    ),
)
"""Tasks on canvases; see ``core.tasks.Task``. They outlive their projects, as the log does.

Of those that have not ended the last two indexes hold what waits for its turn, by whose it is, and
what is with a broker or a worker, by when it was heard of.
"""

told: Final = Table(
    "told",
    metadata,
    Column("project", WholeNumber, primary_key=True, autoincrement=False),
    Column("user_id", WholeNumber, primary_key=True, autoincrement=False),
    Column("node", String(64), primary_key=True),
    Column("seq", WholeNumber, nullable=False),
    sqlite_with_rowid=False,
)
"""Up to which entry a user is known to have been told of the tasks that ended, by node."""

answers: Final = Table(
    "answers",
    metadata,
    Column("user_id", WholeNumber, primary_key=True, autoincrement=False),
    Column("request_id", String(64), primary_key=True),
    Column("at", WholeNumber, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)
"""The first answer to each request that carried a ``request_id``."""

counters: Final = Table(
    "counters",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", WholeNumber, nullable=False),
)
"""The next free id of each kind; and ``fence``, written to prove that the disk takes writes."""

users: Final = Table(
    "users",
    metadata,
    Column("id", WholeNumber, primary_key=True, autoincrement=False),
    Column("username", Text, nullable=False),
    Column("username_key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("avatar_url", Text),
    Column("password_hash", Text),
    Column("disabled", Boolean, nullable=False),
    Index("ix_users_username_key", "username_key", unique=True),
)
"""Accounts. ``username_key`` is the name as it is compared: normalised and without case."""

sessions: Final = Table(
    "sessions",
    metadata,
    Column("sid", Text, primary_key=True),
    Column("user_id", WholeNumber, index=True),
    Column("refresh_id", Text),
    Column("expires", WholeNumber, nullable=False, index=True),
    Column("revoked", Boolean, nullable=False),
)
"""Log-ins. ``user_id`` and ``refresh_id`` are NULL for one opened elsewhere and revoked here."""


@event.listens_for(metadata, "before_create")
def _tell_postgres_of_parts(_target: MetaData, connection: Connection, **_: object) -> None:
    if connection.dialect.name == "postgresql":
        for index in chain.from_iterable(table.indexes for table in metadata.tables.values()):
            part = index.dialect_options["sqlite"]["where"]
            index.dialect_options["postgresql"]["where"] = part
