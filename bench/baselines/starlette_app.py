"""A broadcast server as a Starlette app on uvicorn, with the fastest of its WebSocket classes."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

MEMBERS: set[WebSocket] = set()


async def listen(socket: WebSocket) -> None:
    """Keep a member until it goes."""
    await socket.accept()
    MEMBERS.add(socket)
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        pass
    finally:
        MEMBERS.discard(socket)


async def publish(socket: WebSocket) -> None:
    """Broadcast what a publisher says."""
    await socket.accept()
    async for message in socket.iter_text():
        for member in tuple(MEMBERS):
            await member.send_text(message)


app = Starlette(routes=[WebSocketRoute("/listen", listen), WebSocketRoute("/publish", publish)])

if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        ws="websockets-sansio",
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )
