"""Requests that cannot be, programs that give up, and servers that say nonsense."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.net.live import PATIENCE, Server, running
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from workroom.client import Project, Workroom, connect, events
from workroom.client.errors import NoToken, TimedOut
from workroom.client.wire import ESSAYS, PROJECTS, Refusal
from workroom.errors import TooLarge

MiB = 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("client")) as found:
        yield found


@contextlib.asynccontextmanager
async def jane(server: Server, **more: Any) -> AsyncIterator[Workroom]:
    async with connect(server.http, token=server.token("jane"), **more) as workroom:
        yield workroom


# ---- requests that cannot be


@pytest.mark.parametrize("value", [datetime(2026, 1, 1, tzinfo=UTC), float("nan"), b"bytes"])
async def test_what_json_cannot_say_is_refused_at_once_and_stands_in_nobodys_way(
    server: Server, value: Any
) -> None:
    async with jane(server) as workroom:
        early, project = workroom.project(123), await workroom.project(123)
        assert early is project
        with pytest.raises((TypeError, ValueError)):
            await project.update(metadata={"when": value})
        await project.update(metadata={"when": "now"})


async def test_also_before_there_is_a_connection(server: Server) -> None:
    async with jane(server) as workroom:
        project = workroom.project(123)
        with pytest.raises(TypeError):
            await project.update(metadata={"when": datetime(2026, 1, 1, tzinfo=UTC)})
        assert (await project).status == "live"


async def test_a_text_that_is_no_text_is_refused_at_once(server: Server) -> None:
    async with jane(server) as workroom:
        essay = await workroom.essay(1)
        with pytest.raises(TypeError):
            await essay.save(b"bytes")  # type: ignore[arg-type]
        await essay.save(f"{essay.text} Words.")


async def test_a_message_over_the_limit_is_refused_and_the_next_one_goes_through(
    server: Server,
) -> None:
    async with jane(server, timeout=60) as workroom:
        essay, project = await workroom.essay(1), await workroom.project(123)
        before = essay.version.text
        too_long, _ = await asyncio.gather(
            essay.save("x" * 2 * MiB),
            essay.save(f"{before} Written meanwhile."),
            return_exceptions=True,
        )
        assert isinstance(too_long, TooLarge)
        assert essay.text == f"{before} Written meanwhile."
        small = asyncio.ensure_future(project.update(metadata={"size": "small"}))
        with pytest.raises(TooLarge, match="at most 1048576 bytes"):
            await project.update(description="x" * 2 * MiB)
        await small


async def test_half_a_range_is_refused(server: Server) -> None:
    async with jane(server) as workroom:
        essay = await workroom.essay(1)
        for place in ({"start": 1}, {"end": 1}, {"on": "hospital", "start": 1}):
            with pytest.raises(ValueError, match="start and end"):
                await essay.comment("Where?", **place)


# ---- programs that give up


async def test_whoever_gives_up_opening_a_room_does_not_close_it_for_others(
    server: Server,
) -> None:
    may = asyncio.Event()

    async def token() -> str:
        await may.wait()
        return server.token("jane")

    async with connect(server.http, token=token) as workroom:
        room = workroom.essay(1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await room
        assert room.status == "closed"

        room = workroom.essay(1)
        first, second = (asyncio.ensure_future(room._opened()) for _ in range(2))
        reading = asyncio.ensure_future(first_change(workroom.project(123)))
        opening = asyncio.ensure_future(workroom.project(123)._opened())
        await asyncio.sleep(0)
        for each in (first, opening):
            each.cancel()
        await asyncio.wait([first, opening])
        may.set()
        assert (await second).status == "live"
        assert (await reading).changes.title == "Colours of the Harbour"


async def test_whoever_waits_for_a_room_takes_nothing_from_its_follower(server: Server) -> None:
    given_out: list[Any] = [None, server.token("jane")]
    async with (
        asyncio.timeout(PATIENCE),
        connect(server.http, token=lambda: given_out.pop(0)) as workroom,
    ):
        room = workroom.essay(1)
        seen: list[Any] = [await anext(room)]
        assert seen[0].status == "offline"

        await room  # while the follower is busy with its first event
        while seen[-1] != events.StatusChanged("live"):
            seen.append(await anext(room))

        assert [it.seq for it in seen if isinstance(it, events.EssayUpdate)] == [room.version.seq]
        told = [it.feedback.id for it in seen if isinstance(it, events.NewFeedback)]
        assert told == list(room.feedback)


async def test_whoever_gives_up_opening_a_room_leaves_it_to_its_follower(server: Server) -> None:
    given_out: list[Any] = [None, server.token("jane")]
    async with (
        asyncio.timeout(PATIENCE),
        connect(server.http, token=lambda: given_out.pop(0)) as workroom,
    ):
        room = workroom.essay(1)
        await anext(room)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await room
        assert room.status == "offline"
        while await anext(room) != events.StatusChanged("live"):
            pass


async def first_change(project: Project) -> events.ProjectUpdated:
    """What is told of the fields first."""
    async for event in project:
        if isinstance(event, events.ProjectUpdated):
            return event
    raise AssertionError("the project was closed")


async def test_a_token_that_is_none_is_told_and_asked_for_again(server: Server) -> None:
    given_out: list[Any] = [None, server.token("jane")]
    async with connect(server.http, token=lambda: given_out.pop(0)) as workroom:
        assert (await workroom.essay(1)).status == "live"
    async with connect(server.http, token=lambda: None, timeout=2) as workroom:  # type: ignore[arg-type,return-value]
        with pytest.raises((TimedOut, NoToken), match="token"):
            await workroom.essay(1)


# ---- servers that say nonsense


async def test_a_server_that_says_twice_when_to_come_back_is_asked_again() -> None:
    asked = 0

    def busy(connection: ServerConnection, _: Request) -> Response:
        nonlocal asked
        asked += 1
        response = connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "")
        for seconds in ("0", "0"):
            response.headers["Retry-After"] = seconds
        return response

    async def stay(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with serve(stay, "127.0.0.1", 0, process_request=busy) as bad:
        address = f"http://127.0.0.1:{bad.sockets[0].getsockname()[1]}"
        async with connect(address, token="t") as workroom:
            room = workroom.essay(1)
            async with asyncio.timeout(9):  # before silence would be noticed
                while asked < 2:
                    await anext(room)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)
KEYS = ("error", "code", "message", "retry", "retry_after", "request_id", "seq", "essay_id")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, VALUES)))
@example({"retry": ["never"]})
@example({"retry_after": 10**400})
def test_an_error_of_any_shape_is_read(body: dict[str, Any]) -> None:
    for text, wire in (
        (json.dumps({**body, "type": "error"}), ESSAYS),
        (json.dumps({"type": "error", "payload": body}), PROJECTS),
    ):
        found = wire.read(text)
        assert isinstance(found, Refusal)
        after = found.problem.retry_after
        assert after is None or 0 <= after <= 86_400
