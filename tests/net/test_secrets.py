"""A token is shown to nobody: not in a log line, an error, a metric or a file."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

from websockets.exceptions import ConnectionClosed

from tests.net.live import PATIENCE, Server, python_client, running

BAD = "eyJhbGciOiJIUzI1NiJ9.eyJtYXJrZXIiOiJNQVJLRVIifQ.MARKERMARKERMARKERMARKERMARKERMARKERMARKER0"


def _raw(server: Server, request: str) -> str:
    with socket.create_connection(("127.0.0.1", server.ports[0]), timeout=PATIENCE) as sock:
        sock.sendall(request.encode())  # each asks the server to hang up after the answer
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer.decode("utf-8", "replace")


async def _used_everywhere(server: Server, token: str) -> list[str]:
    """Give the token in every place where a client could; what came back."""
    seen: list[str] = []
    urls = [server.essay_url(1, token), server.project_url(token), server.essay_url(999, token)]
    for url in urls:
        async with python_client(url) as client:
            with contextlib.suppress(ConnectionClosed):
                await client.send({"type": "refresh_token", "payload": {"token": token}})
                await client.send({"action": "refresh_token", "token": token})
                await client.send({"action": token, "essay_id": 1, "token": token})
                await client.send("{" + token)
            await client.close()
            seen += [repr(message) for message in client.everything]
    protocols = ["workroom.v1", f"bearer.{token}"]
    async with python_client(server.essay_url(1, None), protocols=protocols) as client:
        await client.close()
        seen += [client.protocol or "", *map(repr, client.everything)]
    get = "GET {} HTTP/1.1\r\nHost: localhost\r\n{}Connection: close\r\n\r\n"
    bearer = f"Authorization: Bearer {token}\r\n"
    for path in ("/api/users/me/", "/api/nothing/", "/api/essays/999/", "/ws/nothing/", "/"):
        seen.append(_raw(server, get.format(path, bearer)))
        seen.append(_raw(server, get.format(f"{path}?token={token}", "")))
    upgrade = "Upgrade: websocket\r\nSec-WebSocket-Version: 12\r\n"
    seen.append(_raw(server, get.format(f"/ws/essays/1/?token={token}", upgrade)))
    seen.append(_raw(server, get.format(f"/ws/nothing/?token={token}", bearer + "Bad Header\r\n")))
    for path, field in (("refresh", "refresh"), ("revoke", "token"), ("refresh", "nonsense")):
        seen.append(repr(server.rest("POST", f"/api/token/{path}/", None, {field: token + "x"})))
    return seen


async def test_a_token_appears_nowhere(tmp_path: Path) -> None:
    with running(tmp_path, "serve", WORKROOM_LOG_LEVEL="debug") as server:
        server.cli(
            *("user", "create", "ann", "--name", "Ann", "--role", "coach", "--password-stdin"),
            stdin="a long password\n",
        )
        good = server.cli("token", "ann").strip()
        seen = [text for token in (BAD, good) for text in await _used_everywhere(server, token)]
        seen.append(_raw(server, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
        assert "workroom_connections" in seen[-1]
        assert server.stop() == 0
        seen += server.output
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 2
    for secret in (BAD.rsplit(".", 1)[1], good.rsplit(".", 1)[1]):
        assert [text for text in seen if secret in text] == []
        assert [path for path in files if secret.encode() in path.read_bytes()] == []
