"""What every store of rooms promises of checkpoints, lists, deleted rooms and look-ups."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

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
    rights,
    summary,
    titles,
)
from workroom.core.people import Right
from workroom.core.search import Search
from workroom.ids import (
    BlobKey,
    CanvasId,
    FeedbackId,
    RoomKind,
    UserId,
    essay_room,
    project_room,
)
from workroom.ports.store import (
    Append,
    Appended,
    Behind,
    Checkpoint,
    Milestone,
    RoomSummary,
)


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


class MilestoneContract:
    """Milestones are kept once, found by number and by groups, and go with their room."""

    async def test_the_latest_milestone_up_to_a_number_is_found(self, store: Store) -> None:
        await outcome(store, append(count=5))
        for seq in (512, 1024, 1536):
            await store.keep_milestone(ESSAY, Milestone(seq, seq // 100, b"\x00g", b"\xffs"))

        assert await store.milestone(ESSAY, 511) is None
        assert await store.milestone(ESSAY, 1535) == Milestone(1024, 10, b"\x00g", b"\xffs")
        assert await store.milestone(ESSAY, 2**53) == Milestone(1536, 15, b"\x00g", b"\xffs")
        assert await store.milestone(essay_room(2), 2**53) is None

    async def test_a_milestone_stays_as_it_was_kept_first(self, store: Store) -> None:
        await outcome(store, append())
        await store.keep_milestone(ESSAY, Milestone(512, 1, b"one", b"1"))
        await store.keep_milestone(ESSAY, Milestone(512, 2, b"two", b"2"))

        assert await store.milestone(ESSAY, 512) == Milestone(512, 1, b"one", b"1")

    async def test_groups_are_found_by_how_many_there_are(self, store: Store) -> None:
        await outcome(store, append())
        for seq, total in ((512, 3), (1024, 7), (1536, 8), (2048, 20)):
            await store.keep_milestone(ESSAY, Milestone(seq, total, b"%d" % total, b"state"))

        found = await store.milestone_groups(ESSAY, 3, 20, 10)
        assert found == [Milestone(1024, 7, b"7", b""), Milestone(1536, 8, b"8", b"")]
        assert await store.milestone_groups(ESSAY, 0, 99, 1) == [Milestone(512, 3, b"3", b"")]
        assert await store.milestone_groups(essay_room(2), 0, 99, 1) == []

    async def test_a_room_that_is_not_there_has_no_milestones(self, store: Store) -> None:
        await outcome(store, append(count=2))
        await store.keep_milestone(ESSAY, Milestone(512, 3, b"", b""))
        await outcome(store, append(expected=2, deletes_room=True))
        await store.keep_milestone(ESSAY, Milestone(1024, 4, b"", b""))
        await store.keep_milestone(essay_room(2), Milestone(512, 3, b"", b""))

        assert await store.milestone(ESSAY, 2**53) is None
        assert await store.milestone_groups(ESSAY, 0, 99, 9) == []
        assert await store.milestone(essay_room(2), 2**53) is None


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

    async def test_a_search_finds_titles_and_authors_in_any_spelling(self, store: Store) -> None:
        zoe = await store.create_user(new_user("zoe", name="Zoë Ångström", id=UserId(40)))
        mine = rights(ana=Right.VIEW)
        titled = ("Über den Hafen", "50% of_it", "ÜBER ALLES", "nobody's", "Hafen", "gone")
        for number, title in enumerate(titled, start=1):
            shown = summary(title, number)
            if number == 5:
                shown = replace(shown, author=zoe.id)
            own = {} if title == "nobody's" else mine
            await outcome(store, append(essay_room(number), summary=shown, rights=own))
        await outcome(store, append(essay_room(6), 1, deletes_room=True))
        await outcome(store, append(project_room(7), summary=summary("uber"), rights=mine))

        async def found(text: str, user: UserId | None = ANA, **page: int) -> list[str]:
            asked: Any = {"limit": 10, "offset": 0} | page
            listed = await store.rooms(RoomKind.ESSAY, user, **asked, search=Search.of(text))
            assert listed.total >= len(listed.rooms)
            return [each.summary.title for each in listed.rooms]

        assert await found("uber") == ["ÜBER ALLES", "Über den Hafen"]
        assert await found(" hafen  UBER ") == ["Über den Hafen"]
        assert await found("zoe hafen") == ["Hafen"]
        assert await found("hafen", offset=1, limit=1) == ["Über den Hafen"]
        assert await found("%") == await found("_") == ["50% of_it"]
        assert await found("nobody") == await found("gone") == await found("\\") == []
        assert await found("nobody", None) == ["nobody's"]
        assert await found("") == await titles(store, ANA)
        page = await store.rooms(RoomKind.ESSAY, BEN, limit=9, offset=0, search=Search(("e",)))
        assert (page.rooms, page.total) == ([], 0)
        (row,) = (
            await store.rooms(RoomKind.ESSAY, ANA, limit=9, offset=0, search=Search(("zoe",)))
        ).rooms
        assert (row.right, row.summary.author, row.seq) == (Right.VIEW, zoe.id, 1)

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


class CanvasContract:
    """In which project a canvas is, and which files are in use."""

    PROJECT = project_room(3)

    async def _fill(self, store: Store) -> None:
        added = {CanvasId(7): BlobKey("a" * 32), CanvasId(8): BlobKey("b" * 32)}
        assert await outcome(store, append(self.PROJECT, canvases_added=added)) == Appended(1)

    async def test_a_canvas_leads_to_its_project_until_it_is_deleted(self, store: Store) -> None:
        await self._fill(store)
        assert await store.project_of_canvas(CanvasId(7)) == self.PROJECT

        await outcome(store, append(self.PROJECT, 1, canvases_deleted=(CanvasId(7),)))

        assert await store.project_of_canvas(CanvasId(7)) is None
        assert await store.project_of_canvas(CanvasId(8)) == self.PROJECT

    async def test_a_file_is_in_use_as_long_as_its_canvas_is_there(self, store: Store) -> None:
        asked = [BlobKey(each * 32) for each in "abc"]
        assert await store.keys_in_use(asked) == set()

        await self._fill(store)
        assert await store.keys_in_use(asked) == {"a" * 32, "b" * 32}

        await outcome(store, append(self.PROJECT, 1, canvases_deleted=(CanvasId(8),)))
        assert await store.keys_in_use(asked) == {"a" * 32}

    async def test_a_canvas_that_came_and_went_at_once_is_gone(self, store: Store) -> None:
        added = append(self.PROJECT, canvases_added={CanvasId(7): BlobKey("a" * 32)})
        deleted = append(self.PROJECT, 1, canvases_deleted=(CanvasId(7),))

        assert await outcomes(store, [added, deleted]) == [Appended(1), Appended(2)]

        assert await store.project_of_canvas(CanvasId(7)) is None
        assert await store.keys_in_use([BlobKey("a" * 32)]) == set()

    async def test_what_was_refused_left_no_canvas(self, store: Store) -> None:
        await self._fill(store)
        late = append(self.PROJECT, canvases_added={CanvasId(9): BlobKey("c" * 32)})

        assert await outcome(store, late) == Behind(1)

        assert await store.project_of_canvas(CanvasId(9)) is None
        assert await store.keys_in_use([BlobKey("c" * 32)]) == set()

    async def test_canvases_go_with_their_project_and_those_of_others_stay(
        self, store: Store
    ) -> None:
        await self._fill(store)
        other = append(project_room(4), canvases_added={CanvasId(9): BlobKey("c" * 32)})
        await outcome(store, other)

        await outcome(store, append(self.PROJECT, 1, deletes_room=True))

        assert await store.project_of_canvas(CanvasId(7)) is None
        assert await store.project_of_canvas(CanvasId(9)) == project_room(4)
        asked = [BlobKey(each * 32) for each in "abc"]
        assert await store.keys_in_use(asked) == {"c" * 32}


class HeadContract:
    """Where logs end, for a node that looks whether it has missed something."""

    async def test_the_heads_of_many_rooms_are_told_at_once(self, store: Store) -> None:
        rooms = [essay_room(number) for number in range(1, 2_001)]
        await outcomes(store, [append(room, count=1 + room.number % 3) for room in rooms])

        heads = await store.heads([*rooms, project_room(1), essay_room(9_999)])

        assert heads == {room: 1 + room.number % 3 for room in rooms}

    async def test_no_rooms_have_no_heads(self, store: Store) -> None:
        await outcome(store, append())

        assert await store.heads([]) == {}

    async def test_the_log_of_a_deleted_room_ends_with_its_deletion(self, store: Store) -> None:
        await outcome(store, append(count=3))
        await outcome(store, append(expected=3, deletes_room=True))

        assert await store.heads([ESSAY]) == {ESSAY: 4}

    async def test_what_was_only_answered_for_has_no_head(self, store: Store) -> None:
        await outcome(store, Append(ESSAY, 0, (), answer=answer("r1")))

        assert await store.heads([ESSAY]) == {}


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
