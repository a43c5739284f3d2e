"""How a worker talks to the server: small requests on one connection that is kept open.

The server's address and the service token come from the environment: ``WORKROOM_SERVER_URL``, and
``WORKROOM_TASK_TOKEN`` or the file ``task-token.key`` in ``WORKROOM_DATA_DIR``.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

TOKEN_FILE: Final = "task-token.key"  # noqa: S105 - where it is kept
TIMEOUT: Final = 10.0
_CHUNK: Final = 256 * 1024


class Unreachable(Exception):
    """The server did not answer, or not sensibly; the same request may succeed later."""


class Refused(Exception):
    """The server will not have it, now or later."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is, and what lets workers in."""

    url: str
    token: str

    def __repr__(self) -> str:
        return f"Address({self.url!r})"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Address:
        """What the environment says. Raises RuntimeError naming what is missing."""
        env = os.environ if environment is None else environment
        url = env.get("WORKROOM_SERVER_URL", "http://127.0.0.1:8000")
        token = env.get("WORKROOM_TASK_TOKEN")
        if not token:
            path = Path(env.get("WORKROOM_DATA_DIR", "data")) / TOKEN_FILE
            try:
                token = path.read_text("ascii").strip()
            except OSError as error:
                message = f"WORKROOM_TASK_TOKEN is not set, and {path}: {error.strerror}"
                raise RuntimeError(message) from None
        return cls(url.rstrip("/"), token)


class Desk:
    """One keep-alive connection to the server. Several threads may share it; they take turns."""

    def __init__(self, address: Address) -> None:
        parts = urlsplit(address.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            message = f"WORKROOM_SERVER_URL must be http(s)://HOST[:PORT], not {address.url!r}"
            raise RuntimeError(message)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {address.token}"}
        self._connection: http.client.HTTPConnection | None = None
        self._pid = os.getpid()
        self._lock = threading.Lock()

    def post(self, task_id: str, verb: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Tell the server something about a task; its answer. Raises Unreachable, Refused."""
        data = json.dumps(body).encode()
        headers = {**self._headers, "Content-Type": "application/json"}
        with self._lock:
            response = self._ask("POST", self._path(task_id, verb), data, headers)
            answer = _read(response)
        if response.status >= 500 or response.status == 429:
            message = f"the server answered {response.status}"
            raise Unreachable(message)
        if response.status >= 400:
            raise Refused(response.status, str(answer.get("detail", "")))
        return answer

    def download(self, task_id: str, attempt: int) -> Path:
        """The file of the task's canvas, as a temporary file; whoever asks for it deletes it.

        Raises Unreachable, Refused.
        """
        path = f"{self._path(task_id, 'file')}?attempt={attempt}"
        with self._lock:
            response = self._ask("GET", path, None, self._headers)
            if response.status != 200:
                detail = str(_read(response).get("detail", ""))
                if response.status >= 500:
                    raise Unreachable(detail)
                raise Refused(response.status, detail)
            return self._save(response)

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _path(self, task_id: str, verb: str) -> str:
        return f"{self._prefix}/api/internal/tasks/{quote(task_id, safe='')}/{verb}/"

    def _ask(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        """Send and get the head of the answer; once more if the kept connection has gone stale."""
        fresh = self._connection is None or self._pid != os.getpid()
        try:
            return self._once(method, path, data, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if fresh:
                message = f"the server cannot be reached: {type(error).__name__}"
                raise Unreachable(message) from error
        try:
            return self._once(method, path, data, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            message = f"the server cannot be reached: {type(error).__name__}"
            raise Unreachable(message) from error

    def _once(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        if self._pid != os.getpid():  # a forked process must not write into its parent's socket
            self._connection, self._pid = None, os.getpid()
        if self._connection is None:
            self._connection = self._connect()
        self._connection.request(method, path, data, dict(headers))
        return self._connection.getresponse()

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            made: http.client.HTTPConnection = http.client.HTTPSConnection(
                self._host, self._port, timeout=TIMEOUT, context=context
            )
        else:
            made = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT)
        made.connect()
        made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _save(self, response: http.client.HTTPResponse) -> Path:
        handle, name = tempfile.mkstemp(prefix="workroom-canvas-")
        path = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                while chunk := response.read(_CHUNK):
                    file.write(chunk)
                size = file.tell()
            wanted = response.headers.get("Content-Length")
            if wanted is not None and int(wanted) != size:
                message = "the file arrived incomplete"
                raise Unreachable(message)
        except BaseException as error:
            path.unlink(missing_ok=True)
            self.close()
            if isinstance(error, OSError | http.client.HTTPException):
                message = f"the file did not arrive: {type(error).__name__}"
                raise Unreachable(message) from error
            raise
        return path


def _read(response: http.client.HTTPResponse) -> dict[str, Any]:
    """The JSON object of an answer; an empty one for anything else."""
    try:
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        message = "the server's answer broke off"
        raise Unreachable(message) from error
    with suppress(ValueError):
        value = json.loads(body)
        if isinstance(value, dict):
            return value
    return {}
