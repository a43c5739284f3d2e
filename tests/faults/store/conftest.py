from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from workroom.adapters.store import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "workroom.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(path, busy_timeout=0.3)
    await made.open()
    yield made
    await made.close()
