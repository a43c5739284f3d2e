"""What every store of rooms promises; each adapter's test module runs this class on its own."""

from __future__ import annotations

import asyncio
import itertools
import threading
from dataclasses import replace

import pytest

from tests.ports.lists_contract import (
    CanvasContract,
    CheckpointContract,
    DeletedRoomContract,
    HeadContract,
    ListContract,
    LookUpContract,
    MilestoneContract,
)
from tests.ports.store_kit import (
    ANA,
    BEN,
    ESSAY,
    Store,
    answer,
    append,
    outcome,
    outcomes,
    record,
    rights,
    summary,
    titles,
)
from workroom.core.people import Right
from workroom.ids import (
    MAX_ID,
    FeedbackId,
    RoomKind,
    UserId,
    essay_room,
    project_room,
)
from workroom.ports.store import (
    AlreadyDone,
    Append,
    Appended,
    AppendResult,
    Behind,
    Checkpoint,
    NotStored,
    new_line,
)


class LogContract:
    """Appending, and reading back."""

    async def test_a_room_that_never_was_is_none_and_has_no_entries(self, store: Store) -> None:
        assert await store.load(ESSAY) is None
        assert await store.records(ESSAY, 0, 10) == []

    async def test_what_was_appended_is_read_back_exactly(self, store: Store) -> None:
        first = record(1, kind="essay_created", body="{“ü”: 1}".encode(), update=None)
        second = record(2, BEN, at=1_800_000_000_123, body=bytes(range(256)), update=b"")

        assert await outcome(store, Append(ESSAY, 0, (first, second), summary())) == Appended(2)

        room = await store.load(ESSAY)
        assert room is not None
        assert (room.room, room.seq, room.checkpoint) == (ESSAY, 2, None)
        assert room.records == (first, second)
        assert await store.records(ESSAY, 0, 10) == [first, second]

    async def test_numbers_up_to_the_largest_id_are_kept_exactly(self, store: Store) -> None:
        room = project_room(MAX_ID)
        entry = record(1, UserId(MAX_ID), at=MAX_ID)

        assert await outcome(store, Append(room, 0, (entry,), summary())) == Appended(1)

        assert await store.records(room, 0, 1) == [entry]

    async def test_a_large_entry_is_kept(self, store: Store) -> None:
        entry = record(1, body=b"x" * 2**20, update=bytes(2**20))

        assert await outcome(store, Append(ESSAY, 0, (entry,), summary())) == Appended(1)

        assert await store.records(ESSAY, 0, 1) == [entry]

    async def test_large_and_small_entries_are_read_together(self, store: Store) -> None:
        sizes = (10, 16_383, 16_384, 16_385, 100_000, 0)
        log = [record(n, body=bytes(size), update=b"u") for n, size in enumerate(sizes, start=1)]
        await outcome(store, Append(ESSAY, 0, tuple(log), summary()))

        assert await store.records(ESSAY, 0, 10) == log

    async def test_texts_are_kept_whatever_is_in_them(self, store: Store) -> None:
        for number, text in enumerate(("\u2028\x01\x7f", "'\"\\u0000\n", "🧑‍🎓 שלום"), 1):
            room = essay_room(number)
            shown = summary(text, prompt=text, nested={"list": [text, None, 1.5, True]})
            entry = record(1, body=text.encode())
            given = answer(f"r{text}", text.encode())
            whole = Append(room, 0, (entry,), shown, rights=rights(ana=Right.VIEW), answer=given)
            assert await outcome(store, whole) == Appended(1)

            page = await store.rooms(RoomKind.ESSAY, ANA, limit=10, offset=0)
            assert shown in [each.summary for each in page.rooms]
            assert await store.records(room, 0, 1) == [entry]
            assert await store.answer(ANA, f"r{text}") == text.encode()

    async def test_essay_1_and_project_1_are_two_rooms(self, store: Store) -> None:
        both = [append(essay_room(1), count=2), append(project_room(1))]

        assert await outcomes(store, both) == [Appended(2), Appended(1)]

        essay, project = await store.load(essay_room(1)), await store.load(project_room(1))
        assert essay is not None
        assert project is not None
        assert (essay.seq, project.seq) == (2, 1)

    async def test_records_are_given_in_order_after_a_number_and_up_to_a_limit(
        self, store: Store
    ) -> None:
        await outcome(store, append(count=20))

        assert [each.seq for each in await store.records(ESSAY, 7, 5)] == [8, 9, 10, 11, 12]
        assert await store.records(ESSAY, 20, 5) == []

    async def test_a_long_log_is_loaded_whole(self, store: Store) -> None:
        await outcome(store, append(count=4_500))

        room = await store.load(ESSAY)

        assert room is not None
        assert [each.seq for each in room.records] == list(range(1, 4_501))


class CompareAndAppendContract:
    """``expected``, request ids, and what one append does to others."""

    async def test_only_the_next_number_is_taken(self, store: Store) -> None:
        await outcome(store, append(count=3))

        for expected in (0, 1, 2, 4, 100):
            assert await outcome(store, append(expected=expected)) == Behind(3)
        assert await outcome(store, append(expected=3)) == Appended(4)

    async def test_a_room_begins_with_number_one(self, store: Store) -> None:
        assert await outcome(store, append(expected=5)) == Behind(0)
        assert await store.load(ESSAY) is None

    async def test_entries_with_other_numbers_than_they_should_have_are_not_stored(
        self, store: Store
    ) -> None:
        result = await outcome(store, Append(ESSAY, 0, (record(1), record(3)), summary()))

        assert isinstance(result, NotStored)
        assert await store.load(ESSAY) is None

    async def test_what_was_built_on_an_append_that_is_behind_is_behind_even_where_it_would_fit(
        self, store: Store
    ) -> None:
        await outcome(store, append())
        line = new_line()

        # Somebody else has the number 2 by now; the second builds on another entry of that number.
        theirs, mine, more = append(expected=1), append(expected=1), append(expected=2)
        lost, built_on_it = replace(mine, line=line), replace(more, line=line)

        assert await outcomes(store, [theirs, lost]) == [Appended(2), Behind(2)]
        assert await outcome(store, built_on_it) == Behind(2)
        assert await outcome(store, replace(more, line=new_line())) == Appended(3)

    async def test_in_one_transaction_too(self, store: Store) -> None:
        await outcome(store, append(count=2))
        line = new_line()

        lost, built_on_it = append(expected=1, line=line), append(expected=2, line=line)

        assert await outcomes(store, [lost, built_on_it]) == [Behind(2), Behind(2)]

    async def test_what_builds_on_a_request_that_was_done_before_is_behind(
        self, store: Store
    ) -> None:
        await outcome(store, append(answer=answer("r1", b"first")))
        line = new_line()

        again = append(expected=1, line=line, answer=answer("r1", b"second"))

        results = await outcomes(store, [again, append(expected=1, line=line)])
        assert results == [AlreadyDone(b"first"), Behind(1)]

    async def test_an_append_that_is_behind_leaves_no_trace(self, store: Store) -> None:
        await outcome(store, append(rights=rights(ana=Right.OWNER)))

        late = append(
            expected=7,
            actor=BEN,
            summary=summary("New"),
            rights=rights(ben=Right.EDIT),
            feedback_added=(FeedbackId(9),),
            answer=answer("r1"),
            checkpoint=Checkpoint(1, b"new"),
        )
        assert await outcome(store, late) == Behind(1)

        room = await store.load(ESSAY)
        assert room is not None
        assert (room.seq, room.checkpoint) == (1, None)
        assert await titles(store, ANA) == ["Title"]
        assert await titles(store, BEN) == []
        assert await store.essay_of_feedback(FeedbackId(9)) is None
        assert await store.answer(ANA, "r1") is None

    async def test_a_request_is_carried_out_once_and_gets_its_first_answer_again(
        self, store: Store
    ) -> None:
        assert await outcome(store, append(answer=answer("r1", b"first"))) == Appended(1)

        for expected in (0, 1, 9):
            again = append(expected=expected, answer=answer("r1", b"second"))
            assert await outcome(store, again) == AlreadyDone(b"first")
        assert await store.answer(ANA, "r1") == b"first"
        assert len(await store.records(ESSAY, 0, 10)) == 1

    async def test_a_request_sent_twice_at_once_is_carried_out_once(self, store: Store) -> None:
        twice = [
            append(answer=answer("r1", b"first")),
            append(expected=1, answer=answer("r1", b"second")),
        ]

        assert await outcomes(store, twice) == [Appended(1), AlreadyDone(b"first")]

    async def test_a_request_in_another_room_is_the_same_request(self, store: Store) -> None:
        await outcome(store, append(answer=answer("r1", b"first")))

        elsewhere = append(essay_room(2), answer=answer("r1", b"second"))

        assert await outcome(store, elsewhere) == AlreadyDone(b"first")
        assert await store.load(essay_room(2)) is None

    async def test_two_users_may_use_the_same_request_id(self, store: Store) -> None:
        both = [
            append(answer=answer("r1", b"a", ANA)),
            append(expected=1, answer=answer("r1", b"b", BEN)),
        ]

        assert await outcomes(store, both) == [Appended(1), Appended(2)]

        assert await store.answer(ANA, "r1") == b"a"
        assert await store.answer(BEN, "r1") == b"b"

    async def test_an_append_that_fails_fails_those_behind_it_in_its_room_and_no_others(
        self, store: Store
    ) -> None:
        other = essay_room(2)
        results = await outcomes(
            store,
            [
                append(other),
                append(expected=1),  # the room has no entry yet
                append(other, 1),
                append(expected=2),
                append(other, 2),
            ],
        )

        assert results == [Appended(1), Behind(0), Appended(2), Behind(0), Appended(3)]

    async def test_an_append_without_entries_stores_what_else_it_has(self, store: Store) -> None:
        await outcome(store, append(count=2))

        bare = Append(ESSAY, 2, (), checkpoint=Checkpoint(2, b"two"), answer=answer("r1"))

        assert await outcome(store, bare) == Appended(2)
        room = await store.load(ESSAY)
        assert room is not None
        assert (room.seq, room.checkpoint, room.records) == (2, Checkpoint(2, b"two"), ())
        assert await store.answer(ANA, "r1") == b'"done"'

    async def test_an_append_without_entries_makes_no_room(self, store: Store) -> None:
        bare = Append(ESSAY, 0, (), summary(), rights=rights(ana=Right.OWNER), answer=answer("r1"))

        assert await outcome(store, bare) == Appended(0)

        assert await store.load(ESSAY) is None
        assert await titles(store, ANA) == []
        assert await titles(store, None) == []
        assert await store.answer(ANA, "r1") == b'"done"'
        assert await outcome(store, append()) == Appended(1)


class DeliveryContract:
    """When, where and in which order results come."""

    async def test_results_come_later_and_on_the_loops_thread(self, store: Store) -> None:
        seen: list[threading.Thread] = []
        told = asyncio.Event()

        def done(_: AppendResult) -> None:
            seen.append(threading.current_thread())
            told.set()

        store.append(append(), done)
        assert seen == []
        await told.wait()

        assert seen == [threading.current_thread()]

    async def test_a_chain_of_appends_needs_no_waiting_in_between(self, store: Store) -> None:
        chain = [append(expected=number) for number in range(500)]

        assert await outcomes(store, chain) == [Appended(number + 1) for number in range(500)]

    async def test_many_rooms_at_once_keep_each_its_own_order(self, store: Store) -> None:
        rooms = [essay_room(number) for number in range(1, 101)]
        finished = asyncio.Event()
        told: dict[int, list[int]] = {room.number: [] for room in rooms}
        left = itertools.count(100 * 30 - 1, -1)

        def hand_over(number: int, expected: int) -> None:
            def done(result: AppendResult) -> None:
                assert isinstance(result, Appended)
                told[number].append(result.seq)
                if next(left) == 0:
                    finished.set()

            store.append(append(essay_room(number), expected), done)

        for expected in range(30):
            for room in rooms:
                hand_over(room.number, expected)
        await finished.wait()

        assert all(seqs == list(range(1, 31)) for seqs in told.values())
        loaded = [await store.load(room) for room in rooms]
        assert all(room is not None and len(room.records) == 30 for room in loaded)

    @pytest.mark.parametrize("count", [5, 700])
    async def test_all_that_is_handed_in_at_once_is_kept(self, store: Store, count: int) -> None:
        many = [
            append(
                room=essay_room(1 + at % 7),
                expected=at // 7,
                # Every third without an answer; the last room's without a summary.
                answer=None if at % 3 == 2 else answer(f"r{at}", b'"%d"' % at),
                summary=None if at % 7 == 6 else summary(f"Title {at}"),
            )
            for at in range(count)
        ]
        results = await outcomes(store, many)

        assert results == [Appended(at // 7 + 1) for at in range(count)]
        for room in range(min(count, 7)):
            last = (count - 1 - room) // 7
            stored = await store.load(essay_room(1 + room))
            assert stored is not None
            assert [each.seq for each in stored.records] == list(range(1, last + 2))
        for at in range(count):
            assert await store.answer(ANA, f"r{at}") == (None if at % 3 == 2 else b'"%d"' % at)

    async def test_what_was_acknowledged_is_read_at_once(self, store: Store) -> None:
        for expected in range(20):
            await outcome(store, append(expected=expected))
            room = await store.load(ESSAY)
            assert room is not None
            assert room.seq == expected + 1

    async def test_a_callback_that_raises_keeps_nobody_else_waiting(self, store: Store) -> None:
        loop = asyncio.get_running_loop()
        complaints: list[str] = []
        loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))

        def raising(_: AppendResult) -> None:
            raise LookupError

        store.append(append(), raising)
        assert await outcome(store, append(expected=1)) == Appended(2)

        assert complaints == ["A store callback failed"]


class RoomStoreContract(
    LogContract,
    CompareAndAppendContract,
    DeliveryContract,
    CheckpointContract,
    MilestoneContract,
    ListContract,
    DeletedRoomContract,
    CanvasContract,
    HeadContract,
    LookUpContract,
):
    """All of the above; a subclass gives the fixture ``store``, open."""
