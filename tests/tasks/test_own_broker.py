"""As in production: a broker of the operator's, a server without a worker, and workers apart."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.free_ports import free_port
from tests.net.live import Server
from tests.tasks.task_kit import (
    PATIENCE,
    PLUGIN,
    alive,
    begin,
    canvases,
    descendants,
    kill,
    task,
    until,
    watching,
)
from workroom.adapters.queue.embedded import broker_program

TOKEN = "between-server-and-workers-3f9a1c7e5b2d8046"


class Site:
    """A broker and a server that are stopped and started apart."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "broker.sock"
        self.redis = f"unix://{self.socket}"
        self.broker: subprocess.Popen[bytes] | None = None
        ports = {
            "WORKROOM_PORT": str(free_port()),
            "WORKROOM_PROJECT_PORT": str(free_port()),
            "WORKROOM_REDIS": self.redis,
            "WORKROOM_TASK_TOKEN": TOKEN,
            "PYTHONPATH": str(PLUGIN),
        }
        self.server = Server(folder / "data", "demo", ports)
        self.url = f"http://127.0.0.1:{ports['WORKROOM_PORT']}"

    def start_broker(self) -> None:
        program = broker_program()
        assert program is not None
        command = [program, "--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        self.broker = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def stop_broker(self) -> None:
        if self.broker is not None:
            self.broker.kill()
            self.broker.wait()

    @contextlib.asynccontextmanager
    async def worker(self, data_dir: Path, processes: int = 1) -> AsyncIterator[int]:
        """``workroom worker`` in a directory that knows nothing of the server's; its pid."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "workroom", "worker", "--redis", self.redis),
            *("--server", self.url, "--processes", str(processes), "--log-level", "warning"),
            env={
                **{name: v for name, v in os.environ.items() if not name.startswith("WORKROOM_")},
                "WORKROOM_DATA_DIR": str(data_dir),
                "WORKROOM_TASK_TOKEN": TOKEN,
                "PYTHONPATH": str(PLUGIN),
                "TEST_STEPS": "60",
                "TEST_MARK": str(data_dir.parent / "ended"),
            },
        )
        try:
            yield process.pid
        finally:
            family = [process.pid, *descendants(process.pid)]
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), PATIENCE)
            kill([pid for pid in family if alive(pid)])
            await process.wait()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    made.start_broker()
    made.server.start()
    yield made
    made.server.kill()
    made.stop_broker()


async def test_a_worker_apart_does_the_tasks(site: Site, tmp_path: Path) -> None:
    async with site.worker(tmp_path / "elsewhere"), watching(site.server, "jane") as jane:
        task_id = await begin(site.server, "analyze_image_emotion")
        assert (await jane.completed(task_id))["result"]["status"] == "completed"


async def test_a_worker_with_another_token_gets_nothing_to_do(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.tasks.test_own_broker.TOKEN", "somebody-elses-7d1e9b3c5a2f8046x")
    async with site.worker(tmp_path / "elsewhere"):
        task_id = await begin(site.server, "analyze_image_emotion")
        await until(lambda: _depth(site) == 0, "the message to be taken")
        assert (await task(site.server, task_id))["state"] == "pending"


def _depth(site: Site) -> int:
    import redis

    return int(redis.Redis.from_url(site.redis).llen("workroom"))


async def test_a_result_waits_for_a_server_that_is_down_for_a_while(
    site: Site, tmp_path: Path
) -> None:
    async with site.worker(tmp_path / "elsewhere"):
        async with watching(site.server, "jane") as jane:
            task_id = await begin(site.server, "count_steps")  # three seconds of it
            # The first step of all is told before the worker itself has heard that it may begin.
            await until(lambda: len(jane.of("task_progress", task_id)) > 1, "a worker")
        site.server.kill()
        await until((tmp_path / "ended").exists, "the end of its work, with nobody to tell")
        site.server.start()
        async with watching(site.server, "jane") as jane:
            told = await jane.completed(task_id)
        assert told["result"]["status"] == "completed"
        assert (await task(site.server, task_id))["attempt"] == 1


async def test_a_broker_that_comes_back_empty_loses_no_task(site: Site, tmp_path: Path) -> None:
    async with site.worker(tmp_path / "elsewhere") as pid, watching(site.server, "jane") as jane:
        first = await begin(site.server, "count_steps")
        await until(lambda: jane.of("task_progress", first), "a worker")
        waiting = [await begin(site.server, "analyze_image_emotion") for _ in range(3)]
        site.stop_broker()
        picture = canvases(site.server)["image"]
        status, body = site.server.rest(
            "POST", f"/api/canvases/{picture}/tasks/", "jane", {"task_type": "count_steps"}
        )
        assert (status, body["code"]) == (503, "no_worker")
        site.start_broker()
        for each in (first, *waiting):
            assert (await jane.completed(each))["result"]["status"] == "completed"
            assert len(jane.of("task_completed", each)) == 1
        assert alive(pid)


async def test_a_worker_that_is_killed_leaves_its_tasks_to_another(
    site: Site, tmp_path: Path
) -> None:
    async with site.worker(tmp_path / "one") as pid, watching(site.server, "jane") as jane:
        task_id = await begin(site.server, "count_steps")
        await until(lambda: jane.of("task_progress", task_id), "a worker")
        kill([pid, *descendants(pid)])
        async with site.worker(tmp_path / "two"):
            assert (await jane.completed(task_id))["result"]["status"] == "completed"


async def test_pickles_and_garbage_in_the_broker_are_ignored(site: Site, tmp_path: Path) -> None:
    import redis

    client = redis.Redis.from_url(site.redis)
    body = '{"body":"gASVBw==","content-type":"application/x-python-serialize","headers":{},'
    more = (
        '"content-encoding":"binary","properties":{"delivery_tag":"x","delivery_info":{"exchange":'
    )
    end = '"","routing_key":"workroom"},"body_encoding":"base64"}}'
    async with site.worker(tmp_path / "elsewhere"), watching(site.server, "jane") as jane:
        await jane.completed(await begin(site.server, "analyze_image_emotion"))
        client.lpush("workroom", body + more + end)
        client.set("celery-task-meta-abc", b"\x80\x04not json")
        task_id = await begin(site.server, "analyze_image_emotion")
        assert (await jane.completed(task_id))["result"]["status"] == "completed"


def test_a_worker_without_a_broker_or_a_token_says_so(tmp_path: Path) -> None:
    for arguments, named in (
        ([], "WORKROOM_REDIS"),
        (["--redis", "redis://127.0.0.1:1"], "WORKROOM_TASK_TOKEN"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "workroom", "worker", *arguments],
            env={
                **{name: v for name, v in os.environ.items() if not name.startswith("WORKROOM_")},
                "WORKROOM_DATA_DIR": str(tmp_path),
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 1
        assert named in done.stderr
