"""A WebSocket as a client of this tool has it: it can be lost in all the ways there are."""

from __future__ import annotations

import asyncio
import socket as sockets
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

OPENING: Final = 10.0
SMALL: Final = 8192
"""Bytes that the system keeps for a slow reader."""
GHOST: Final = 50.0
"""Seconds for which a half-open connection stays as it is: longer than servers wait for a pong."""

TROUBLE: Final = (OSError, TimeoutError, InvalidHandshake, WebSocketException, EOFError)
"""What connections end with."""


class Ghosts:
    """Connections that their clients have forgotten, and that nobody has closed."""

    def __init__(self) -> None:
        self._all: set[asyncio.Transport] = set()

    def keep(self, transport: asyncio.Transport) -> None:
        """Let it stand silently for a while."""
        transport.pause_reading()
        self._all.add(transport)
        asyncio.get_running_loop().call_later(GHOST, self._end, transport)

    def _end(self, transport: asyncio.Transport) -> None:
        self._all.discard(transport)
        transport.abort()

    def end(self) -> None:
        """The run is over."""
        for transport in self._all:
            transport.abort()


@dataclass(slots=True)
class Link:
    """One open connection."""

    socket: ClientConnection
    ghosts: Ghosts
    lost: bool = False
    """It is of no use any more, whatever still comes through it."""

    async def send(self, data: str | bytes) -> None:
        """Send a message. Raises one of ``TROUBLE``."""
        async with asyncio.timeout(OPENING):
            await self.socket.send(data)

    async def hears(self) -> AsyncIterator[str | bytes]:
        """What comes, until the connection ends. Raises one of ``TROUBLE``."""
        async for message in self.socket:
            if self.lost:
                return
            yield message

    async def alive(self, patience: float) -> bool:
        """Whether the server answers a ping in time."""
        with suppress(*TROUBLE):
            async with asyncio.timeout(patience):
                await (await self.socket.ping())
                return True
        return False

    @property
    def _transport(self) -> asyncio.Transport:
        return self.socket.transport

    def reset(self) -> None:
        """Break it, with all that is on its way."""
        self.lost = True
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            with suppress(OSError):
                raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def vanish(self) -> None:
        """Forget it without a word: for the server it is half-open."""
        self.lost = True
        self.ghosts.keep(self._transport)

    def deafen(self) -> None:
        """Read nothing from here on."""
        self._transport.pause_reading()

    async def read_nothing(self, seconds: float) -> None:
        """Be a slow reader for a while."""
        self._transport.pause_reading()
        await asyncio.sleep(seconds)
        with suppress(RuntimeError):
            self._transport.resume_reading()


@asynccontextmanager
async def opened(
    url: str, protocols: list[str], ghosts: Ghosts, *, small: bool = False
) -> AsyncIterator[Link]:
    """A connection; it ends with the block. Raises one of ``TROUBLE``."""
    options: dict[str, Any] = {"compression": None, "proxy": None, "max_size": None}
    if small:
        options["sock"] = await _small_socket(url)
    socket = await connect(
        url,
        subprotocols=cast("Any", protocols) or None,
        open_timeout=OPENING,
        close_timeout=1.0,
        ping_interval=None,
        **options,
    )
    link = Link(socket, ghosts)
    try:
        yield link
    finally:
        if not link.lost:
            link.lost = True
            with suppress(*TROUBLE, AttributeError):
                await socket.close()


async def _small_socket(url: str) -> sockets.socket:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(OPENING):
        found = await loop.getaddrinfo(parts.hostname, port, type=sockets.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        raw = sockets.socket(family, kind, protocol)
        try:
            raw.setblocking(False)  # noqa: FBT003 - it takes no keyword
            raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, SMALL)
            await loop.sock_connect(raw, address)
        except BaseException:
            raw.close()
            raise
    return raw
