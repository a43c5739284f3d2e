"""A PostgreSQL server that crashes, stalls, is full or locked: told clearly, and passing (F3)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import asyncpg
import pytest

from tests.ports.store_kit import ESSAY, append, new_user, outcome
from tests.postgres_kit import Postgres, postgres
from workroom.adapters.store.postgres import PostgresStore
from workroom.adapters.store.postgres_server import Patience
from workroom.errors import Misconfigured, Unavailable
from workroom.ids import RoomId, essay_room
from workroom.ports.store import Appended, AppendResult, Behind, NotStored

HASTY = Patience(connecting=4.0, answering=4.0, locked=3.0, idling=1.5, doubting=4.0)
PATIENCE = 60.0
"""Seconds after which a store that ought to have recovered counts as broken."""

END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server of this module's own, that may be hurt."""
    with postgres(max_connections=12, superuser_reserved_connections=0) as made:
        yield made


@pytest.fixture
async def name(server: Postgres) -> str:
    if not server.running:
        server.start()
    return await server.new_database()


@pytest.fixture
async def store(server: Postgres, name: str) -> AsyncIterator[PostgresStore]:
    made = PostgresStore(server.url(name), name, connections=3, patience=HASTY)
    await made.open()
    yield made
    await made.close()


async def refusal(store: PostgresStore, head: int, room: RoomId = ESSAY) -> str:
    """The message with which the next entry is not stored."""
    result = await outcome(store, append(room, head))
    assert isinstance(result, NotStored), result
    assert result.error.retry.value == "later"
    return result.error.message


async def recovers(store: PostgresStore, head: int) -> None:
    """The next entry is stored, without a restart, and the store says that it is well."""
    async with asyncio.timeout(PATIENCE):
        while isinstance(result := await outcome(store, append(expected=head)), NotStored):
            await asyncio.sleep(0.02)  # as whoever waits for a database does
    assert result == Appended(head + 1)
    await store.check()
    assert await store.verify() == []


@dataclass
class Load:
    """Somebody who appends to many rooms at once, and notes what was confirmed."""

    store: PostgresStore
    heads: dict[RoomId, int] = field(
        default_factory=lambda: dict.fromkeys([essay_room(n) for n in range(1, 41)], 0)
    )
    refused: int = 0
    confirmed: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    async def run(self) -> None:
        await asyncio.gather(*map(self._write, self.heads))

    async def _write(self, room: RoomId) -> None:
        while not self.over:
            result: AppendResult = await outcome(self.store, append(room, self.heads[room]))
            match result:
                case Appended(seq=seq):
                    self.heads[room] = seq
                    self.confirmed += 1
                    if self.confirmed % 400 == 0:
                        self.enough.set()
                case Behind(head=head):
                    # Nobody else writes: it was stored when nobody could say so.
                    assert head == self.heads[room] + 1
                    self.heads[room] = head
                case NotStored(error=error):
                    assert error.retry.value == "later"
                    self.refused += 1
                    await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", ["immediate", "kill", "fast"])
async def test_a_server_that_crashes_under_load_loses_nothing_that_was_confirmed(
    server: Postgres, store: PostgresStore, how: str
) -> None:
    load = Load(store)
    working = asyncio.ensure_future(load.run())
    for _ in range(3):
        load.enough.clear()
        await load.enough.wait()
        await asyncio.to_thread(server.kill if how == "kill" else lambda: server.stop(how))
        refused = load.refused
        while load.refused < refused + 40:
            await asyncio.sleep(0.01)
        with pytest.raises(Unavailable):
            await store.check()
        await asyncio.to_thread(server.start)
    load.enough.clear()
    async with asyncio.timeout(PATIENCE):
        await load.enough.wait()
    load.over = True
    await working

    assert await store.heads(list(load.heads)) == load.heads
    assert await store.verify() == []


async def test_a_server_that_says_nothing_is_given_up_and_taken_up_again(
    server: Postgres, store: PostgresStore
) -> None:
    await outcome(store, append())
    server.stall()
    try:
        async with asyncio.timeout(PATIENCE):
            asked = [refusal(store, 1), refusal(store, 0, essay_room(2))]
            messages = await asyncio.gather(*asked)
            assert set(messages) <= {
                "The database did not answer in time",
                "The database cannot be reached",
            }
            for read in (store.load(ESSAY), store.check()):
                with pytest.raises(Unavailable):
                    await read
    finally:
        server.go_on()

    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(Unavailable):
                heads = await store.heads([ESSAY])
                break
    await recovers(store, heads[ESSAY])


@pytest.mark.parametrize("how", ["stall", "stop"])
async def test_a_store_is_closed_whatever_its_server_says(
    server: Postgres, name: str, how: str
) -> None:
    store = PostgresStore(server.url(name), name, connections=3, patience=HASTY)
    await store.open()
    await asyncio.gather(*(store.load(ESSAY) for _ in range(6)))
    await asyncio.to_thread(server.stall if how == "stall" else server.stop)
    try:
        async with asyncio.timeout(PATIENCE):
            await store.close()
    finally:
        await asyncio.to_thread(server.go_on if how == "stall" else server.start)


async def test_when_every_connection_is_taken_that_is_what_is_said(
    server: Postgres, store: PostgresStore, name: str
) -> None:
    await outcome(store, append())
    others = []
    with contextlib.suppress(asyncpg.TooManyConnectionsError):
        while True:
            others.append(await asyncpg.connect(server.url(name)))
    newcomer = PostgresStore(server.url(name), name, patience=HASTY)

    with pytest.raises(Unavailable, match="no free connection"):
        await newcomer.open()
    assert await outcome(store, append(expected=1)) == Appended(2)  # it has one

    for each in others:
        await each.close()
    await newcomer.open()
    assert await outcome(newcomer, append(expected=2)) == Appended(3)
    await newcomer.close()


async def test_a_database_that_takes_no_changes_is_read_on(
    server: Postgres, store: PostgresStore, name: str
) -> None:
    await outcome(store, append())
    await server.do(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await server.do(END_SESSIONS, name)

    assert "read-only" in await refusal(store, 1)
    with pytest.raises(Unavailable, match="read-only"):
        await store.create_user(new_user("emma"))
    with pytest.raises(Unavailable, match="read-only"):
        await store.check()
    assert len(await store.records(ESSAY, 0, 10)) == 1

    await server.do(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    await server.do(END_SESSIONS, name)
    await recovers(store, 1)


async def test_a_room_that_another_program_has_locked_is_told_and_passes(
    server: Postgres, store: PostgresStore, name: str
) -> None:
    await outcome(store, append())
    other = await asyncpg.connect(server.url(name))
    holding = other.transaction()
    await holding.start()
    await other.execute("SELECT * FROM rooms FOR UPDATE")

    assert await refusal(store, 1) == "The database is locked by another program"
    assert (await store.heads([ESSAY])) == {ESSAY: 1}

    await holding.rollback()
    await other.close()
    await recovers(store, 1)


async def test_a_node_that_stands_still_in_a_transaction_holds_up_the_others_for_a_moment_only(
    store: PostgresStore, name: str
) -> None:
    await outcome(store, append())
    paused = await store._server._connect()
    await paused.execute("BEGIN; SELECT * FROM rooms FOR UPDATE")

    assert await outcome(store, append(expected=1)) == Appended(2)

    gone = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
    with pytest.raises(gone):
        await paused.execute("UPDATE rooms SET seq = 99")
    await recovers(store, 2)


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("postgresql://tester@/nowhere?host={folder}", Misconfigured, "no such database"),
        ("postgresql://stranger@/postgres?host={folder}", Misconfigured, "not let this user in"),
        ("postgresql://a:geheim@127.0.0.1:1/x", Unavailable, "cannot be reached"),
        ("postgresql://a:geheim@/x?host=/nowhere", Unavailable, "cannot be reached"),
        ("postgresql://a:geheim@[::1/x", Misconfigured, "no address"),
        ("postgresql://a:geheim@h:port/x", Misconfigured, "no address"),
        ("postgresql://a:geheim@h/x?sslmode=perhaps", Misconfigured, "no address"),
    ],
)
async def test_a_database_that_cannot_be_opened_is_named_without_its_password(
    server: Postgres, name: str, url: str, error: type[Exception], words: str
) -> None:
    store = PostgresStore(url.format(folder=server.folder), "the database", patience=HASTY)

    with pytest.raises(error, match=words) as caught:
        await store.open()

    assert "the database" in str(caught.value)
    assert "geheim" not in str(caught.value)
    await store.close()
