"""A real server for the bus, started and ended by the test, and somebody who listens."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from redis.asyncio import Redis

from workroom.adapters.queue.embedded import broker_program
from workroom.ports.bus import Bus

PATIENCE = 60.0


@dataclass
class Listener:
    """Remembers what it heard."""

    messages: list[tuple[str, bytes]] = field(default_factory=list)
    times: int = 0

    def heard(self, topic: str, message: bytes) -> None:
        self.messages.append((topic, message))

    def reconnected(self) -> None:
        self.times += 1


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.005)


class Server:
    """A Redis or Valkey server on a Unix socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "bus.sock"
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        binary = broker_program()
        assert binary is not None, "there is no Redis or Valkey server"
        self.socket.unlink(missing_ok=True)
        options = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder)]
        options += ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
        self.process = subprocess.Popen([binary, *options], stdout=subprocess.DEVNULL)
        await self._answers()

    async def _answers(self) -> None:
        client = Redis.from_url(self.url)
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await client.ping()
                    break
                except Exception:  # noqa: BLE001 - it is starting
                    await asyncio.sleep(0.01)
        await client.aclose()

    async def says(self, *words: str) -> None:
        """Have the server carry out a command."""
        client = Redis.from_url(self.url)
        await client.execute_command(*words)  # type: ignore[no-untyped-call]
        await client.aclose()

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it without a word."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None


Open = Callable[[], Bus]
