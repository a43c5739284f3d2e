from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres_kit import Postgres
from workroom.adapters.store.postgres import PostgresStore

MEMORY = Path("/dev/shm")


@pytest.fixture
def path() -> Iterator[Path]:
    """Where a database may be made: in memory if possible, for nothing here is about the disk."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder, "workroom.db")


@pytest.fixture(scope="session")
def furnished(postgres_server: Postgres) -> str:
    """The name of a database that has the tables and nothing in them."""

    async def furnish() -> str:
        name = await postgres_server.new_database()
        store = PostgresStore(postgres_server.url(name), name)
        await store.open()
        await store.close()
        return name

    return asyncio.run(furnish())


@pytest.fixture
async def database(postgres_server: Postgres, furnished: str) -> str:
    """The address of a database of its own, with the tables and nothing in them."""
    return postgres_server.url(await postgres_server.new_database(furnished))
