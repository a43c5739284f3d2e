"""Against the real server, over real sockets; it is killed while programs write."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from tests.free_ports import free_port
from tests.net.live import PATIENCE, Server, running
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from workroom.client import Essay, Project, Workroom, connect, events, sync
from workroom.client.errors import Closed, ConnectionRefused, NoToken, PermissionDenied, TimedOut

WORDS = "turns into a hospital"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("client")) as found:
        yield found


@contextlib.asynccontextmanager
async def clients(server: Server, *users: str) -> AsyncIterator[list[Workroom]]:
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(connect(server.http, token=server.token(user)))
            for user in users
        ]


def fresh_essay(server: Server, content: str) -> int:
    """An essay of Emma's, in which Jane may write."""
    status, made = server.rest("POST", "/api/essays/", "emma", {"title": "T", "content": content})
    assert status == 201
    path = f"/api/essays/{made['id']}/collaborators/2/"
    assert server.rest("PUT", path, "emma", {"rights": "edit"})[0] in {200, 201}
    return int(made["id"])


async def until(room: Essay | Project, so: Callable[[], bool]) -> None:
    """Wait for events until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not so():
            await anext(room)


async def test_an_essay_is_known_when_it_is_open(server: Server) -> None:
    async with clients(server, "emma") as (workroom,):
        essay = await workroom.essay(1)
        assert essay.status == "live"
        assert essay.rights == "owner"
        assert WORDS in essay.text
        assert [person.name for person in essay.people.values()] == ["Emma Brown"]
        assert {essay.marked(it) for it in essay.feedback.values()} == {
            it.quote for it in essay.feedback.values()
        }
        assert await workroom.essay(1) is essay


async def test_two_programs_that_save_at_once_both_keep_their_words(server: Server) -> None:
    number = fresh_essay(server, "Middle.")
    async with clients(server, "emma", "jane") as (hers, janes):
        one, two = await hers.essay(number), await janes.essay(number)
        for count in range(10):
            await asyncio.gather(
                one.save(f"Emma{count}. {one.text}"), two.save(f"{two.text} Jane{count}.")
            )
        await until(one, lambda: one.text.count("Jane") == 10)
        await until(two, lambda: two.text == one.text)
        for count in range(10):
            assert one.text.count(f"Emma{count}.") == one.text.count(f"Jane{count}.") == 1
    assert server.rest("GET", f"/api/essays/{number}/", "emma")[1]["content"] == one.text


async def test_a_program_that_thinks_long_undoes_nobodys_work(server: Server) -> None:
    number = fresh_essay(server, "teh cat sat")
    async with clients(server, "emma", "jane") as (hers, janes):
        one, two = await hers.essay(number), await janes.essay(number)
        thinking = one.version
        await two.save("teh cat sat down")
        await until(one, lambda: one.text == "teh cat sat down")
        await one.save(thinking.text.replace("teh", "the"), base=thinking)
        await until(two, lambda: two.text == "the cat sat down")


async def test_commenting_meanwhile_does_not_change_what_a_save_is_made_from(
    server: Server,
) -> None:
    number = fresh_essay(server, "teh cat sat")
    async with clients(server, "emma", "jane") as (hers, janes):
        one, two = await hers.essay(number), await janes.essay(number)
        thinking = one.text
        await two.save("teh cat sat down")
        # Feedback comes behind the text, which is no longer the one that was looked at.
        made = await two.comment("Where?", on="down")
        async with asyncio.timeout(PATIENCE):
            while made not in one.feedback:
                await one.request("typing_stop")
        await one.comment("Typo.", on="teh")
        await one.save(thinking.replace("teh", "the"))
        await until(two, lambda: two.text == "the cat sat down")


async def test_a_comment_is_on_its_words_for_everybody(server: Server) -> None:
    number = fresh_essay(server, "👋 It turns into a hospital.")
    async with clients(server, "emma", "jane") as (hers, janes):
        one, two = await hers.essay(number), await janes.essay(number)
        made = await two.comment("A fine picture.", type="style", on=WORDS)
        await until(one, lambda: made in one.feedback)
        assert one.marked(one.feedback[made]) == WORDS == one.feedback[made].quote
        reply = await one.reply(made, "Thank you.")
        await one.resolve(made)
        await until(two, lambda: two.feedback[made].status == "resolved")
        assert [(it.id, it.comment) for it in two.feedback[made].replies] == [(reply, "Thank you.")]
        with pytest.raises(ValueError, match="0 times"):
            await two.comment("Where?", on="not there")


async def test_what_is_not_allowed_raises_its_code(server: Server) -> None:
    async with clients(server, "mike") as (workroom,):
        essay = await workroom.essay(1)
        with pytest.raises(PermissionDenied) as refused:
            await essay.save("Mine now.")
        assert refused.value.code == "permission_denied"
        assert essay.text != "Mine now."
        for ask in (workroom.essay, workroom.project):
            with pytest.raises(PermissionDenied):
                await ask(999)


async def test_a_projects_fields_change_for_everybody(server: Server) -> None:
    async with clients(server, "emma", "jane") as (hers, janes):
        one, two = await hers.project(123), await janes.project(123)
        await two.update(metadata={"stage": "hanging"})
        await until(one, lambda: one.fields["metadata"].get("stage") == "hanging")
        assert one.fields["title"] == "Colours of the Harbour"
        assert {person.username for person in one.people.values()} == {"emma", "jane"}


async def test_tokens_come_from_a_function_also_when_one_was_refused(server: Server) -> None:
    tokens = ["no.token", server.token("emma")]

    async def token() -> str:
        return tokens.pop(0)

    async with connect(server.http, token=token) as workroom:
        assert (await workroom.essay(1)).rights == "owner"
    async with connect(server.http, token="no token\r\nX: y") as workroom:
        with pytest.raises(NoToken):
            await workroom.essay(1)


async def test_a_token_is_renewed_before_it_ends(tmp_path: Path) -> None:
    with running(tmp_path, WORKROOM_ACCESS_LIFETIME="62") as server:
        asked = asyncio.Queue[int]()

        async def token() -> str:
            asked.put_nowait(1)
            return await asyncio.to_thread(lambda: server.cli("token", "emma").strip())

        async with connect(server.http, token=token) as workroom:
            essay = await workroom.essay(1)
            async with asyncio.timeout(PATIENCE):
                await asked.get()
                await asked.get()
            await essay.save(f"{essay.text} Still here.")


async def test_closing_does_not_wait_for_a_token_that_never_comes(server: Server) -> None:
    async with connect(server.http, token=asyncio.Event().wait, timeout=0.1) as workroom:  # type: ignore[arg-type]
        with pytest.raises(TimedOut):
            await workroom.essay(1)


async def test_a_loop_over_feedback_may_change_it(server: Server) -> None:
    number = fresh_essay(server, "One two three.")
    async with clients(server, "emma") as (workroom,):
        essay = await workroom.essay(number)
        for words in ("One", "two", "three"):
            await essay.comment("Why?", on=words)
        await until(essay, lambda: len(essay.feedback) == 3)
        for made in essay.feedback:
            await essay.request("delete_feedback", feedback_id=made)
        await until(essay, lambda: not essay.feedback)


async def test_no_token_is_written_into_a_log(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with clients(server, "emma") as (workroom,):
        await workroom.essay(1)
    assert server.token("emma") not in caplog.text


async def test_a_server_that_is_not_there_is_a_timeout_with_its_reason() -> None:
    async with connect("http://127.0.0.1:1", token="t", timeout=2) as workroom:
        with pytest.raises(TimedOut, match="Connect call failed"):
            await workroom.essay(1)


async def test_a_token_is_not_taken_to_another_server() -> None:
    arrived: list[Headers] = []

    def note(_: ServerConnection, request: Request) -> None:
        arrived.append(request.headers)

    async def stay(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with serve(stay, "127.0.0.1", 0, process_request=note) as bad:
        elsewhere = f"ws://127.0.0.1:{bad.sockets[0].getsockname()[1]}/"

        def send_on(connection: ServerConnection, _: Request) -> Response:
            response = connection.respond(HTTPStatus.FOUND, "")
            response.headers["Location"] = elsewhere
            return response

        async with serve(stay, "127.0.0.1", 0, process_request=send_on) as first:
            address = f"http://127.0.0.1:{first.sockets[0].getsockname()[1]}"
            async with connect(address, token="secret.token", timeout=PATIENCE) as workroom:
                with pytest.raises(ConnectionRefused, match="302"):
                    await workroom.essay(1)
    assert arrived == []


async def test_closing_waits_for_none_of_the_questions_for_a_token() -> None:
    """One was asked because the token would end, and is unanswered when it has ended."""
    asked: list[None] = []

    async def token() -> str:
        asked.append(None)
        if len(asked) > 1:
            await asyncio.Event().wait()
        return "t"

    async def end(socket: ServerConnection) -> None:
        await socket.send('{"type": "token_expiring", "seconds": 60}')
        await socket.close(4401)

    speaks: Any = ["workroom.v1"]
    async with serve(end, "127.0.0.1", 0, subprotocols=speaks) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        workroom = connect(address, token=token, timeout=3)
        with pytest.raises(TimedOut):
            await workroom.essay(1)
        assert len(asked) == 2
        await asyncio.wait_for(workroom.close(), PATIENCE)


async def test_closing_ends_what_waits_and_what_iterates(server: Server) -> None:
    async with clients(server, "emma") as (workroom,):
        essay = await workroom.essay(1)

        async def follow() -> list[Any]:
            return [event async for event in essay]

        following = asyncio.ensure_future(follow())
        await essay.close()
        assert (await asyncio.wait_for(following, PATIENCE))[-1] == events.StatusChanged("closed")
        with pytest.raises(Closed):
            await essay.save("too late")
        again = await workroom.essay(1)
        assert again is not essay
        assert again.status == "live"


@pytest.mark.timeout(300)  # four starts of a server
async def test_nothing_is_lost_or_doubled_when_the_server_is_killed(tmp_path: Path) -> None:
    with running(tmp_path, WORKROOM_PORT=str(free_port())) as server:
        number = fresh_essay(server, "Start.")
        tokens = {user: server.token(user) for user in ("emma", "jane")}
        async with (
            connect(server.http, token=tokens["emma"], timeout=60) as hers,
            connect(server.http, token=tokens["jane"], timeout=60) as janes,
        ):
            one, two = await hers.essay(number), await janes.essay(number)
            comments = []
            for life in range(3):
                writing = asyncio.gather(
                    *(write(essay, f"w{life}{name}") for essay, name in ((one, "a"), (two, "b")))
                )
                await until(one, lambda life=life: f"w{life}a4x" in one.text)  # type: ignore[misc]
                server.stop(signal.SIGKILL)
                comments.append(asyncio.ensure_future(one.comment(f"life {life}")))
                await asyncio.to_thread(server.start)
                await writing
            assert len(set(await asyncio.gather(*comments))) == 3
            await until(one, lambda: one.text == two.text or not two.text)
            await until(two, lambda: two.text == one.text)
        said = server.rest("GET", f"/api/essays/{number}/feedback/", "emma")[1]["results"]
        content = server.rest("GET", f"/api/essays/{number}/", "emma")[1]["content"]
        assert sorted(it["comment"] for it in said) == ["life 0", "life 1", "life 2"]
        assert content == one.text
        for life in range(3):
            for word in (f"w{life}{name}{count}x" for name in "ab" for count in range(10)):
                assert content.count(word) == 1, word


async def write(essay: Essay, name: str) -> None:
    for count in range(10):
        await essay.save(f"{essay.text} {name}{count}x")


def test_the_same_without_async(server: Server) -> None:
    number = fresh_essay(server, "Start.")
    with (
        sync.connect(server.http, token=server.token("emma")) as hers,
        sync.connect(server.http, token=server.token("jane")) as janes,
    ):
        one, two = hers.essay(number), janes.essay(number)
        seq = one.save(f"{one.text} Written by a program.")
        for event in two:
            if isinstance(event, events.EssayUpdate) and event.seq == seq:
                break
        assert two.text == "Start. Written by a program."
        made = two.comment("Really?", on="by a program")
        while made not in one.feedback:
            one.next_event(timeout=PATIENCE)
        assert one.marked(one.feedback[made]) == "by a program"
        with pytest.raises(PermissionDenied):
            hers.essay(999)
        project = hers.project(123)
        assert project.fields["title"] == "Colours of the Harbour"
    assert one.status == "closed"
    with pytest.raises(Closed):
        one.save("too late")


def test_whoever_asks_while_another_thread_closes_gets_an_answer() -> None:
    workroom = sync.connect("http://127.0.0.1:1", token="t", timeout=None)
    asking = threading.Event()

    def ask() -> None:
        asking.set()
        for _ in range(300):
            with pytest.raises(Closed):
                workroom.essay(1)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    asking.wait()
    workroom.close()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
