"""What every store of rooms promises; each adapter's test module runs this class on its own."""

from __future__ import annotations

import asyncio
import itertools
import threading

from tests.ports.store_kit import (
    ANA,
    BEN,
    ESSAY,
    EVA,
    Store,
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
    RoomSummary,
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
        for number, text in enumerate(("a\x00b", "\u2028\x01\x7f", "'\"\\u0000\n", "🧑‍🎓 שלום"), 1):
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


class CheckpointContract:
    """Checkpoints shorten loading and nothing else."""

    async def test_a_room_is_loaded_from_its_last_checkpoint(self, store: Store) -> None:
        await outcome(store, append(count=5, checkpoint=Checkpoint(3, b"three")))
        await outcome(store, append(expected=5, count=5, checkpoint=Checkpoint(8, b"\x00eight")))

        room = await store.load(ESSAY)

        assert room is not None
        assert room.checkpoint == Checkpoint(8, b"\x00eight")
        assert [each.seq for each in room.records] == [9, 10]
        assert room.seq == 10

    async def test_the_log_stays_whole_behind_a_checkpoint(self, store: Store) -> None:
        await outcome(store, append(count=5, checkpoint=Checkpoint(5, b"five")))

        assert [each.seq for each in await store.records(ESSAY, 0, 10)] == [1, 2, 3, 4, 5]


class ListContract:
    """Rights, lists and people."""

    async def test_a_list_shows_the_summary_and_the_own_right(self, store: Store) -> None:
        shown = RoomSummary(
            "Über", ANA, 10, 20, BEN, {"prompt": "Why?", "word_limit": None, "word_count": 3}
        )
        await outcome(store, append(count=2, summary=shown, rights=rights(ben=Right.COMMENT)))

        page = await store.rooms(RoomKind.ESSAY, BEN, limit=10, offset=0)

        (listed,) = page.rooms
        assert (listed.room, listed.seq, listed.right) == (ESSAY, 2, Right.COMMENT)
        assert listed.summary == shown
        assert page.total == 1

    async def test_a_new_summary_replaces_the_old_and_none_keeps_it(self, store: Store) -> None:
        await outcome(store, append(rights=rights(ana=Right.OWNER)))
        await outcome(store, append(expected=1))
        assert await titles(store, ANA) == ["Title"]

        await outcomes(store, [append(expected=2, summary=summary("New")), append(expected=3)])

        assert await titles(store, ANA) == ["New"]

    async def test_rights_are_given_changed_and_taken_away(self, store: Store) -> None:
        given = rights(ana=Right.OWNER, ben=Right.VIEW, eva=Right.EDIT)
        await outcome(store, append(rights=given))
        await outcome(store, append(expected=1, rights=rights(ben=Right.EDIT, eva=None)))

        page = await store.rooms(RoomKind.ESSAY, BEN, limit=10, offset=0)
        assert [each.right for each in page.rooms] == [Right.EDIT]
        assert await titles(store, ANA) == ["Title"]
        assert await titles(store, EVA) == []

    async def test_a_user_sees_only_rooms_of_that_kind_with_a_right(self, store: Store) -> None:
        own = rights(ana=Right.VIEW)
        await outcome(store, append(essay_room(1), summary=summary("mine"), rights=own))
        await outcome(store, append(essay_room(2), summary=summary("not mine")))
        await outcome(store, append(project_room(3), summary=summary("project"), rights=own))

        assert await titles(store, ANA) == ["mine"]
        assert set(await titles(store, None)) == {"mine", "not mine"}

    async def test_writing_in_a_room_gives_no_right_in_it(self, store: Store) -> None:
        await outcome(store, append(actor=BEN))

        assert await titles(store, BEN) == []

    async def test_pages_show_the_newest_change_first(self, store: Store) -> None:
        for number, at in enumerate((30, 10, 50, 20, 40, 40), start=1):
            shown = summary(f"e{number}", at)
            own = rights(ana=Right.VIEW)
            await outcome(store, append(essay_room(number), summary=shown, rights=own))

        for user in (ANA, None):
            everything = await titles(store, user)
            assert everything == ["e3", "e6", "e5", "e1", "e4", "e2"]
            assert await titles(store, user, limit=2, offset=1) == ["e6", "e5"]
            assert await titles(store, user, limit=2, offset=6) == []
            page = await store.rooms(RoomKind.ESSAY, user, limit=2, offset=4)
            assert page.total == 6

    async def test_people_are_those_who_acted_and_those_with_a_right(self, store: Store) -> None:
        ana, ben, eva = [await store.create_user(new_user(name)) for name in ("ana", "ben", "eva")]
        await store.create_user(new_user("stranger"))
        await outcome(store, append(actor=ana.id, rights={ben.id: Right.VIEW}))
        await outcome(store, append(expected=1, actor=eva.id))
        await outcome(store, append(expected=2, actor=UserId(99)))  # has no account

        room = await store.load(ESSAY)

        assert room is not None
        assert dict(room.people) == {ana.id: ana, ben.id: ben, eva.id: eva}


class DeletedRoomContract:
    """What is left of a room that was deleted."""

    async def _delete(self, store: Store) -> None:
        given = rights(ana=Right.OWNER, ben=Right.EDIT)
        await outcome(store, append(rights=given, feedback_added=(FeedbackId(7),)))
        assert await outcome(store, append(expected=1, deletes_room=True)) == Appended(2)

    async def test_it_is_gone_from_lists_and_cannot_be_loaded(self, store: Store) -> None:
        await self._delete(store)

        assert await store.load(ESSAY) is None
        assert await titles(store, ANA) == []
        assert await titles(store, None) == []
        assert await store.essay_of_feedback(FeedbackId(7)) is None

    async def test_its_log_stays_for_the_record(self, store: Store) -> None:
        await self._delete(store)

        assert [each.seq for each in await store.records(ESSAY, 0, 10)] == [1, 2]

    async def test_nothing_follows_its_last_entry(self, store: Store) -> None:
        await self._delete(store)

        assert await outcome(store, append(expected=2)) == Behind(2)
        assert await outcome(store, append(expected=0)) == Behind(2)
        assert await store.load(ESSAY) is None

    async def test_appends_behind_the_deletion_are_refused(self, store: Store) -> None:
        chain = [append(), append(expected=1, deletes_room=True), append(expected=2)]

        assert await outcomes(store, chain) == [Appended(1), Appended(2), Behind(2)]


class LookUpContract:
    """Feedback, answers, ids, readiness."""

    async def test_feedback_leads_to_its_essay_until_it_is_deleted(self, store: Store) -> None:
        await outcome(store, append(feedback_added=(FeedbackId(7), FeedbackId(8))))
        assert await store.essay_of_feedback(FeedbackId(7)) == ESSAY

        await outcome(store, append(expected=1, feedback_deleted=(FeedbackId(7),)))

        assert await store.essay_of_feedback(FeedbackId(7)) is None
        assert await store.essay_of_feedback(FeedbackId(8)) == ESSAY

    async def test_feedback_that_came_and_went_at_once_is_gone(self, store: Store) -> None:
        await outcomes(
            store,
            [
                append(feedback_added=(FeedbackId(7),)),
                append(expected=1, feedback_deleted=(FeedbackId(7),)),
            ],
        )

        assert await store.essay_of_feedback(FeedbackId(7)) is None

    async def test_an_unknown_request_has_no_answer(self, store: Store) -> None:
        assert await store.answer(ANA, "never") is None

    async def test_old_answers_are_forgotten_and_young_ones_kept(self, store: Store) -> None:
        for number, at in enumerate((10, 20, 30)):
            await outcome(store, append(expected=number, answer=answer(f"r{at}", at=at)))

        assert await store.forget_answers(30) == 2

        assert await store.answer(ANA, "r10") is None
        assert await store.answer(ANA, "r30") == b'"done"'
        assert await store.forget_answers(30) == 0

    async def test_a_request_that_was_forgotten_can_be_made_anew(self, store: Store) -> None:
        await outcome(store, append(answer=answer("r1", b"first")))
        await store.forget_answers(2)

        again = append(expected=1, answer=answer("r1", b"second"))

        assert await outcome(store, again) == Appended(2)
        assert await store.answer(ANA, "r1") == b"second"

    async def test_ids_are_given_once_from_one_upwards(self, store: Store) -> None:
        assert await store.new_ids("essay", 1) == range(1, 2)
        assert await store.new_ids("essay", 10) == range(2, 12)
        assert await store.new_ids("project", 1) == range(1, 2)
        assert await store.new_ids("feedback", 2) == range(1, 3)

    async def test_ids_asked_for_at_once_never_meet(self, store: Store) -> None:
        asked = await asyncio.gather(*(store.new_ids("feedback", 7) for _ in range(50)))

        assert len({number for each in asked for number in each}) == 350

    async def test_a_reserved_id_is_never_given(self, store: Store) -> None:
        await store.reserve_id("project", 123)
        await store.reserve_id("project", 7)
        given = await store.new_ids("project", 200)

        assert 123 not in given
        assert 7 not in given
        await store.reserve_id("feedback", 1)
        assert await store.new_ids("feedback", 1) == range(2, 3)
        assert await store.new_ids("essay", 1) == range(1, 2)

    async def test_a_reserved_id_that_was_given_already_changes_nothing(self, store: Store) -> None:
        await store.new_ids("essay", 5)
        await store.reserve_id("essay", 3)

        assert await store.new_ids("essay", 1) == range(6, 7)

    async def test_a_store_that_works_is_ready(self, store: Store) -> None:
        await store.check()


class RoomStoreContract(
    LogContract,
    CompareAndAppendContract,
    DeliveryContract,
    CheckpointContract,
    ListContract,
    DeletedRoomContract,
    LookUpContract,
):
    """All of the above; a subclass gives the fixture ``store``, open."""
