"""The examples of the how-to pages, run as the pages say."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.net.live import Server
from tests.tasks.task_kit import PATIENCE, PROJECT, Watcher, begin, canvases, demo, until, watching

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the example package is installed, entry point and all."""
    target = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"),
            *("--no-build-isolation", "--target", str(target), str(EXAMPLES / "own_tasks")),
        ],
        check=True,
    )
    return target


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, installed: Path) -> Iterator[Server]:
    with demo(tmp_path_factory.mktemp("examples"), PYTHONPATH=str(installed)) as running:
        yield running


def environment(server: Server, installed: Path) -> dict[str, str]:
    broker = Path(server.data_dir).resolve() / "broker" / "broker.sock"
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(installed), str(EXAMPLES / "followed_task"))),
        "CELERY_BROKER": f"redis+socket://{broker}",
        "WORKROOM_SERVER_URL": server.http,
        "WORKROOM_URL": server.http,
        "WORKROOM_DATA_DIR": str(server.data_dir),
        "TOKEN": server.token("jane"),
    }


@contextlib.asynccontextmanager
async def celery(app: str, queue: str, env: dict[str, str]) -> AsyncIterator[None]:
    """A worker of a user's own app."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "celery", "-A", app, "worker", "-Q", queue),
        *("--concurrency", "1", "--hostname", f"{app}@%h", "--loglevel", "WARNING"),
        env=env,
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def test_a_task_of_ones_own_app_with_our_base_class(server: Server, installed: Path) -> None:
    status, body = server.rest(
        "POST",
        f"/api/canvases/{canvases(server)['image']}/tasks/",
        "jane",
        {"task_type": "count_colours"},
    )
    assert (status, body["code"]) == (503, "no_worker")
    async with (
        watching(server, "mike") as mike,
        celery("acme_tasks", "acme", environment(server, installed)),
    ):
        task_id = await begin(server, "count_colours")
        result = (await mike.completed(task_id))["result"]
    assert result["status"] == "completed"
    assert result["colours"] > 1
    assert mike.of("task_progress", task_id)[-1] == {
        "task_id": task_id,
        "progress": 100,
        "message": "Done",
    }


async def followed(server: Server, installed: Path, watcher: Watcher) -> str:
    canvas = str(canvases(server)["image"])
    said = await asyncio.create_subprocess_exec(
        *(sys.executable, str(EXAMPLES / "followed_task" / "follow.py"), str(PROJECT), canvas),
        env=environment(server, installed),
        stdout=asyncio.subprocess.PIPE,
    )
    task_id = (await said.communicate())[0].decode().strip()
    await until(lambda: watcher.of("task_progress", task_id), "its progress")
    return task_id


async def test_a_task_without_our_base_class_is_followed_by_its_id(
    server: Server, installed: Path
) -> None:
    env = environment(server, installed)
    async with watching(server, "mike") as mike, celery("acme_reports", "reports", env):
        task_id = await followed(server, installed, mike)
        told = await mike.completed(task_id)
        assert told["task_type"] == "render_report"
        assert (told["result"]["status"], told["result"]["pages"]) == ("completed", 6)
        steps = mike.of("task_progress", task_id)
        assert [each["progress"] for each in steps] == sorted(each["progress"] for each in steps)
        assert re.fullmatch(r"Rendering page \d\.\.\.", steps[-1]["message"])


async def test_a_followed_task_can_be_cancelled(server: Server, installed: Path) -> None:
    env = environment(server, installed)
    async with watching(server, "mike") as mike, celery("acme_reports", "reports", env):
        task_id = await followed(server, installed, mike)
        status, body = server.rest("DELETE", f"/api/tasks/{task_id}/", "mike")
        assert (status, body["state"]) == (200, "cancelled")
        assert (await mike.completed(task_id))["result"]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("result", "ends"),
    [
        ('{"mean": NaN, "count": 3}', {"status": "completed", "mean": None, "count": 3}),
        ('"\\ud83d"', {"status": "failed", "error": "The task's result cannot be kept"}),
    ],
)
async def test_a_followed_task_ends_whatever_python_takes_for_json(
    server: Server, result: str, ends: dict[str, Any]
) -> None:
    canvas = (await asyncio.to_thread(canvases, server))["image"]
    broker = Path(server.data_dir).resolve() / "broker" / "broker.sock"
    async with watching(server, "mike") as mike:
        task_id = f"odd-{len(result)}"
        body = {"task_id": task_id, "task_type": "measure", "canvas_id": canvas}
        path = f"/api/projects/{PROJECT}/tasks/"
        status, told = await asyncio.to_thread(server.rest, "POST", path, "mike", body)
        assert status == 202, told
        await until(broker.exists, "the broker")
        client = redis.Redis(unix_socket_path=str(broker))
        client.set(f"celery-task-meta-{task_id}", f'{{"status": "SUCCESS", "result": {result}}}')
        assert (await mike.completed(task_id))["result"] == {"canvas_id": canvas, **ends}


def test_an_entry_point_that_is_no_task_type_keeps_the_server_from_starting(tmp_path: Path) -> None:
    info = tmp_path / "bad-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[workroom.task_types]\nbad = json:loads\n")
    done = subprocess.run(
        [sys.executable, "-m", "workroom", "serve", "--data-dir", str(tmp_path / "data")],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "WORKROOM_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert "bad" in done.stderr
    assert "TaskType" in done.stderr
