"""A TCP proxy that can be told to get stuck, to cut off, and to let nobody in."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final, Self

HOST: Final = "127.0.0.1"
PIECE: Final = 1 << 16
"""Bytes that are passed on at once, at most."""


class Gate:
    """A port of its own through which something is reached. Times are seconds."""

    def __init__(self, name: str, port: int, host: str = HOST) -> None:
        """In front of ``host:port``."""
        self.name = name
        self.port = 0
        self._target = host, port
        self._down_until = self._stuck_until = 0.0
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._arrived, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset what is open, with all that is on its way."""
        for pair in self._pairs:
            for writer in pair:
                writer.transport.abort()

    def part(self, seconds: float) -> None:
        """Cut, and refuse who comes, for a while."""
        self._down_until = now() + seconds
        self.cut()

    def stall(self, seconds: float) -> None:
        """Pass nothing on for a while, in both directions; then all of it."""
        self._stuck_until = now() + seconds

    def _arrived(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._connects(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connects(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if now() < self._down_until:
            writer.transport.abort()
            return
        try:
            back, forth = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        pair = writer, forth
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._passes(reader, forth), self._passes_back(back, writer))
        finally:
            self._pairs.discard(pair)
            for each in pair:
                each.close()

    async def _stuck(self) -> None:
        while (wait := self._stuck_until - now()) > 0:  # noqa: ASYNC110 - it is a time
            await asyncio.sleep(wait)

    async def _passes_back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """From what is reached, to who reaches it."""
        await self._passes(reader, writer)

    async def _passes(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(PIECE):
                await self._stuck()
                writer.write(data)
                await writer.drain()
            writer.write_eof()
            return
        writer.transport.abort()


def now() -> float:
    """Seconds, of the loop's clock."""
    return asyncio.get_running_loop().time()
