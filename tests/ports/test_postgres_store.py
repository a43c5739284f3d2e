"""The store on PostgreSQL keeps every promise of the ports, and those that several nodes need."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.ports.account_contract import AccountStoreContract
from tests.ports.store_contract import RoomStoreContract
from tests.ports.store_kit import Seconds
from tests.ports.tasks_contract import TaskStoreContract
from workroom.adapters.store.postgres import PostgresStore


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
async def store(database: str, seconds: Seconds) -> AsyncIterator[PostgresStore]:
    made = PostgresStore(database, "tests", clock=seconds)
    await made.open()
    yield made
    await made.close()


class TestPostgresRooms(RoomStoreContract):
    pass


class TestPostgresTasks(TaskStoreContract):
    pass


class TestPostgresAccounts(AccountStoreContract):
    pass
