"""A batch as rows of its tables, values in the order of the tables' columns."""

from __future__ import annotations

from typing import Any

import orjson

from workroom.adapters.store.batch import Batch
from workroom.core.entries import Record
from workroom.ids import RoomId
from workroom.ports.store import RoomSummary

Rows = list[tuple[Any, ...]]


def entry_row(room: RoomId, record: Record) -> tuple[Any, ...]:
    """One entry of the log."""
    return (
        str(room.kind),
        room.number,
        record.seq,
        record.kind,
        record.actor,
        record.at,
        record.body,
        record.update,
    )


def head_rows(batch: Batch) -> tuple[Rows, Rows]:
    """Rooms that keep their summary (or begin with an empty one), and rooms with a new one."""
    bare: Rows = []
    full: Rows = []
    for room, (seq, summary) in batch.rooms.items():
        key = (str(room.kind), room.number, seq)
        if summary is None:
            bare.append((*key, "", 0, 0, 0, 0, "{}", False))
        else:
            full.append((*key, *summary_row(summary), False))
    return bare, full


def summary_row(summary: RoomSummary) -> tuple[Any, ...]:
    """What lists show of a room."""
    return (
        summary.title,
        summary.author,
        summary.created_at,
        summary.updated_at,
        summary.updated_by,
        orjson.dumps(dict(summary.details)).decode(),
    )


def people_rows(batch: Batch) -> tuple[Rows, Rows]:
    """Those who acted, to be added if they are new; and rights to be set or taken away."""
    acted = batch.actors - batch.rights.keys()
    return (
        [(str(room.kind), room.number, user, None) for room, user in acted],
        [
            (str(room.kind), room.number, user, None if right is None else int(right))
            for (room, user), right in batch.rights.items()
        ],
    )
