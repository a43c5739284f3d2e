"""The SQL of whose task is next, for every SQL store.

However many tasks wait, few rows are looked at: a walk through the index of those that wait goes
from each user's first task to the next user's, and on from the first of those alone who may come
next. ``core.turns`` decides; here nobody is left out whom it could choose.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.sql.selectable import CTE

from workroom.adapters.store.sql import Row, fetch
from workroom.adapters.store.tables import tasks
from workroom.core.projects.turns import LEAST, Place
from workroom.core.tasks import TaskState
from workroom.ids import TaskId, UserId

_RUNNING: Final = TaskState.RUNNING.value
_MOST: Final = bindparam("most", type_=Integer)
_HELD: Final[Any] = bindparam("held", expanding=True)


def _columns(table: Any) -> Sequence[ColumnElement[Any]]:
    c = table.c
    return c.created_at, c.id, c.type, c.requested_by, c.state, c.due_at


def _may_go(table: Any) -> Sequence[ColumnElement[bool]]:
    """It may be handed to the broker now; the first two are the index's own condition."""
    c = table.c
    return (
        c.settled_at.is_(None),
        c.due_at.is_not(None),
        ~c.followed,
        c.due_at <= bindparam("now"),
    )


def _heads() -> CTE:
    """The first task of each user and type."""
    here, later = tasks.alias("here"), tasks.alias("later")
    next_user = (later.c.type == here.c.type, later.c.requested_by > here.c.requested_by)
    heads = select(_first_that(tasks.alias("first_one")).label("id")).cte("heads", recursive=True)
    # Not ``(type, requested_by) > (...)``: SQLite would look for the first of the two alone.
    after = func.coalesce(
        _first_that(later, *next_user, than=here),
        _first_that(later, later.c.type > here.c.type, than=here),
    )
    return heads.union_all(select(after).select_from(heads.join(here, here.c.id == heads.c.id)))


def _first_that(table: Any, *where: ColumnElement[bool], than: Any = None) -> Any:
    """The first of those that may go, by type, user and age, for which this holds."""
    c = table.c
    return (
        select(c.id)
        .where(*_may_go(table), *where)
        .order_by(c.type, c.requested_by, c.created_at, c.id)
        .limit(1)
        .correlate(than)
        .scalar_subquery()
    )


def _first() -> CTE:
    """The heads of all who have something with the workers, and of each type the oldest others."""
    heads, head = _heads(), tasks.alias("head")
    held = head.c.requested_by.in_(_HELD)
    number = func.row_number().over(
        partition_by=(head.c.type, held), order_by=(head.c.created_at, head.c.id)
    )
    ranked = (
        select(head.c.id, held.label("held"), number.label("number"))
        .select_from(heads.join(head, head.c.id == heads.c.id))
        .subquery("ranked")
    )
    return select(ranked.c.id).where(or_(ranked.c.held, ranked.c.number <= _MOST)).cte("first")


def _line() -> Any:
    """Those, and behind each what the same user began next."""
    first, here, later = _first(), tasks.alias("here"), tasks.alias("later")
    line = select(first.c.id, literal(1, Integer).label("place")).cte("line", recursive=True)
    same_line = (later.c.type == here.c.type, later.c.requested_by == here.c.requested_by)
    younger = tuple_(later.c.created_at, later.c.id) > tuple_(here.c.created_at, here.c.id)
    next_one = _first_that(later, *same_line, younger, than=here)
    line = line.union_all(
        select(next_one, line.c.place + 1)
        .select_from(line.join(here, here.c.id == line.c.id))
        .where(line.c.place < _MOST)
    )
    return select(*_columns(tasks)).select_from(line.join(tasks, tasks.c.id == line.c.id))


_WAITING: Final = _line()
_HANDED_OVER: Final = select(*_columns(tasks)).where(
    tasks.c.settled_at.is_(None), tasks.c.due_at.is_(None), ~tasks.c.followed
)


def line(connection: Connection, now: int) -> list[Place]:
    """What decides whose turn it is; see the port."""
    there = [tuple(row) for row in fetch(connection, _HANDED_OVER)]
    held = sorted({user for _, _, _, user, _, _ in there})
    most = LEAST + sum(state == _RUNNING for _, _, _, _, state, _ in there)
    values = {"now": now, "most": most, "held": held}
    waiting: list[Row] = [tuple(row) for row in fetch(connection, _WAITING, values)]
    return [
        Place(TaskId(each), name, UserId(user), state == _RUNNING, due_at)
        for _, each, name, user, state, due_at in sorted([*there, *waiting], key=_age)
    ]


def _age(row: Row) -> tuple[int, str]:
    return row[0], row[1]
