"""Trouble with the database server, seen by people who are connected (F3).

An edit that cannot be stored is refused, never shown to anybody; connections stay; what is in
memory is read on; readiness says so; and when the database is back everything goes on by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.net.live import PATIENCE, Client, Server, python_client, running
from tests.postgres_kit import Postgres, postgres

EXTENDED = ["workroom.v1"]
MARKER = "Marker-Geheim-4711"


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    """A server of this module's own, that may be hurt."""
    with postgres() as made:
        yield made


@pytest.fixture
async def address(database: Postgres) -> str:
    name = await database.new_database()
    return database.url(name).replace("tester@", f"tester:{MARKER}@")


@pytest.fixture
def server(tmp_path: Path, address: str) -> Iterator[Server]:
    environment = {
        "WORKROOM_DATABASE": address,
        "WORKROOM_UPDATE_CONFIRM_AFTER": "0.2",
        "WORKROOM_LOG_LEVEL": "debug",
    }
    with running(tmp_path, **environment) as server:
        yield server


async def _edit(client: Client, content: str) -> dict[str, object]:
    request = {"action": "update_essay", "essay_id": 1, "content": content, "request_id": content}
    await client.send(request)
    while True:
        message = await client.next()
        if message.get("request_id") == content:
            return message


TROUBLES: dict[str, tuple[Callable[[Postgres], None], Callable[[Postgres], None]]] = {
    "crashed": (lambda database: database.stop("immediate"), Postgres.start),
    "killed": (Postgres.kill, Postgres.start),
    "stalled": (Postgres.stall, Postgres.go_on),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_without_its_database_a_server_refuses_edits_and_keeps_everybody(
    server: Server, database: Postgres, trouble: str
) -> None:
    begin, end = TROUBLES[trouble]
    emma = server.essay_url(1, server.token("emma"))
    jane = server.essay_url(1, server.token("jane"))
    async with (
        python_client(emma, protocols=EXTENDED) as writer,
        python_client(jane) as reader,
    ):
        await reader.send({"action": "subscribe_essay", "essay_id": 1})
        await reader.next("essay_update")
        assert (await _edit(writer, "Stored before"))["type"] == "ack"
        assert (await reader.next("essay_update"))["content"] == "Stored before"
        assert server.rest("GET", "/readyz")[0] == 200
        await asyncio.to_thread(begin, database)
        try:
            refused = await _edit(writer, "Not stored")
            assert (refused["error"], refused["retry"]) == ("unavailable", "later")
            await reader.send({"action": "subscribe_essay", "essay_id": 1})
            assert (await reader.next("essay_update"))["content"] == "Stored before"
            await reader.send({"action": "typing_start", "essay_id": 1})
            assert (await writer.next("typing_start"))["user"]["id"] == 2
            status, problem = await asyncio.to_thread(server.rest, "GET", "/readyz")
            assert (status, problem["code"]) == (503, "unavailable")
            assert "database" in problem["detail"]
        finally:
            await asyncio.to_thread(end, database)
        async with asyncio.timeout(PATIENCE):
            while (await _edit(writer, "Stored after"))["type"] != "ack":
                await asyncio.sleep(0.1)  # as ``retry: later`` says
        assert (await reader.next("essay_update"))["content"] in {"Stored after", "Not stored"}
        assert (await asyncio.to_thread(server.rest, "GET", "/readyz"))[0] == 200
        assert not writer.closed.done()
        assert not reader.closed.done()
    server.kill()
    server.start()
    assert server.rest("GET", "/api/essays/1/", "emma")[1]["content"] == "Stored after"
    assert "is whole" in server.cli("db", "check")
    assert MARKER not in "".join(server.output)


def test_neither_the_password_of_the_database_nor_a_text_is_shown_anywhere(
    database: Postgres, address: str, tmp_path: Path
) -> None:
    text = "Words-Of-An-Essay-4711"
    loud = {"WORKROOM_DATABASE": address, "WORKROOM_LOG_LEVEL": "debug"}
    with running(tmp_path, **loud) as server:
        assert server.rest("PATCH", "/api/essays/1/", "emma", {"content": text})[0] == 200
        seen = [server.cli("db", "upgrade"), server.cli("db", "check")]
        database.stop("fast")
        try:
            paths = ("/readyz", "/metrics", "/api/essays/", "/api/users/me/")
            seen += [str(server.rest("GET", path, "emma")) for path in paths]
            for command in (("db", "check"), ("db", "upgrade"), ("serve",)):
                with pytest.raises(AssertionError, match="cannot be reached") as refused:
                    server.cli(*command)
                seen.append(str(refused.value))
        finally:
            database.start()
        server.stop()
        seen += server.output
    files = [each for each in tmp_path.rglob("*") if each.is_file()]
    seen += [each.read_text(errors="replace") for each in files]

    assert any("sqlalchemy" in line for line in seen)
    assert [line for line in seen if MARKER in line or text in line] == []
