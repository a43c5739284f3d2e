"""One demo server for the tests that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.net.live import Server, running


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo, shared: tests make essays and projects of their own in it."""
    with running(
        tmp_path_factory.mktemp("demo"),
        WORKROOM_MAX_CONNECTIONS_PER_USER="200",
        WORKROOM_UPDATE_CONFIRM_AFTER="0.3",
        WORKROOM_UPDATE_QUIET="0.2",
    ) as server:
        yield server
