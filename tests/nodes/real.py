"""Real nodes: server processes on one PostgreSQL database and one bus."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from cli_kit import GOOD_SECRET, Running, serving
from tests.ports.bus_kit import Server as BusServer
from workroom.app import open_app
from workroom.config import Settings
from workroom.core.entries import EssayCreated, Fact, RightSet
from workroom.core.people import Right
from workroom.ids import essay_room

PATIENCE = 60.0
"""Seconds after which something that should have come counts as missing."""
ESSAY = 1


@dataclass
class Site:
    """What the nodes share, and the people there."""

    folder: Path
    env: dict[str, str]
    bus: BusServer
    stack: ExitStack
    tokens: dict[str, str] = field(default_factory=dict)
    nodes: list[Running] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    _numbers: int = 0

    def node(self, *arguments: str) -> Running:
        """One more node, ready to serve."""
        self._numbers += 1
        data_dir = self.folder / f"node{self._numbers}"
        node = self.stack.enter_context(serving(data_dir, *arguments, **self.env))
        self.nodes.append(node)
        return node

    def guest(self, node: Running, name: str) -> Guest:
        """A connection of one of the people to the essay."""
        address = f"ws://127.0.0.1:{node.port}/ws/essays/{ESSAY}/?token={self.tokens[name]}"
        form = [Subprotocol("workroom.v1")]
        opening = connect(address, subprotocols=form, open_timeout=PATIENCE, ping_interval=None)
        guest = Guest(self.stack.enter_context(opening))
        guest.asks({"action": "subscribe_essay", "essay_id": ESSAY, "request_id": "hello"})
        return guest

    async def furnish(self, *names: str) -> None:
        """People with these names; the first writes an essay, and the others may edit it."""
        settings = Settings(
            database=self.env["WORKROOM_DATABASE"],
            secret=SecretStr(GOOD_SECRET),
            data_dir=self.folder / "furnished",
        )
        settings.data_dir.mkdir()
        app = await open_app(settings)
        users = [await app.accounts.create_user(name, None) for name in names]
        for user in users:
            self.tokens[user.username] = await app.accounts.issue_token(user)
        facts: list[Fact] = [EssayCreated("Shared", "", None)]
        facts += [RightSet(user.id, Right.EDIT) for user in users[1:]]
        await app.hub.create(essay_room(ESSAY), facts, users[0])
        self.ids = {user.username: user.id for user in users}
        await app.close()


@contextmanager
def site(folder: Path, database: str) -> Iterator[Site]:
    """Everything but the nodes. The bus has to be started."""
    env = {"WORKROOM_DATABASE": database, "WORKROOM_SECRET": GOOD_SECRET}
    bus = BusServer(folder)
    env["WORKROOM_REDIS"] = bus.url
    with ExitStack() as stack:
        stack.callback(bus.kill)
        yield Site(folder, env, bus, stack)


class Guest:
    """A connection, and what it was told."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.told: list[dict[str, Any]] = []

    def asks(self, message: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request."""
        self.socket.send(json.dumps(message))
        wanted = message["request_id"]
        answer = self.until(lambda m: m.get("request_id") == wanted)
        assert answer["type"] == "ack", answer
        return answer

    def saves(self, text: str, request_id: str) -> dict[str, Any]:
        message = {"action": "update_essay", "essay_id": ESSAY, "content": text}
        return self.asks({**message, "request_id": request_id})

    def until(
        self, wanted: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE
    ) -> dict[str, Any]:
        """The first message that is so, of those not looked at yet."""
        deadline = time.monotonic() + seconds
        while True:
            message = json.loads(self.socket.recv(max(0.01, deadline - time.monotonic())))
            self.told.append(message)
            if wanted(message):
                return message  # type: ignore[no-any-return]

    def hears(self, wanted: Callable[[dict[str, Any]], bool], since: int = 0) -> None:
        """Wait until it has been told that, if it was not before."""
        if not any(map(wanted, self.told[since:])):
            self.until(wanted)

    def text(self, content: str) -> dict[str, Any]:
        """Wait for that text."""
        return self.until(lambda m: m["type"] == "essay_update" and m["content"] == content)
