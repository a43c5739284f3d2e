"""Real nodes: server processes on one PostgreSQL database and one bus."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from cli_kit import GOOD_SECRET, Running, serving, workroom
from tests.ports.bus_kit import Server as BusServer

PATIENCE = 20.0


@dataclass
class Site:
    """What the nodes share, and the people there."""

    folder: Path
    env: dict[str, str]
    bus: BusServer
    stack: ExitStack
    tokens: dict[str, str] = field(default_factory=dict)
    nodes: list[Running] = field(default_factory=list)
    _numbers: int = 0

    def node(self, *arguments: str) -> Running:
        """One more node, ready to serve."""
        self._numbers += 1
        data_dir = self.folder / f"node{self._numbers}"
        node = self.stack.enter_context(serving(data_dir, *arguments, **self.env))
        self.nodes.append(node)
        return node

    def command(self, *arguments: str) -> str:
        done = workroom(self.folder / "cli", *arguments, **self.env)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def guest(self, node: Running, name: str, essay: int) -> Guest:
        """A connection of one of the people to an essay."""
        address = f"ws://127.0.0.1:{node.port}/ws/essays/{essay}/?token={self.tokens[name]}"
        return Guest(
            self.stack.enter_context(connect(address, subprotocols=[Subprotocol("workroom.v1")]))
        )

    def people(self, *names: str) -> None:
        for name in names:
            self.command("user", "create", name, "--no-password")
            self.tokens[name] = self.command("token", name)


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
        return self.until(lambda m: m.get("request_id") == wanted)

    def saves(self, text: str, request_id: str) -> dict[str, Any]:
        return self.asks({"action": "update_essay", "content": text, "request_id": request_id})

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

    def text(self, content: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """Wait for that text."""
        return self.until(
            lambda m: m["type"] == "essay_update" and m["content"] == content, seconds
        )
