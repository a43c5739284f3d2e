"""From a worker's word to a client's socket: how long progress takes.

``python -m bench.task_progress`` starts ``workroom demo`` with its embedded broker and worker, lets
tasks call ``self.progress()`` with the time in the message, and takes the time at which a client on
a WebSocket has it: a request to the server, a commit synced to the disk, and the fan-out lie
between. Also: how long after the start of the server the first task can be begun.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect

from bench.servers import HOST, Server, free_port

PROJECT = 123
TASKS = 2
PATIENCE = 60.0


def main() -> None:
    """Measure, and print what came out."""
    plugin = str(Path(__file__).parent / "task_plugin")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (plugin, os.environ.get("PYTHONPATH"))))
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        env = {
            "WORKROOM_DATA_DIR": folder,
            "WORKROOM_PORT": str(port),
            "WORKROOM_PROJECT_PORT": "0",
            "WORKROOM_WORKER": "1",
        }
        os.environ.update(env)
        began = time.monotonic()
        with Server("workroom", [sys.executable, "-m", "workroom", "demo"], port).ready():
            asyncio.run(_measure(port, began))


async def _measure(port: int, began: float) -> None:
    token = (await _output("token", "jane")).strip()
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", headers=headers) as http:
        canvas = await _picture(http)
        async with connect(f"ws://{HOST}:{port}/ws/projects/?token={token}") as socket:
            await socket.send(
                json.dumps({"type": "join_project", "payload": {"project_id": PROJECT}})
            )
            await _begin(http, canvas)
            print(f"first task begun {time.monotonic() - began:.2f} s after the server's start")
            for _ in range(TASKS - 1):
                await _begin(http, canvas)
            delays = await _delays(socket)
    delays.sort()
    print(
        f"{len(delays)} reports of {TASKS} tasks at once: p50 {statistics.median(delays):.1f} ms, "
        f"p90 {_part(delays, 0.90):.1f} ms, p99 {_part(delays, 0.99):.1f} ms, "
        f"largest {delays[-1]:.1f} ms"
    )


async def _delays(socket: Any) -> list[float]:
    """Milliseconds from each call to the client, until all tasks have ended."""
    found, ended = [], 0
    while ended < TASKS:
        message = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
        now = time.time_ns()
        ended += message["type"] == "task_completed"
        if message["type"] == "task_progress" and message["payload"]["message"].isdigit():
            found.append((now - int(message["payload"]["message"])) / 1e6)
    return found


async def _picture(http: httpx.AsyncClient) -> int:
    page = (await http.get(f"/api/projects/{PROJECT}/canvases/")).json()
    return next(int(each["id"]) for each in page["results"] if each["kind"] == "image")


async def _begin(http: httpx.AsyncClient, canvas: int) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = await http.post(f"/api/canvases/{canvas}/tasks/", json={"task_type": "tick"})
        if answer.status_code == 202:
            return
        await asyncio.sleep(0.02)
    raise RuntimeError(answer.text)


async def _output(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "workroom", *arguments, stdout=asyncio.subprocess.PIPE
    )
    return (await process.communicate())[0].decode()


def _part(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    main()
