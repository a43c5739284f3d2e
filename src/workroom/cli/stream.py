"""A connection that comes back: the public WebSocket, followed through restarts and worse."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from workroom.cli.failures import Complaint
from workroom.cli.views import Message, View

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 30.0
"""Seconds: the ceilings of the first and of the longest wait between two attempts."""
BAD_TOKEN: Final = 4401
FORBIDDEN: Final = 4403
MAX_MESSAGE: Final = 16 * 1024 * 1024
"""Bytes: what a text of the largest size may take as JSON."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom to watch with, and where."""

    server: str
    """``ws://host:port``."""
    path: str
    token: Callable[[], Awaitable[str]]
    """A token that is good now."""
    renews: bool
    """``token`` gives another one each time."""


def wait_before(attempt: int, chance: float) -> float:
    """Seconds to wait before an attempt (1, 2, …): exponential, with full jitter.

    ``chance`` is uniform between 0 and 1: clients that lost one server do not return as one crowd.
    """
    return chance * min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempt, 16))


async def follow(watch: Watch, view: View, told: Callable[[str | None], None]) -> None:
    """Keep the view up to date until cancelled; ``told`` hears of every message and every change.

    Raises Complaint when coming back would not help: a bad token, or no right to view.
    """
    attempt = 0
    while True:
        view.state = "connecting"
        told(None)
        if await _once(watch, view, told):
            attempt = 0
        attempt += 1
        seconds = wait_before(attempt, random.random())  # noqa: S311 - spreads load, keeps no secret
        view.state = f"connection lost, next attempt in {seconds:.0f} s"
        view.forget_people()
        told(view.state)
        await asyncio.sleep(seconds)


async def _once(watch: Watch, view: View, told: Callable[[str | None], None]) -> bool:
    """One connection from its start to its end; whether anything came through it."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed, InvalidHandshake

    token, heard = await watch.token(), False
    protocols: Any = ["workroom.v1", f"bearer.{token}"]
    address = watch.server + watch.path
    try:
        async with connect(address, subprotocols=protocols, max_size=MAX_MESSAGE) as socket:
            await socket.send(json.dumps(view.hello()))
            # What happens meanwhile waits in the socket, so that nothing is missed or undone.
            await _list(watch, view, token)
            view.state = "live"
            async for text in socket:
                heard = True
                message = json.loads(text)
                await _renew(watch, socket, message)
                told(view.apply(message))
            _judge(socket.close_code, view)
    except ConnectionClosed as closed:
        _judge(closed.rcvd.code if closed.rcvd else None, view)
    except (OSError, InvalidHandshake, TimeoutError):
        pass
    return heard


async def _list(watch: Watch, view: View, token: str) -> None:
    """Ask REST for what was there before; without an answer, the news will have to do."""
    import httpx

    if view.list_path is None:
        return
    address = watch.server.replace("ws", "http", 1) + view.list_path
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        while address:
            try:
                page = (await client.get(address)).raise_for_status().json()
            except (httpx.HTTPError, ValueError):
                return
            for item in page["results"]:
                view.listed(item)
            address = str(httpx.URL(address).join(page["next"])) if page["next"] else ""


def _judge(code: int | None, view: View) -> None:
    if code == BAD_TOKEN:
        message = "the token is not good, or no longer; get another one with `workroom token`"
        raise Complaint(message, field="WORKROOM_TOKEN")
    if code == FORBIDDEN:
        message = f"there is no {view.title}, or this user may not view it"
        raise Complaint(message)


async def _renew(watch: Watch, socket: ClientConnection, message: Message) -> None:
    """Go on with a new token before the old one ends."""
    if message.get("type") == "token_expiring" and watch.renews:
        token = await watch.token()
        in_essay, in_project = {"action": "refresh_token", "token": token}, {"token": token}
        enveloped = "payload" in message
        answer = {"type": "refresh_token", "payload": in_project} if enveloped else in_essay
        await socket.send(json.dumps(answer))
