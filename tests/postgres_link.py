"""A link to a PostgreSQL server that can be cut at the worst moment."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.postgres_kit import Postgres

COMMIT = b"COMMIT;"


class Link:
    """Passes everything on, until it is told otherwise."""

    def __init__(self, folder: Path, server: Postgres) -> None:
        self.folder = folder
        self._target = str(server.folder / ".s.PGSQL.5432")
        self._pairs: set[asyncio.StreamWriter] = set()
        self.loses_answer_to_commit = False
        """Once: COMMIT arrives, and what the server says to it does not."""
        self.loses_commit = False
        """Once: COMMIT does not arrive."""
        self.holds_commit: asyncio.Event | None = None
        """Once: the client's end is cut at COMMIT, which arrives only when this is set."""
        self.refuses = False
        """New connections are closed at once."""
        self.commits = 0
        """Those that came by."""

    def url(self, database: str) -> str:
        """The address of a database behind this link."""
        return f"postgresql://tester@/{database}?host={self.folder}"

    def cut(self) -> None:
        """Close every connection, without a word to either end."""
        for writer in list(self._pairs):
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either end closes it."""
        if self.refuses:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_unix_connection(self._target)
        pair = {writer, far_writer}
        self._pairs |= pair
        back = asyncio.ensure_future(_pass_on(far_reader, writer))
        try:
            await self._forward(reader, writer, far_writer, back)
        finally:
            back.cancel()
            self._pairs -= pair
            for each in pair:
                each.close()

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        far: asyncio.StreamWriter,
        back: asyncio.Task[None],
    ) -> None:
        while data := await reader.read(1 << 16):
            if COMMIT in data:
                self.commits += 1
                if self.loses_commit:
                    self.loses_commit = False
                    return
                if self.loses_answer_to_commit:
                    self.loses_answer_to_commit = False
                    back.cancel()
                    far.write(data)
                    await far.drain()
                    return
                if self.holds_commit is not None:
                    held, self.holds_commit = self.holds_commit, None
                    back.cancel()
                    writer.transport.abort()
                    await held.wait()
            far.write(data)
            with suppress(ConnectionError):
                await far.drain()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def link(server: Postgres) -> AsyncIterator[Link]:
    """A link that listens on a socket of its own."""
    with tempfile.TemporaryDirectory(prefix="workroom-link-") as folder:
        made = Link(Path(folder), server)
        listening = await asyncio.start_unix_server(made.accept, f"{folder}/.s.PGSQL.5432")
        try:
            yield made
        finally:
            listening.close()
            made.cut()
