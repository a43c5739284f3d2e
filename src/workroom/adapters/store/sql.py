"""Talking to a database in as few turns as possible.

On SQLite the driver lets go of Python's global lock for every row that it steps to, and a thread
that lets go of it beside a busy event loop waits for its next turn for milliseconds: so many rows
go in with one statement, and come out as one. On PostgreSQL every statement is a message there and
back: so the rows of all tables go in with one statement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, count
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import (
    Column,
    Connection,
    FromClause,
    LargeBinary,
    Select,
    String,
    Table,
    bindparam,
    case,
    func,
    select,
)
from sqlalchemy.types import TypeEngine

Row = Sequence[Any]

_MOST_PARAMETERS: Final = 8_000
"""For one statement; SQLite allows 32,766."""

_SMALL: Final = 16_384
"""Bytes that are worth spelling out; rows with larger ones are fetched row by row."""
_LARGE: Final = -1


class Insert(NamedTuple):
    """Full rows for one table, values in the order of its columns."""

    table: Table
    rows: Sequence[Row]
    on_conflict: str = ""
    """The rest of the statement, in the SQL that SQLite and PostgreSQL share."""


def insert_many(
    connection: Connection, table: Table, rows: Sequence[Row], on_conflict: str = ""
) -> None:
    """Insert rows into one table; see ``Insert``."""
    insert_all(connection, [Insert(table, rows, on_conflict)])


def insert_all(connection: Connection, inserts: Sequence[Insert]) -> None:
    """Insert rows into several tables, in few statements. No row may be met twice."""
    some = [insert for insert in inserts if insert.rows]
    if connection.dialect.name == "postgresql":
        if some:
            columns = [list(column) for each in some for column in zip(*each.rows, strict=True)]
            text = _unnest_text(tuple((each.table, each.on_conflict) for each in some))
            connection.exec_driver_sql(text, tuple(columns))
        return
    for table, rows, on_conflict in some:
        names = tuple(column.name for column in table.columns)
        for part in _powers_of_two(rows, _MOST_PARAMETERS // len(names)):
            text = _values_text(table.name, names, len(part), on_conflict)
            connection.exec_driver_sql(text, tuple(chain.from_iterable(part)))


@lru_cache(maxsize=256)
def _unnest_text(parts: tuple[tuple[Table, str], ...]) -> str:
    """One statement of PostgreSQL for all parts; every column is bound as one array."""
    place = count(1)
    inserts = []
    for table, on_conflict in parts:
        names = ",".join(column.name for column in table.columns)
        arrays = ",".join(f"${next(place)}::{_array(column)}" for column in table.columns)
        # The names are those of tables.py.
        inserts.append(
            f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays}) {on_conflict}"  # noqa: S608
        )
    *others, last = inserts
    named = ", ".join(f"part{number} AS ({each})" for number, each in enumerate(others))
    return f"WITH {named} {last}" if named else last


def _array(column: Column[Any]) -> str:
    """The type of an array for a column. A length would cut what is too long, without a word."""
    from sqlalchemy.dialects import postgresql

    if isinstance(column.type, String):
        return "text[]"
    return f"{column.type.compile(postgresql.dialect())}[]"  # type: ignore[no-untyped-call]


def _powers_of_two(rows: Sequence[Row], most: int) -> Iterator[Sequence[Row]]:
    """Cut rows into pieces of few different lengths, so that prepared statements are met again."""
    start = 0
    while start < len(rows):
        size = 1 << min(len(rows) - start, most).bit_length() - 1
        yield rows[start : start + size]
        start += size


@lru_cache(maxsize=256)
def _values_text(table: str, columns: tuple[str, ...], rows: int, on_conflict: str) -> str:
    values = ",".join(["(" + ",".join("?" * len(columns)) + ")"] * rows)
    # The names are those of tables.py; every value is bound.
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES {values} {on_conflict}"  # noqa: S608


def fetch(
    connection: Connection, statement: Select[Any], values: Mapping[str, Any] | None = None
) -> Sequence[Row]:
    """All rows of a statement that is a constant of a module, in its order."""
    if connection.dialect.name == "sqlite":
        packed, binary = _packed(statement)
        text: str = connection.execute(packed, values).scalar_one()
        rows: list[list[Any]] = orjson.loads(text)
        if _unpacked(rows, binary):
            return rows
    return connection.execute(statement, values).all()


def _unpacked(rows: list[list[Any]], binary: Sequence[int]) -> bool:
    """Turn hexadecimal text into bytes, in place; False when some bytes were left out as large."""
    for row in rows if binary else ():
        for place in binary:
            value = row[place]
            if value == _LARGE:
                return False
            if value is not None:
                row[place] = bytes.fromhex(value)
    return True


@lru_cache(maxsize=64)
def _packed(statement: Select[Any]) -> tuple[Select[Any], tuple[int, ...]]:
    """The same rows as one JSON text, and which columns are spelled in hexadecimal there."""
    inner = statement.subquery()
    columns = list(inner.columns)
    binary = tuple(i for i, column in enumerate(columns) if isinstance(column.type, LargeBinary))
    spelled = [
        case(
            (column.is_(None), None), (func.length(column) > _SMALL, _LARGE), else_=func.hex(column)
        )
        if place in binary
        else column
        for place, column in enumerate(columns)
    ]
    return select(func.json_group_array(func.json_array(*spelled))).select_from(inner), binary


def pairs(dialect: str, *types: type[TypeEngine[Any]]) -> FromClause:
    """The value ``keys`` (see ``pair_keys``) as a table with the columns ``a`` and ``b``.

    Joined with a table it is one look-up in the table's key per pair; SQLite reads the whole table
    for ``(a, b) IN (VALUES …)``.
    """
    if dialect == "sqlite":
        keys: Any = bindparam("keys")
        items = func.json_each(keys).table_valued("value", name="wanted")
        columns: list[Any] = [func.json_extract(items.c.value, f"$[{place}]") for place in (0, 1)]
        return select(columns[0].label("a"), columns[1].label("b")).subquery()
    from sqlalchemy.dialects import postgresql

    arrays = [
        bindparam(name, type_=postgresql.ARRAY(of)) for name, of in zip("ab", types, strict=True)
    ]
    return func.unnest(*arrays).table_valued("a", "b", name="wanted").render_derived()


def pair_keys(dialect: str, wanted: Collection[tuple[object, object]]) -> dict[str, Any]:
    """The values for a statement with ``pairs``."""
    if dialect == "sqlite":
        return {"keys": orjson.dumps(list(map(tuple, wanted))).decode()}
    return {"a": [first for first, _ in wanted], "b": [second for _, second in wanted]}
