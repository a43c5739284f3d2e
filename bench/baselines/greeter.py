"""The least that a crowd can come back to: a handshake and one message, on uvloop, and no rooms."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final

import uvloop

_MESSAGE: Final = b'{"type":"subscribed","seq":0,"recovered":true}'
_ANSWER: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Protocol: workroom.v1\r\n\r\n" + bytes((0x81, len(_MESSAGE))) + _MESSAGE
)


class Greeter(asyncio.Protocol):
    """One connection: greeted once, and not listened to any more."""

    def __init__(self) -> None:
        self._head = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer the head."""
        if b"\r\n\r\n" not in self._head:
            self._head += data
            if b"\r\n\r\n" in self._head:
                self._transport.write(_ANSWER)


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Greeter, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
