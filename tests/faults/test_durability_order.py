"""Watched from outside with strace: the disk is flushed between an edit and its confirmation."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.net.live import PATIENCE, Server, python_client


async def test_the_disk_is_flushed_before_an_edit_is_confirmed(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    server = Server(tmp_path / "data").start()
    trace = tmp_path / "trace"
    try:
        token = server.token("emma")
        async with python_client(server.essay_url(1, token), protocols=["workroom.v1"]) as emma:
            await emma.next("user_joined")
            watcher = subprocess.Popen(
                [
                    strace,
                    *("-f", "-qq", "-s", "4096", "-o", str(trace), "-p", str(server.pid)),
                    *("-e", "trace=fdatasync,fsync,write,writev,sendto,sendmsg"),
                ],
                stderr=subprocess.DEVNULL,
            )
            await _attached(server)
            for number in range(5):
                content = f"Edit number {number}"
                message = {"action": "update_essay", "essay_id": 1, "content": content}
                await emma.send({**message, "request_id": f"marker-{number}"})
                await emma.next("ack")
            watcher.terminate()
            watcher.wait(PATIENCE)
    finally:
        server.kill()
    lines = trace.read_text("utf-8", "replace").splitlines()
    acks = [
        n for n, line in enumerate(lines) if re.search(r'"ack.*marker-\d', line.replace("\\", ""))
    ]
    flushes = [
        n for n, line in enumerate(lines) if re.search(r"f(data)?sync\(|f(data)?sync resumed", line)
    ]
    assert len(acks) == 5
    for before, ack in zip([-1, *acks], acks, strict=False):
        assert any(before < flush < ack for flush in flushes)


async def _attached(server: Server) -> None:
    """Wait until the kernel says that every thread is being traced."""
    import asyncio

    tasks = Path(f"/proc/{server.pid}/task")
    async with asyncio.timeout(PATIENCE):
        while not all(
            "TracerPid:\t0" not in (task / "status").read_text() for task in tasks.iterdir()
        ):
            await asyncio.sleep(0.01)
