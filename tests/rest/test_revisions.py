"""The history of an essay by REST: what was done, how it stood, and back."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from rest_kit import Client, Follower, House, problem, until
from workroom.core.limits import RoomRules
from workroom.transports.rest.answers import Attribution, Page, PastEssay, Revision

EMMA = {"id": 1, "name": "Emma Brown", "role": "student"}
JANE = {"id": 2, "name": "Jane Smith", "role": "coach"}


async def _follow(server: House, name: str, room: str) -> Follower:
    number = int(room.split("/")[3])
    follower = server.follow(name, f"/ws/essays/{number}/")
    follower.send(action="subscribe_essay", essay_id=number)
    await until(lambda: bool(follower.of_type("essay_update")))
    follower.messages.clear()
    return follower


async def _room(server: House, content: str = "", **rights: str) -> str:
    return f"/api/essays/{await server.essay(content, **rights)}/"


async def _save(client: Client, room: str, *contents: str) -> None:
    for content in contents:
        seq = (await client.get(room))["seq"]
        await client.patch(room, {"content": content, "base_seq": seq})


async def test_every_change_is_listed_with_who_made_it_and_what_it_was(server: House) -> None:
    emma = server.as_("emma")
    room = await _room(server, "One two", jane="edit")
    await _save(server.as_("jane"), room, "One 😀 two")
    await emma.patch(room, {"title": "New", "prompt": "Why?"})
    made = await emma.post(f"{room}feedback/", {"type": "style", "comment": "Good"})

    listed = await emma.get(f"{room}revisions/")

    Page[Revision].model_validate(listed, strict=True)
    rows = listed["results"]
    assert listed["count"] == 6
    assert [row["seq"] for row in rows] == [6, 5, 4, 3, 2, 1]
    assert [row["kind"] for row in rows] == [
        *("feedback_added", "essay_changed", "text_edited"),
        *("right_set", "text_edited", "essay_created"),
    ]
    assert [row["author"] for row in rows] == [EMMA, EMMA, JANE, EMMA, EMMA, EMMA]
    assert rows[0]["feedback_id"] == made["id"]
    assert sorted(rows[1]["fields"]) == ["prompt", "title"]
    assert (rows[2]["added"], rows[2]["removed"]) == (2, 0)
    assert (rows[4]["added"], rows[4]["inferred"], rows[4]["restores"]) == (7, False, None)


async def test_a_revision_is_the_essay_as_it_stood_with_what_the_revision_did(
    server: House,
) -> None:
    emma = server.as_("emma")
    room = await _room(server, "😀 cats are nice")
    await emma.post(f"{room}feedback/", {"type": "style", "comment": "Really?", "quote": "nice"})
    await _save(emma, room, "😀 old dogs are nice")
    await emma.patch(room, {"title": "Dogs"})
    await _save(emma, room, "Gone")

    seen = await emma.get(f"{room}revisions/4/")

    PastEssay.model_validate(seen, strict=True)
    assert (seen["content"], seen["word_count"], seen["title"]) == (
        "😀 old dogs are nice",
        5,
        "Essay",
    )
    assert seen["changes"] == [{"start": 3, "end": 11, "deleted": "cats"}]
    (comment,) = seen["feedback"]
    units = seen["content"].encode("utf-16-le")
    place = slice(2 * comment["highlight_start"], 2 * comment["highlight_end"])
    assert units[place].decode("utf-16-le") == "nice"
    assert comment["anchor"] == "moved"
    titled = await emma.get(f"{room}revisions/5/")
    assert (titled["title"], titled["changes"]) == ("Dogs", [])


async def test_a_revision_can_be_compared_with_any_before_it(server: House) -> None:
    emma = server.as_("emma")
    room = await _room(server, "one")
    await _save(emma, room, "one two", "one two three")

    seen = await emma.get(f"{room}revisions/4/?since=2")
    whole = await emma.get(f"{room}revisions/4/?since=0")

    assert seen["changes"] == [{"start": 3, "end": 13, "deleted": ""}]
    assert whole["changes"] == [{"start": 0, "end": 13, "deleted": ""}]
    for since in (4, 5):
        answer = await emma("GET", f"{room}revisions/4/?since={since}")
        assert problem(answer, 404, "not_found")["field"] == "since"


async def test_edits_that_follow_each_other_are_grouped_and_stay_underneath(
    server: House,
) -> None:
    emma, jane = server.as_("emma"), server.as_("jane")
    room = await _room(server, "a", jane="edit")
    await _save(emma, room, "a b", "a b c")
    await _save(jane, room, "a b c d")
    await _save(emma, room, "a b c", "a b c e")

    groups = await emma.get(f"{room}revisions/?grouped=1")

    rows = [(row["first_seq"], row["seq"], row["author"]["id"]) for row in groups["results"]]
    assert rows == [(7, 8, 1), (6, 6, 2), (4, 5, 1), (3, 3, 1), (2, 2, 1), (1, 1, 1)]
    assert groups["count"] == 6
    assert (groups["results"][0]["added"], groups["results"][0]["removed"]) == (2, 2)
    assert (await emma.get(f"{room}revisions/"))["count"] == 8
    first = await emma.get(f"{room}revisions/?grouped=1&limit=2")
    assert first["results"] == groups["results"][:2]
    assert first["next"] == f"{room}revisions/?limit=2&offset=2&grouped=1"
    assert (await emma.get(first["next"]))["results"] == groups["results"][2:4]


async def test_a_long_history_is_paged_by_groups_across_its_milestones(quick: House) -> None:
    emma, jane = quick.as_("emma"), quick.as_("jane")
    room, text = await _room(quick, "", jane="edit"), ""
    for number in range(1, 1_150):
        text += "x"
        await _save(jane if number % 40 == 0 else emma, room, text)
    head = (await emma.get(room))["seq"]
    rows: list[dict[str, Any]] = []
    path = f"{room}revisions/?grouped=1&limit=7"
    while path:
        page = await emma.get(path)
        rows += page["results"]
        path = page["next"]

    assert len(rows) == page["count"]
    edges = [(row["first_seq"], row["seq"]) for row in reversed(rows)]
    assert edges[0][0] == 1
    assert edges[-1][1] == head
    assert all(before[1] + 1 == after[0] for before, after in itertools.pairwise(edges))
    for seq in (2, 511, 512, 513, 1024, 1025, head):
        seen = await emma.get(f"{room}revisions/{seq}/")
        assert seen["content"] == "x" * max(0, seq - 2)
    found = await emma.get(f"{room}attribution/")
    assert [r["end"] - r["start"] for r in found["ranges"] if r["author_id"] == 2] == [1] * 28
    assert found["ranges"][-1]["end"] == len(text)


async def test_a_restored_text_is_an_edit_that_everybody_sees(server: House) -> None:
    emma = server.as_("emma")
    room = await _room(server, "One two", jane="edit")
    await emma.post(f"{room}feedback/", {"type": "style", "comment": "This", "quote": "two"})
    await _save(emma, room, "Nothing of it left")
    jane = await _follow(server, "jane", room)

    restored = await emma.post(f"{room}revisions/2/restore/", None)

    assert restored["content"] == "One two"
    await until(lambda: bool(jane.of_type("essay_update")))
    assert jane.of_type("essay_update")[0]["content"] == "One two"
    (comment,) = (await emma.get(f"{room}feedback/"))["results"]
    assert (comment["highlight_start"], comment["highlight_end"]) == (4, 7)
    assert comment["anchor"] == "exact"
    (row, *_) = (await emma.get(f"{room}revisions/"))["results"]
    assert (row["kind"], row["restores"]) == ("text_edited", 2)


async def test_restoring_twice_does_it_once(server: House) -> None:
    emma = server.as_("emma")
    room = await _room(server, "One")
    await _save(emma, room, "Two")

    once = await emma.post(f"{room}revisions/2/restore/", None)
    twice = await emma.post(f"{room}revisions/2/restore/", None)

    assert once["seq"] == twice["seq"] == 4
    assert twice["content"] == "One"


async def test_what_somebody_types_while_a_text_is_restored_is_kept(server: House) -> None:
    room = await _room(server, "One two", jane="edit")
    emma, number = server.as_("emma"), int(room.split("/")[3])
    await _save(emma, room, "One two three")
    jane = await _follow(server, "jane", room)
    jane.send(action="update_essay", essay_id=number, content="Zero. One two three")
    await until(lambda: bool(jane.of_type("ack")) or bool(jane.messages))
    await emma.post(f"{room}revisions/2/restore/", None)

    # She is typing, so she has not been sent the restored text yet.
    jane.send(action="update_essay", essay_id=number, content="Zero. One two three, and more")
    await until(lambda: any("more" in m["content"] for m in jane.of_type("essay_update")))

    shown = (await emma.get(room))["content"]
    assert "and more" in shown
    assert "three" not in shown


async def test_two_people_who_restore_at_once_end_with_one_text(server: House) -> None:
    emma, jane = server.as_("emma"), server.as_("jane")
    room = await _room(server, "One", jane="edit")
    await _save(emma, room, "Two", "Three")
    await asyncio.gather(
        emma.post(f"{room}revisions/2/restore/", None),
        jane.post(f"{room}revisions/4/restore/", None),
    )
    assert (await emma.get(room))["content"] in ("One", "Two")
    seen = [row["restores"] for row in (await emma.get(f"{room}revisions/"))["results"]]
    assert sorted(seen[:2]) == [2, 4]


@pytest.mark.parametrize("way", ["GET", "PATCH", "POST"])
async def test_a_revision_that_is_not_there_yet_is_not_found(server: House, way: str) -> None:
    emma = server.as_("emma")
    room = await _room(server, "One")
    path = f"{room}revisions/3/" + ("restore/" if way == "POST" else "")
    body = {"name": "Draft"} if way == "PATCH" else None
    assert problem(await emma(way, path, body), 404, "not_found")["field"] == "seq"
    assert problem(await emma("GET", f"{room}attribution/?seq=3"), 404, "not_found")
    assert problem(await emma(way, path.replace("3", "0", 1), body), 404, "not_found")


async def test_attribution_says_who_wrote_each_part(server: House) -> None:
    emma, jane = server.as_("emma"), server.as_("jane")
    room = await _room(server, "😀 cats nice", jane="edit")
    await _save(jane, room, "😀 cats are nice")
    await _save(emma, room, "😀 cats are very nice")

    found = await emma.get(f"{room}attribution/")
    before = await emma.get(f"{room}attribution/?seq=4")

    Attribution.model_validate(found, strict=True)
    units = "😀 cats are very nice".encode("utf-16-le")
    said = [
        (units[2 * r["start"] : 2 * r["end"]].decode("utf-16-le"), r["author_id"], r["seq"])
        for r in found["ranges"]
    ]
    assert "".join(part for part, _, _ in said) == "😀 cats are very nice"
    assert {who for part, who, _ in said if "are" in part} == {2}
    assert {seq for part, _, seq in said if "very" in part} == {5}
    assert found["authors"] == [EMMA, JANE]
    assert (found["seq"], before["seq"]) == (5, 4)
    assert before["ranges"][-1]["end"] == len("😀 cats are nice") + 1


async def test_nobody_wrote_an_empty_text(quick: House) -> None:
    room = await _room(quick)
    found = await quick.as_("emma").get(f"{room}attribution/")
    assert found == {"seq": 1, "authors": [], "ranges": []}


async def test_a_name_is_shown_with_its_revision_until_it_is_taken_away(server: House) -> None:
    emma = server.as_("emma")
    room = await _room(server, "One")
    await _save(emma, room, "One two", "One two three")

    named = await emma.patch(f"{room}revisions/3/", {"name": "First draft"})

    name = {"seq": 3, "name": "First draft"}
    Revision.model_validate(named, strict=True)
    assert (named["seq"], named["names"]) == (3, [name])
    listed = (await emma.get(f"{room}revisions/?named=1"))["results"]
    assert listed == [named]
    (_, group, _) = (await emma.get(f"{room}revisions/?grouped=1"))["results"]
    assert (group["first_seq"], group["seq"], group["names"]) == (2, 4, [name])
    assert (await emma.get(f"{room}revisions/3/"))["names"] == [name]
    assert (await emma.patch(f"{room}revisions/3/", {"name": None}))["names"] == []
    assert (await emma.get(f"{room}revisions/?named=1"))["count"] == 0


@pytest.mark.parametrize("name", ["", " \n ", "x" * 201, 3])
async def test_a_name_is_words_of_some_length(quick: House, name: Any) -> None:
    room = await _room(quick, "One")
    answer = await quick.as_("emma")("PATCH", f"{room}revisions/2/", {"name": name})
    assert problem(answer, 422, "invalid_message")["field"] == "name"


@pytest.fixture
async def few_names(quick: House) -> House:
    quick.hub.rules = RoomRules(named_revisions=1)
    return quick


async def test_so_many_revisions_can_have_names_and_no_more(few_names: House) -> None:
    emma = few_names.as_("emma")
    room = await _room(few_names, "One")
    await emma.patch(f"{room}revisions/1/", {"name": "A"})
    answer = await emma("PATCH", f"{room}revisions/2/", {"name": "B"})
    assert problem(answer, 413, "too_large")["field"] == "name"
    assert (await emma.patch(f"{room}revisions/1/", {"name": "C"}))["names"][0]["name"] == "C"


async def test_plain_connections_hear_nothing_of_names(quick: House) -> None:
    room = await _room(quick, "One", jane="view")
    number = int(room.split("/")[3])
    jane = quick.follow("jane", f"/ws/essays/{number}/", extended=False)
    jane.send(action="subscribe_essay", essay_id=number)
    await until(lambda: bool(jane.of_type("essay_update")))
    jane.messages.clear()
    await quick.as_("emma").patch(f"{room}revisions/2/", {"name": "First draft"})
    await _save(quick.as_("emma"), room, "One two")
    await until(lambda: bool(jane.messages))
    assert [message["type"] for message in jane.messages] == ["essay_update"]


async def test_the_history_of_a_deleted_essay_is_gone(server: House) -> None:
    emma = server.as_("emma")
    room = await _room(server, "One")
    await emma.delete(room)
    for path in ("revisions/", "revisions/1/", "attribution/"):
        problem(await emma("GET", room + path), 404, "not_found")
