"""What stores in an SQL database promise beside the ports, on whatever server or file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from tests.ports.store_kit import (
    ANA,
    ESSAY,
    answer,
    append,
    new_user,
    outcome,
    outcomes,
    record,
    rights,
    summary,
    titles,
)
from workroom.adapters.store import queries
from workroom.adapters.store.sql_store import SqlStore
from workroom.core.people import Right
from workroom.core.search import Search
from workroom.errors import Unavailable
from workroom.ids import RoomKind, SessionId, essay_room
from workroom.ports.accounts import AccountStore
from workroom.ports.store import Append, Appended, AppendResult, Checkpoint, NotStored, RoomStore
from workroom.ports.tasks import TaskStore

Make = Callable[..., SqlStore]
"""A store on the database of the test, with these options; not open yet."""


class SqlStoreContract:
    """See ``SqlStore``. Fixtures: ``make``, and ``store``, which is open."""

    async def test_it_is_what_the_ports_ask_for(self, store: SqlStore) -> None:
        ports: tuple[RoomStore, AccountStore, TaskStore] = store, store, store
        assert ports

    async def test_everything_survives_a_restart(self, store: SqlStore, make: Make) -> None:
        emma = await store.create_user(new_user("emma", password_hash="$hash"))
        await store.open_session(SessionId("s"), emma.id, "first", 2_000_000_000)
        full = append(
            count=3,
            actor=emma.id,
            rights=rights(ana=Right.OWNER),
            answer=answer("r1", b"first"),
            checkpoint=Checkpoint(2, b"two"),
        )
        await outcome(store, full)
        given = await store.new_ids("essay", 3)
        before = await store.load(ESSAY)
        await store.close()

        again = make()
        await again.open()
        assert await again.load(ESSAY) == before
        assert await titles(again, ANA) == ["Title"]
        assert await again.answer(ANA, "r1") == b"first"
        assert await again.sessions_of(emma.id) == ["s"]
        account = await again.account_named("emma")
        assert account is not None
        assert account.password_hash == "$hash"
        assert (await again.new_ids("essay", 1)).start == given.stop
        assert (await again.create_user(new_user("ben"))).id != emma.id
        assert await outcome(again, append(expected=3)) == Appended(4)
        await again.close()

    async def test_a_search_through_many_titles_leaves_the_loop_to_others(
        self, store: SqlStore
    ) -> None:
        compared = longest = 0

        class Watched(Search):
            def finds(self, *texts: str) -> bool:
                nonlocal compared
                compared += 1
                return super().finds(*texts)

        async def others() -> None:
            nonlocal compared, longest
            while True:
                longest, compared = max(longest, compared), 0
                await asyncio.sleep(0)

        mine = rights(ana=Right.VIEW)
        rooms = [
            append(essay_room(number), summary=summary(f"e{number}", number), rights=mine)
            for number in range(1, 301)
        ]
        await outcomes(store, rooms)
        busy = asyncio.create_task(others())
        page = await store.rooms(RoomKind.ESSAY, ANA, limit=2, offset=1, search=Watched(("e",)))
        busy.cancel()

        assert [each.summary.title for each in page.rooms] == ["e299", "e298"]
        assert page.total == 300
        assert 0 < longest <= 50

    async def test_closing_stores_and_answers_what_was_handed_over(self, store: SqlStore) -> None:
        told: list[AppendResult] = []
        for expected in range(2_500):
            store.append(append(expected=expected), told.append)

        await store.close()

        assert told == [Appended(number + 1) for number in range(2_500)]

    @pytest.mark.parametrize("opened", [False, True])
    async def test_a_store_that_is_not_open_says_so(self, make: Make, *, opened: bool) -> None:
        store = make()
        if opened:
            await store.open()
            await store.close()

        assert isinstance(await outcome(store, append()), NotStored)
        for asked in (store.load(ESSAY), store.new_ids("essay", 1), store.check()):
            with pytest.raises(Unavailable, match="closed"):
                await asked
        await store.close()

    async def test_a_closed_store_can_be_opened_again(self, store: SqlStore) -> None:
        await outcome(store, append())
        await store.close()
        await store.open()

        assert await outcome(store, append(expected=1)) == Appended(2)

    async def test_a_value_that_cannot_be_stored_hurts_no_other_append(
        self, store: SqlStore, strange: Append
    ) -> None:
        """``strange`` goes to essay 2, with the answer ``r1``."""
        appends = [append(), strange, append(essay_room(2)), append(expected=1), append(expected=7)]

        results = await outcomes(store, appends)

        kinds = ["Appended", "NotStored", "Appended", "Appended", "Behind"]
        assert [type(each).__name__ for each in results] == kinds
        assert await store.answer(ANA, "r1") is None
        await store.check()

    async def test_a_write_that_fails_undoes_only_itself(self, store: SqlStore) -> None:
        def half_done(connection: Connection) -> None:
            queries.take_ids(connection, "essay", 5)
            raise LookupError

        both: Any = [store._access.write(half_done), store.new_ids("project", 1)]
        error, _ = await asyncio.gather(*both, return_exceptions=True)

        assert isinstance(error, LookupError)
        assert await store.new_ids("essay", 1) == range(1, 2)

    async def test_groups_are_bounded_and_nobody_is_forgotten(self, make: Make) -> None:
        store = make(most_appends=7, most_bytes=2_000)
        await store.open()
        chain = [append(expected=number) for number in range(100)]
        big = Append(essay_room(2), 0, (record(1, body=b"x" * 5_000),))

        results = await outcomes(store, [*chain, big, append(expected=100)])
        await store.close()

        assert results == [*(Appended(n + 1) for n in range(100)), Appended(1), Appended(101)]
