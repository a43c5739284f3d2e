"""Every limit of the server, crossed from outside: a clear error, and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from websockets.exceptions import ConnectionClosed

from tests.net.live import PATIENCE, Client, Server, python_client, running


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the default limits, but for one that is too large to cross quickly."""
    directory = tmp_path_factory.mktemp("strict")
    with running(directory, WORKROOM_MAX_UNAUTHENTICATED="8") as server:
        yield server


def _essays(server: Server, count: int) -> list[int]:
    made = [
        server.rest("POST", "/api/essays/", "emma", {"title": f"Essay {n}"}) for n in range(count)
    ]
    return [body["id"] for _, body in made]


def _update(essay: int, content: str) -> dict[str, object]:
    return {"action": "update_essay", "essay_id": essay, "content": content}


async def _alive(client: Client, essay: int) -> None:
    await client.send({"action": "subscribe_essay", "essay_id": essay})
    await client.next("essay_update")


async def test_a_message_over_a_mebibyte_is_dropped_and_the_connection_lives(
    strict: Server,
) -> None:
    async with python_client(strict.essay_url(1, strict.token("emma"))) as emma:
        await emma.send('{"pad": "' + "x" * (1 << 20) + '"}')
        error = await emma.next("error")
        assert error["error"] == "too_large"
        assert "1048576" in error["message"]
        await _alive(emma, 1)


async def test_a_message_four_times_over_ends_the_connection_with_1009(strict: Server) -> None:
    async with python_client(strict.essay_url(1, strict.token("emma"))) as emma:
        await emma.send("x" * (4 << 20) + "x")
        assert (await emma.next("error"))["error"] == "too_large"
        assert await emma.close_code() == 1009


async def test_an_essay_holds_500_000_utf16_units_and_not_one_more(strict: Server) -> None:
    [essay] = _essays(strict, 1)
    async with python_client(strict.essay_url(essay, strict.token("emma"))) as emma:
        await emma.send(_update(essay, "😀" * 250_000 + "!"))
        error = await emma.next("error")
        assert error["error"] == "too_large"
        assert error["message"].startswith("content:")
        await emma.send(_update(essay, "x" * 500_000))
        assert len((await emma.next("essay_update"))["content"]) == 500_000


async def test_one_connection_follows_20_essays_and_not_one_more(strict: Server) -> None:
    essays = _essays(strict, 20)
    async with python_client(strict.essay_url(1, strict.token("emma"))) as emma:
        for essay in essays[:19]:
            await emma.send({"action": "subscribe_essay", "essay_id": essay})
            await emma.next("essay_update")
        await emma.send({"action": "subscribe_essay", "essay_id": essays[19]})
        error = await emma.next("error")
        assert error["error"] == "too_large"
        assert error["message"].startswith("essay_id:")
        await _alive(emma, essays[0])


async def test_one_connection_follows_100_projects_and_not_one_more(strict: Server) -> None:
    # As somebody who says nothing elsewhere: what is left of a burst goes over connections.
    made = [
        strict.rest("POST", "/api/projects/", "john_doe", {"title": f"P{n}"}) for n in range(101)
    ]
    projects = [body["id"] for _, body in made]
    async with python_client(strict.project_url(strict.token("john_doe"))) as john:
        for project in projects[:100]:
            await john.send({"type": "join_project", "payload": {"project_id": project}})
            await john.next("project_updated")
        await asyncio.sleep(0.5)  # the rate limit has a test of its own
        await john.send({"type": "join_project", "payload": {"project_id": projects[100]}})
        error = (await john.next("error"))["payload"]
        assert error["code"] == "TOO_LARGE"
        assert error["message"].startswith("payload.project_id:")


async def test_more_than_a_burst_of_100_messages_is_refused_and_soon_welcome_again(
    strict: Server,
) -> None:
    async with python_client(strict.essay_url(1, strict.token("emma"))) as emma:
        await _alive(emma, 1)  # while her token is being checked, another limit holds
        for _ in range(250):  # more than the server lets through meanwhile, however slow all is
            await emma.send({"action": "typing_stop", "essay_id": 1})
        error = await emma.next("error")
        assert error["error"] == "rate_limited"
        await emma.send("{}")
        emma.everything.clear()
        while not any(message["type"] == "essay_update" for message in emma.everything):
            await emma.send({"action": "subscribe_essay", "essay_id": 1})
            await asyncio.sleep(0.2)  # the limit is about real time
        assert not emma.closed.done()


async def test_who_never_stops_is_closed_with_1008(strict: Server) -> None:
    async with python_client(strict.essay_url(1, strict.token("emma"))) as emma:
        await _alive(emma, 1)  # while her token is being checked, another limit holds
        with contextlib.suppress(ConnectionClosed):
            for _ in range(20_000):
                await emma.send("{not json")
        assert await emma.close_code() == 1008


async def test_a_user_has_20_connections_and_not_one_more(strict: Server) -> None:
    url = strict.essay_url(1, strict.token("mike"))
    async with AsyncExitStack() as stack:
        for _ in range(20):
            # Each is let in before the next: of those whose token is being checked there are few.
            await _alive(await stack.enter_async_context(python_client(url)), 1)
        one_more = await stack.enter_async_context(python_client(url))
        error = await one_more.next()
        assert (error["type"], error["error"]) == ("error", "rate_limited")
        assert "20" in error["message"]
        assert await one_more.close_code() == 1008
        other = strict.essay_url(1, strict.token("jane"))
        jane = await stack.enter_async_context(python_client(other))
        await _alive(jane, 1)


def test_connections_without_a_good_token_are_bounded(strict: Server) -> None:
    address = ("127.0.0.1", strict.ports[0])
    head = (
        b"GET /ws/essays/1/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    sockets: list[socket.socket] = []
    statuses: list[bytes] = []
    while b"503" not in statuses and len(statuses) < 100:  # those of before are dropped after 3 s
        sock = socket.create_connection(address, timeout=PATIENCE)
        sock.sendall(head)
        statuses.append(sock.recv(64).split(b" ")[1])
        sockets.append(sock)
    for sock in sockets:
        sock.close()
    assert statuses[:8] == [b"101"] * 8
    assert statuses[-1] == b"503"


def test_a_name_at_one_address_has_ten_attempts_a_minute(strict: Server) -> None:
    wrong = {"username": "sarah", "password": "not the password"}
    answers = [strict.rest("POST", "/api/token/", None, wrong) for _ in range(11)]
    assert [status for status, _ in answers] == [401] * 10 + [429]
    assert answers[-1][1]["code"] == "rate_limited"


async def test_each_crossed_limit_counts_in_the_metrics(strict: Server) -> None:
    async with python_client(strict.essay_url(1, strict.token("sarah"))) as sarah:
        await _alive(sarah, 1)  # while her token is being checked, another limit holds
        with contextlib.suppress(ConnectionClosed):
            await sarah.send('{"pad": "' + "x" * (1 << 20) + '"}')
            for _ in range(20_000):
                await sarah.send("{not json")
        assert await sarah.close_code() == 1008
    for code in ("too_large", "rate_limited", "invalid_json"):
        assert strict.metric("workroom_refusals_total", code=code) > 0
    assert strict.metric("workroom_closes_total", code="1008") > 0


async def test_who_hangs_up_and_comes_back_is_not_better_off(strict: Server) -> None:
    url = strict.essay_url(1, strict.token("jane"))
    stop = {"action": "typing_stop", "essay_id": 1}
    async with python_client(url) as jane:
        await _alive(jane, 1)  # while her token is being checked, another limit holds
        for _ in range(100):
            await jane.send(stop)
    async with python_client(url) as jane:
        await _alive(jane, 1)
        for _ in range(400):  # more than the server lets through meanwhile, however slow all is
            await jane.send(stop)
        assert (await jane.next("error"))["error"] == "rate_limited"


async def test_a_flood_is_read_slowly_and_ends_with_1008(strict: Server) -> None:
    """What the flooder sends waits in its own socket; everybody else is served meanwhile."""
    async with (
        python_client(strict.essay_url(1, strict.token("emma"))) as emma,
        python_client(strict.essay_url(1, strict.token("jane"))) as jane,
    ):
        for client in (emma, jane):
            await _alive(client, 1)  # while a token is being checked, another limit holds
        flood = asyncio.ensure_future(_flood(emma))
        for _ in range(20):
            await _alive(jane, 1)
        assert await emma.close_code() == 1008
        await flood


async def _flood(client: Client) -> None:
    with contextlib.suppress(ConnectionClosed):
        for _ in range(20_000):
            await client.send({"action": "typing_start", "essay_id": 1})
