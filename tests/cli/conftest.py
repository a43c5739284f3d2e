from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_kit import Running, demo, workroom


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One demo for all tests that only look, or change what no other test looks at."""
    with demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one user, ``ada``; nothing runs on it."""
    data_dir = tmp_path_factory.mktemp("settled")
    done = workroom(
        data_dir,
        "user",
        "create",
        "ada",
        "--role",
        "coach",
        "--password-stdin",
        given="long enough\n",
    )
    assert done.returncode == 0, done.stderr
    return data_dir
