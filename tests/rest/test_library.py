"""What REST relies on below its routes."""

from __future__ import annotations

import asyncio

import pytest

from rest_kit import House
from workroom.core.commands import ChangeEssay, Origin, QuoteFeedback
from workroom.core.feedback import FeedbackType
from workroom.core.people import Right
from workroom.errors import NotFound, PermissionDenied
from workroom.ids import RoomKind, essay_room
from workroom.service.library.remarks import NO_ID_YET
from workroom.service.rooms.replies import Replies


async def test_a_question_is_answered_wherever_it_stands_in_memory(quick: House) -> None:
    """Found by a run that hung: an answered question's address was taken by the next one."""
    replies, room, user = Replies(), essay_room(1), quick.users["emma"]
    origin = Origin(user)
    first = replies.expect(origin)
    replies.acknowledged(origin, room, {"seq": 1}, None)
    assert await first == {"seq": 1}
    address = id(origin)
    del origin
    others: list[Origin] = []
    while id(again := Origin(user)) != address and len(others) < 10_000:
        others.append(again)
    second = replies.expect(again)
    await asyncio.sleep(0)
    replies.acknowledged(again, room, {"seq": 2}, None)
    assert second.done()


async def test_a_room_that_was_just_deleted_is_not_there(quick: House) -> None:
    number = await quick.essay()
    await quick.library.delete_room(quick.users["emma"], essay_room(number))
    for name in ("emma", "mike", "admin"):
        with pytest.raises(NotFound):
            await quick.hub.execute(
                essay_room(number), ChangeEssay({"title": "New"}), quick.users[name]
            )


async def test_many_ask_at_once_and_each_gets_their_own_answer(server: House) -> None:
    number = await server.essay("one two three", mike="comment")
    mike, library = server.users["mike"], server.library
    commands = [
        QuoteFeedback(NO_ID_YET, FeedbackType.STYLE, f"comment {n}", "two") for n in range(200)
    ]
    made = await asyncio.gather(*(library.remarks.add(mike, number, one) for one in commands))
    assert [one.shown.comment for one in made] == [one.comment for one in commands]
    assert len({one.shown.id for one in made}) == len(made)


async def test_refusals_among_many_hit_those_who_earned_them(quick: House) -> None:
    number = await quick.essay(mike="view")
    room, library = essay_room(number), quick.library
    names = ["emma", "mike"] * 100

    async def rename(name: str) -> bool:
        try:
            await library.change_essay(quick.users[name], number, {"title": name})
        except PermissionDenied:
            return False
        return True

    assert await asyncio.gather(*map(rename, names)) == [name == "emma" for name in names]
    assert (await library.collaborator(quick.users["emma"], room, 4)).right is Right.VIEW


async def test_a_new_essay_is_a_room_like_any_other_after_it_left_memory(server: House) -> None:
    emma = server.users["emma"]
    number = (
        await server.library.create_essay(
            emma, title="T", prompt="", word_limit=None, content="One \N{GRINNING FACE} two"
        )
    ).state.id
    before = await server.library.essay(emma, number)
    server.hub._unload(essay_room(number))
    after = await server.library.essay(emma, number)
    assert after.state == before.state
    changed = await server.library.change_essay(emma, number, {}, "One \N{GRINNING FACE} two three")
    assert changed.state.text.endswith("two three")
    rows = await server.library.rooms(emma, RoomKind.ESSAY, limit=10, offset=0)
    assert rows.items[0].listed.summary.details["word_count"] == 4
