"""The same migrations lead to the same tables on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from tests.postgres_kit import Postgres
from workroom.adapters.store import migrations
from workroom.adapters.store.postgres import PostgresStore
from workroom.adapters.store.tables import metadata
from workroom.errors import Misconfigured


@pytest.fixture
async def name(postgres_server: Postgres) -> str:
    return await postgres_server.new_database()


@pytest.fixture
def store(postgres_server: Postgres, name: str) -> PostgresStore:
    """Not open: its database is empty."""
    return PostgresStore(postgres_server.url(name), name)


async def do(store: PostgresStore, work: Callable[[Connection], Any]) -> Any:
    """Run something on the database, committed."""
    return await store._server.patiently_do(work)


def _schema(connection: Connection) -> dict[str, Any]:
    """Tables, columns, keys and indexes, as the database itself describes them."""
    found = inspect(connection)
    return {
        table: (
            [{**each, "type": str(each["type"])} for each in found.get_columns(table)],
            found.get_pk_constraint(table),
            sorted(found.get_indexes(table), key=str),
        )
        for table in found.get_table_names()
    }


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_all_migrations_together_make_the_tables_of_the_program(store: PostgresStore) -> None:
    await do(store, lambda connection: migrations.run(connection, "head"))

    assert await do(store, _differences) == []


async def test_a_new_database_is_as_if_every_migration_had_been_run(
    store: PostgresStore, postgres_server: Postgres
) -> None:
    other = await postgres_server.new_database()
    migrated = PostgresStore(postgres_server.url(other), other)
    await do(migrated, lambda connection: migrations.run(connection, "head"))
    assert await store.version() is None
    await store.open()
    await store.close()

    assert await store.version() == migrations.HEAD
    assert await do(store, _schema) == await do(migrated, _schema)


@pytest.mark.parametrize("first", ["0001", "0002", "0004"])
async def test_servers_that_start_at_once_on_an_old_database_migrate_it_once(
    store: PostgresStore, postgres_server: Postgres, name: str, first: str
) -> None:
    await do(store, lambda connection: migrations.run(connection, first))
    assert await store.version() == first
    others = [PostgresStore(postgres_server.url(name), name) for _ in range(3)]

    await asyncio.gather(*(each.open() for each in others))

    for each in others:
        await each.close()
    assert await store.version() == migrations.HEAD
    assert await do(store, _differences) == []


async def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(
    store: PostgresStore, name: str
) -> None:
    await store.open()
    await store.close()
    newer = "UPDATE alembic_version SET version_num = '9999'"
    await do(store, lambda connection: connection.exec_driver_sql(newer))
    before = await do(store, _schema)

    with pytest.raises(Misconfigured, match="9999"):
        await store.open()

    assert await store.version() == "9999"
    assert await do(store, _schema) == before


async def test_a_database_of_something_else_is_left_alone(store: PostgresStore) -> None:
    await do(store, lambda c: c.exec_driver_sql("CREATE TABLE recipes (name text)"))

    with pytest.raises(Misconfigured, match="another program"):
        await store.open()

    assert set(await do(store, _schema)) == {"recipes"}
