"""What a server does before it answers: no more than it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 280
SERVING = """
import asyncio, gc, json, linecache, os, sys

looks = []
gc.callbacks.append(lambda phase, info: looks.append(info["generation"]))
sys.argv = ["workroom", "serve", "--no-worker", "--port", "0", "--project-port", "0"]

from workroom.cli import serving
from workroom.cli.root import app
import workroom.app as application

serve, ours = application.serve, os.path.dirname(application.__file__)

async def announced(settings, *, announce, **more):
    async def say(app, addresses):
        await announce(app, addresses)
        found = {
            "modules": list(sys.modules),
            "read": [name for name in linecache.cache if name.startswith(ours)],
            "looks": looks,
        }
        print(json.dumps(found), flush=True)
        os._exit(0)

    looks.clear()
    await serve(settings, announce=say, **more)

application.serve = announced
app()
"""
"""``workroom serve``, until it answers; then it says what that took."""

FOR_OTHERS = {
    "PIL",
    "alembic",
    "asyncpg",
    "celery",
    "httpx",
    "kombu",
    "numpy",
    "redis",
    "soundfile",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.orm",
    "workroom.adapters.bus.redis",
    "workroom.adapters.store.postgres",
    "workroom.client",
    "workroom.demo",
    "workroom.protocol.schema",
    "workroom.testing",
    "workroom.transports.rest.schema",
    "workroom.truth",
}
"""What other commands, other databases, workers and readers of the schema need."""


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one start on a new SQLite file took."""
    folder: Path = tmp_path_factory.mktemp("start")
    done = subprocess.run(
        [sys.executable, "-c", SERVING],
        env={"WORKROOM_DATA_DIR": str(folder), "PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_server_loads_nothing_that_only_others_need(start: dict[str, Any]) -> None:
    assert "workroom.transports.rest.api" in start["modules"]
    assert FOR_OTHERS & set(start["modules"]) == set()


def test_no_source_is_read_to_describe_what_nobody_asked_about(start: dict[str, Any]) -> None:
    assert start["read"] == []


def test_what_is_being_made_is_not_looked_through_for_garbage(start: dict[str, Any]) -> None:
    assert start["looks"] == []
