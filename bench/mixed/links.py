"""Roads to the server that are long, get stuck, and break."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Final, Self

HOST: Final = "127.0.0.1"


class Link:
    """A port through which one client reaches the server. Times are seconds.

    What passes takes ``latency`` and up to 30 % more or less, each way, and nothing overtakes.
    """

    def __init__(self, server: int, latency: float, chance: random.Random) -> None:
        self._server, self._latency, self._chance = server, latency, chance
        self._down_until = self._stuck_until = 0.0
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._listening = await asyncio.start_server(self._arrived, HOST, 0)
        self.port: int = self._listening.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._listening.close()
        self.cut(0)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self, seconds: float) -> None:
        """Break what is open, with all that is on its way, and let nobody in for a while."""
        self._down_until = asyncio.get_running_loop().time() + seconds
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    def get_stuck(self, seconds: float) -> None:
        """Pass nothing on for a while; then all of it at once."""
        self._stuck_until = asyncio.get_running_loop().time() + seconds

    async def _arrived(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if asyncio.get_running_loop().time() < self._down_until:
            writer.transport.abort()
            return
        from_server, to_server = await asyncio.open_connection(HOST, self._server)
        self._open |= {writer, to_server}
        await asyncio.gather(self._pass_on(reader, to_server), self._pass_on(from_server, writer))
        self._open -= {writer, to_server}

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop, last = asyncio.get_running_loop(), 0.0
        data = b"more"
        while data:
            data = b""
            with contextlib.suppress(OSError):
                data = await reader.read(1 << 16)
            takes = self._latency * self._chance.uniform(0.7, 1.3)
            last = max(last + 1e-6, loop.time() + takes, self._stuck_until)
            loop.call_at(last, _deliver, writer, data)


def _deliver(writer: asyncio.StreamWriter, data: bytes) -> None:
    if writer.is_closing():
        return
    if data:
        writer.write(data)
    else:
        writer.close()
