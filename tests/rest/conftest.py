from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from rest_kit import House, Store, cheap_hasher, clock_of_tokens, house, memory_house, seconds
from workroom.adapters.auth.passwords import Argon2Hasher
from workroom.adapters.store import MemoryStore, SqliteStore
from workroom.testing.clock import FakeClock


@pytest.fixture(scope="session")
def hasher() -> Iterator[Argon2Hasher]:
    hasher = cheap_hasher()
    yield hasher
    hasher.close()


@pytest.fixture
def clock() -> FakeClock:
    return clock_of_tokens()


@pytest.fixture(params=["memory", "sqlite"])
async def any_store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Store]:
    """Every adapter, for what must be the same on each."""
    store: MemoryStore | SqliteStore
    if request.param == "memory":
        store = MemoryStore(clock=seconds(clock))
    else:
        store = SqliteStore(tmp_path / "rest.db", clock=seconds(clock))
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def server(any_store: Store, clock: FakeClock, hasher: Argon2Hasher) -> AsyncIterator[House]:
    """A server on every kind of store."""
    async with house(any_store, clock, hasher) as built:
        yield built


@pytest.fixture
async def quick(hasher: Argon2Hasher) -> AsyncIterator[House]:
    """A server on the memory store, for what has nothing to do with stores."""
    async with memory_house(hasher) as built:
        yield built


@pytest.fixture(autouse=True)
def quiet_log() -> Iterator[None]:
    """What goes wrong on purpose is not worth a line; a test that looks captures its own."""
    with capture_logs():
        yield
