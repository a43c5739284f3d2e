"""For ``workroom db check``: whether a file is sound, and what a database holds adds up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, and_, func, or_, select
from sqlalchemy.exc import DBAPIError

from workroom.adapters.store import sqlite_faults as faults
from workroom.adapters.store.tables import checkpoints, entries, milestones, rooms

_MOST_FINDINGS: Final = 100

_COUNTED: Final = (
    select(
        entries.c.room_kind,
        entries.c.room_id,
        func.count().label("number"),
        func.min(entries.c.seq).label("first"),
        func.max(entries.c.seq).label("last"),
    )
    .group_by(entries.c.room_kind, entries.c.room_id)
    .subquery()
)
_GAPS: Final = (
    select(rooms.c.room_kind, rooms.c.room_id, rooms.c.seq, _COUNTED.c.number, _COUNTED.c.last)
    .outerjoin(
        _COUNTED,
        and_(_COUNTED.c.room_kind == rooms.c.room_kind, _COUNTED.c.room_id == rooms.c.room_id),
    )
    .where(
        or_(
            func.coalesce(_COUNTED.c.number, 0) != rooms.c.seq,
            func.coalesce(_COUNTED.c.last, 0) != rooms.c.seq,
            func.coalesce(_COUNTED.c.first, 1) != 1,
        )
    )
    .limit(_MOST_FINDINGS)
)
_ORPHANS: Final = (
    select(_COUNTED.c.room_kind, _COUNTED.c.room_id)
    .outerjoin(
        rooms,
        and_(_COUNTED.c.room_kind == rooms.c.room_kind, _COUNTED.c.room_id == rooms.c.room_id),
    )
    .where(rooms.c.seq.is_(None))
    .limit(_MOST_FINDINGS)
)


def _ahead(table: Table) -> Select[Any]:
    """What was made of entries that are not there."""
    same = and_(table.c.room_kind == rooms.c.room_kind, table.c.room_id == rooms.c.room_id)
    return (
        select(table.c.room_kind, table.c.room_id, table.c.seq)
        .outerjoin(rooms, same)
        .where(table.c.seq > func.coalesce(rooms.c.seq, 0))
        .limit(_MOST_FINDINGS)
    )


_AHEAD: Final = {"checkpoint": _ahead(checkpoints), "milestone": _ahead(milestones)}


def findings(connection: Connection) -> Sequence[str]:
    """What is wrong, in words; at most a hundred of each sort."""
    file = _file_findings(connection) if connection.dialect.name == "sqlite" else []
    return file or [
        *_log_findings(connection),
        *_checkpoint_findings(connection),
    ]


def _file_findings(connection: Connection) -> list[str]:
    found: list[str] = []
    try:
        for (line,) in connection.exec_driver_sql("PRAGMA integrity_check"):
            found.append(f"the file: {line}")
    except DBAPIError as error:
        if not faults.is_damage(error):
            raise
        found.append("the file: damaged so badly that it cannot be read to the end")
    return [] if found == ["the file: ok"] else found


def _log_findings(connection: Connection) -> list[str]:
    gaps = [
        f"{kind}:{number}: the log should have {seq} entries, it has {count or 0},"
        f" up to {last or 0}"
        for kind, number, seq, count, last in connection.execute(_GAPS)
    ]
    orphans = [
        f"{kind}:{number}: there are entries, but no such room"
        for kind, number in connection.execute(_ORPHANS)
    ]
    return gaps + orphans


def _checkpoint_findings(connection: Connection) -> list[str]:
    return [
        f"{kind}:{number}: the {name} at {seq} is ahead of the log"
        for name, statement in _AHEAD.items()
        for kind, number, seq in connection.execute(statement)
    ]
