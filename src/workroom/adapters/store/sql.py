"""Two ways of talking to a database that hold the interpreter's lock for as few turns as possible.

The driver lets go of Python's global lock for every row that it steps to, and a thread that lets go
of it beside a busy event loop waits for its next turn for milliseconds. So many rows go in with one
statement, and on SQLite many rows come out as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import orjson
from sqlalchemy import (
    Connection,
    FromClause,
    LargeBinary,
    Select,
    Table,
    bindparam,
    case,
    cast,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

Row = Sequence[Any]

_MOST_PARAMETERS: Final = 8_000
"""For one statement; SQLite allows 32,766."""

_SMALL: Final = 16_384
"""Bytes that are worth spelling out; rows with larger ones are fetched row by row."""
_LARGE: Final = -1


def insert_many(
    connection: Connection, table: Table, rows: Sequence[Row], on_conflict: str = ""
) -> None:
    """Insert full rows, values in the order of the table's columns, in few statements.

    ``on_conflict`` is the rest of the statement, in the SQL that SQLite and PostgreSQL share.
    """
    columns = tuple(column.name for column in table.columns)
    for part in _powers_of_two(rows, _MOST_PARAMETERS // len(columns)):
        text = _insert_text(
            table.name, columns, len(part), on_conflict, connection.dialect.paramstyle
        )
        connection.exec_driver_sql(text, tuple(chain.from_iterable(part)))


def _powers_of_two(rows: Sequence[Row], most: int) -> Iterator[Sequence[Row]]:
    """Cut rows into pieces of few different lengths, so that prepared statements are met again."""
    start = 0
    while start < len(rows):
        size = 1 << min(len(rows) - start, most).bit_length() - 1
        yield rows[start : start + size]
        start += size


@lru_cache(maxsize=256)
def _insert_text(
    table: str, columns: tuple[str, ...], rows: int, on_conflict: str, paramstyle: str
) -> str:
    width = len(columns)
    if paramstyle == "qmark":
        values = ",".join(["(" + ",".join("?" * width) + ")"] * rows)
    else:
        numbered = (
            ",".join(f"${row * width + column + 1}" for column in range(width))
            for row in range(rows)
        )
        values = ",".join(f"({row})" for row in numbered)
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
    """The value ``keys``, a JSON list of pairs, as a table with the columns ``a`` and ``b``.

    Joined with a table it is one look-up in the table's key per pair; SQLite reads the whole table
    for ``(a, b) IN (VALUES …)``.
    """
    keys: Any = bindparam("keys")
    if dialect == "sqlite":
        items = func.json_each(keys).table_valued("value", name="wanted")
        columns: list[Any] = [func.json_extract(items.c.value, f"$[{place}]") for place in (0, 1)]
    else:
        items = func.jsonb_array_elements(cast(keys, JSONB)).table_valued("value", name="wanted")
        columns = [cast(items.c.value.op("->>")(place), types[place]) for place in (0, 1)]
    return select(columns[0].label("a"), columns[1].label("b")).subquery()
