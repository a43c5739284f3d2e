"""A real server in a process of its own, and clients that know it only from outside."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE = 120.0
"""Seconds after which something that should have come counts as missing."""
STARTS_WITHIN = 120.0
"""Seconds after which a server counts as not started: a busy machine reads its modules slowly."""
Message = dict[str, Any]


class Server:
    """``workroom demo`` (or ``serve``) on free ports with a data directory of its own."""

    def __init__(
        self, data_dir: Path, command: str = "demo", env: Mapping[str, str] | None = None
    ) -> None:
        self.data_dir = data_dir
        self.output: list[str] = []
        self._command = command
        self._level = (env or {}).get("WORKROOM_LOG_LEVEL", "info")
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("WORKROOM_")},
            "WORKROOM_DATA_DIR": str(data_dir),
            "WORKROOM_PORT": "0",
            "WORKROOM_PROJECT_PORT": "0",
            "WORKROOM_LOG_FORMAT": "json",
            "WORKROOM_WORKER": "0",
            "PYTHONUNBUFFERED": "1",
            **(env or {}),
        }
        self._ready = threading.Event()
        self.ports: list[int] = []
        self.process: subprocess.Popen[str] | None = None
        self._tokens: dict[str, str] = {}
        self._reader: threading.Thread | None = None

    def start(self) -> Server:
        """Start it and wait until it answers."""
        self.ports = []
        self._ready.clear()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "workroom", self._command, "--log-level", self._level],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()
        if not self._ready.wait(STARTS_WITHIN):
            self.stop()
            raise AssertionError("the server did not start:\n" + "".join(self.output))
        return self

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.output.append(line)
                with contextlib.suppress(ValueError):
                    event = json.loads(line)
                    if isinstance(event, dict) and event.get("event") == "listening":
                        self.ports = [int(port) for port in re.findall(r"\d+", str(event["ports"]))]
                        self._ready.set()

    @property
    def pid(self) -> int:
        """The process that serves."""
        assert self.process is not None
        return self.process.pid

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        if self._reader is not None:
            self._reader.join(PATIENCE)
        return code

    def kill(self) -> None:
        """End it as a crash would."""
        self.stop(signal.SIGKILL)

    # ---- addresses and tokens

    @property
    def http(self) -> str:
        """Where REST is."""
        return f"http://127.0.0.1:{self.ports[0]}"

    def essay_url(self, essay: int, token: str | None) -> str:
        """The essay socket, as the page writes it."""
        query = "" if token is None else f"?token={token}"
        return f"ws://127.0.0.1:{self.ports[0]}/ws/essays/{essay}/{query}"

    def project_url(self, token: str | None) -> str:
        """The project socket, as the page writes it: no path, another port."""
        query = "" if token is None else f"?token={token}"
        return f"ws://127.0.0.1:{self.ports[1]}{query}"

    def cli(self, *arguments: str, stdin: str | None = None) -> str:
        """What a ``workroom`` command on the same data prints."""
        done = subprocess.run(
            [sys.executable, "-m", "workroom", *arguments],
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def token(self, username: str) -> str:
        """A token of this user, made once."""
        if username not in self._tokens:
            self._tokens[username] = self.cli("token", username).strip()
        return self._tokens[username]

    def rest(
        self, method: str, path: str, user: str | None = None, body: Any = None
    ) -> tuple[int, Any]:
        """A REST request: status and decoded body."""
        request = urllib.request.Request(self.http + path, method=method)
        if user is not None:
            request.add_header("Authorization", f"Bearer {self.token(user)}")
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, data, timeout=PATIENCE) as response:
                return response.status, _decoded(response.read())
        except urllib.error.HTTPError as error:
            return error.code, _decoded(error.read())

    def metric(self, name: str, **labels: str) -> float:
        """The value of a metric; 0.0 when it was never touched."""
        with urllib.request.urlopen(self.http + "/metrics", timeout=PATIENCE) as response:
            text = response.read().decode()
        total = 0.0
        for line in text.splitlines():
            found = re.fullmatch(rf"{name}(?:\{{(.*)\}})? ([0-9.e+-]+)", line)
            if found and all(f'{k}="{v}"' in (found[1] or "") for k, v in labels.items()):
                total += float(found[2])
        return total


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


@dataclass(eq=False)
class Client:
    """One connection: what it received, and what came of it."""

    send_json: Callable[[Any], Any]
    close_now: Callable[[], Any]
    received: deque[Message] = field(default_factory=deque)
    everything: list[Message] = field(default_factory=list)
    closed: asyncio.Future[int] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    protocol: str | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, message: Message) -> None:
        """A message came in."""
        self.received.append(message)
        self.everything.append(message)
        self._news.set()

    async def send(self, message: Any) -> None:
        """Send a message as JSON."""
        result = self.send_json(message)
        if result is not None:
            await result

    async def next(self, kind: str | None = None) -> Message:
        """The next message (of this type: the ones before it are passed over)."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self.received:
                    message = self.received.popleft()
                    if kind is None or message["type"] == kind:
                        return message
                if self.closed.done():
                    raise AssertionError(f"closed ({self.closed.result()}) before {kind}")
                self._news.clear()
                await self._news.wait()

    async def close(self) -> None:
        """Close cleanly, and wait until it is done."""
        result = self.close_now()
        if result is not None:
            await result
        await self.close_code()

    async def close_code(self) -> int:
        """The code with which the connection ended."""
        async with asyncio.timeout(PATIENCE):
            return await asyncio.shield(self.closed)

    def gone(self, code: int) -> None:
        """The connection ended."""
        if not self.closed.done():
            self.closed.set_result(code)
        self._news.set()


@contextlib.asynccontextmanager
async def python_client(
    url: str, *, protocols: list[str] | None = None, **options: Any
) -> AsyncIterator[Client]:
    """A client of Python's ``websockets``, which gives up no server for being slow."""
    patient = {"open_timeout": PATIENCE, "ping_interval": None, **options}
    socket = await connect(url, subprotocols=protocols, max_size=None, **patient)  # type: ignore[arg-type]
    client = Client(lambda message: socket.send(_text(message)), socket.close)
    client.protocol = socket.subprotocol
    reading = asyncio.ensure_future(_read(socket, client))
    try:
        yield client
    finally:
        # asyncio trips over its own feet when the server has gone while the client was writing.
        with contextlib.suppress(AttributeError, OSError):
            await socket.close()
        await reading


def _text(message: Any) -> str | bytes:
    if isinstance(message, str | bytes):
        return message
    return json.dumps(message, ensure_ascii=False)


async def _read(socket: ClientConnection, client: Client) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for data in socket:
            client.hear(json.loads(data))
    client.gone(socket.close_code or 1006)


class Node:
    """Clients of Node's ``ws``, in one Node process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._clients: dict[str, Client] = {}
        self._opened: dict[str, asyncio.Future[str]] = {}
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls) -> AsyncIterator[Node]:
        """The Node process, for as long as it is needed."""
        script = Path(__file__).parents[1] / "clients" / "node" / "client.mjs"
        process = await asyncio.create_subprocess_exec(
            "node",
            str(script),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
        )
        node = cls(process)
        try:
            yield node
        finally:
            process.kill()
            await process.wait()
            await node._reading

    async def client(self, name: str, url: str, protocols: list[str] | None = None) -> Client:
        """Open a connection and wait until it is."""
        client = Client(
            lambda message: self._order({"do": "send", "as": name, "message": message}),
            lambda: self._order({"do": "close", "as": name}),
        )
        self._clients[name] = client
        opened = self._opened[name] = asyncio.get_running_loop().create_future()
        self._order({"do": "open", "as": name, "url": url, "protocols": protocols or []})
        async with asyncio.timeout(PATIENCE):
            client.protocol = await opened
        return client

    def _order(self, order: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            report = json.loads(line)
            client = self._clients[report["as"]]
            match report["what"]:
                case "open":
                    self._opened[report["as"]].set_result(report["protocol"])
                case "message":
                    client.hear(report["message"])
                case "close":
                    client.gone(report["code"])


@contextlib.contextmanager
def running(data_dir: Path, command: str = "demo", **env: str) -> Iterator[Server]:
    """A server for the time of a test."""
    server = Server(data_dir, command, env)
    try:
        yield server.start()
    finally:
        if server.process is not None:
            server.stop(signal.SIGKILL)
