"""A broadcast server on the ``websockets`` library, as its documentation recommends it."""

from __future__ import annotations

import asyncio
import signal
import sys

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

MEMBERS: set[ServerConnection] = set()


async def handle(connection: ServerConnection) -> None:
    """Keep a member until it goes, or broadcast what a publisher says."""
    assert connection.request is not None
    if connection.request.path == "/publish":
        async for message in connection:
            broadcast(MEMBERS, message)
        return
    MEMBERS.add(connection)
    try:
        await connection.wait_closed()
    finally:
        MEMBERS.discard(connection)


async def main(port: int) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set_result, None)
    async with serve(handle, "127.0.0.1", port):
        await stop


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
