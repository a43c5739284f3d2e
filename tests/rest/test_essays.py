from __future__ import annotations

import pytest

from rest_kit import IDS, House, good, problem
from workroom.core.limits import RoomRules
from workroom.transports.rest.answers import Collaborator, Essay, ListedEssay, Page

EMMA = {"id": 1, "name": "Emma Brown", "role": "student"}
JANE = {"id": 2, "name": "Jane Smith", "role": "coach"}


async def test_a_new_essay_is_answered_as_it_is_stored(server: House) -> None:
    body = {"title": "Cats", "prompt": "Why?", "word_limit": 500, "content": "Cats are\nnice."}
    answer = await server.as_("emma")("POST", "/api/essays/", body)
    assert answer.status_code == 201
    made = good(answer)
    assert answer.headers["location"] == f"/api/essays/{made['id']}/"
    assert made == body | {
        "id": made["id"],
        "word_count": 3,
        "author": EMMA,
        "seq": 2,
        "rights": "owner",
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "updated_by": EMMA,
    }
    assert list(made) == [*Essay.model_fields][:4] + list(made)[4:]
    Essay.model_validate(made, strict=True)
    assert await server.as_("emma").get(f"/api/essays/{made['id']}/") == made


async def test_an_essay_needs_a_title_and_nothing_else(quick: House) -> None:
    made = await quick.as_("emma").post("/api/essays/", {"title": "T"})
    assert (made["prompt"], made["word_limit"], made["content"]) == ("", None, "")
    assert (made["word_count"], made["seq"]) == (0, 1)


async def test_lists_show_essays_without_their_text(server: House) -> None:
    room = await server.essay("one two three", jane="comment")
    for name, rights in (("emma", "owner"), ("jane", "comment"), ("admin", "owner")):
        page = await server.as_(name).get("/api/essays/")
        Page[ListedEssay].model_validate(page, strict=True)
        (row,) = page["results"]
        assert "content" not in row
        assert (row["id"], row["word_count"], row["rights"]) == (room, 3, rights)
        assert row["author"] == EMMA
    assert (await server.as_("mike").get("/api/essays/"))["results"] == []


async def test_the_essay_and_its_row_agree_after_every_change(server: House) -> None:
    emma, jane = server.as_("emma"), server.as_("jane")
    room = f"/api/essays/{await server.essay('one', jane='edit')}/"
    await jane.patch(room, {"content": "one two"})
    await emma.post(f"{room}feedback/", {"type": "style", "comment": "Nice"})
    await jane.patch(room, {"word_limit": 3, "prompt": "P"})
    whole = await emma.get(room)
    (row,) = (await emma.get("/api/essays/"))["results"]
    told = {name: value for name, value in whole.items() if name != "content"}
    assert row == {**told, "present": [], "present_count": 0}
    assert whole["updated_by"] == JANE


async def test_a_change_sets_what_is_given_and_nothing_else(server: House) -> None:
    room = f"/api/essays/{await server.essay('text')}/"
    emma = server.as_("emma")
    await emma.patch(room, {"prompt": "Why?", "word_limit": 10})
    changed = await emma.patch(room, {"title": "New"})
    assert (changed["title"], changed["prompt"], changed["word_limit"]) == ("New", "Why?", 10)
    assert changed["content"] == "text"
    assert (await emma.patch(room, {"word_limit": None}))["word_limit"] is None


async def test_a_change_that_changes_nothing_leaves_no_entry(quick: House) -> None:
    room = f"/api/essays/{await quick.essay('text')}/"
    emma = quick.as_("emma")
    before = await emma.get(room)
    assert await emma.patch(room, {"title": "Essay", "content": "text"}) == before


async def test_title_and_text_change_together_title_first(quick: House) -> None:
    room = f"/api/essays/{await quick.essay('old')}/"
    emma = quick.as_("emma")
    seq = (await emma.get(room))["seq"]
    changed = await emma.patch(room, {"content": "new text", "title": "New", "base_seq": seq})
    assert (changed["title"], changed["content"], changed["seq"]) == ("New", "new text", seq + 2)


async def test_a_refused_text_leaves_the_title_alone(quick: House) -> None:
    room = f"/api/essays/{await quick.essay('old')}/"
    emma = quick.as_("emma")
    before = await emma.get(room)
    body = {"title": "New", "content": "x" * (quick.hub.rules.essay_units + 1)}
    refused = problem(await emma("PATCH", room, body), 413, "too_large")
    assert refused["field"] == "content"
    assert await emma.get(room) == before


async def test_the_limit_of_a_text_counts_utf_16_units(quick: House) -> None:
    most = RoomRules().essay_units
    emoji = "\N{GRINNING FACE}" * (most // 2)
    body = ('{"title":"T","content":"' + emoji + '"}').encode()
    made = await quick.as_("emma").post("/api/essays/", body)
    assert len(made["content"]) == most // 2
    body = ('{"title":"T","content":"' + emoji + 'x"}').encode()
    refused = await quick.as_("emma")("POST", "/api/essays/", body)
    assert problem(refused, 413, "too_large")["field"] == "content"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (r"a\r\nb", "a\nb"),
        (r"a\rb", "a\rb"),
        (r"a\ud83d b", "a\ufffd b"),
        (r"a\ud83d\ude00b", "a\N{GRINNING FACE}b"),
        (r"a\u0000b", "ab"),
        (r"\u05d0\u0301\u200f", "\u05d0\u0301\u200f"),
    ],
)
async def test_a_text_is_mended_and_never_refused_for_a_bad_character(
    server: House, sent: str, kept: str
) -> None:
    emma = server.as_("emma")
    body = f'{{"title":"T","content":"{sent}"}}'.encode()
    made = await emma.post("/api/essays/", body)
    assert made["content"] == kept
    other = await server.essay("something else")
    changed = await emma.patch(f"/api/essays/{other}/", f'{{"content":"{sent}"}}'.encode())
    assert changed["content"] == kept


@pytest.mark.parametrize("character", [r"\ud83d", r"\u0000"])
@pytest.mark.parametrize("field", ["title", "prompt"])
async def test_everywhere_else_bad_characters_are_refused_by_name(
    quick: House, field: str, character: str
) -> None:
    body = f'{{"title":"T","{field}":"a{character}"}}'.encode()
    refused = await quick.as_("emma")("POST", "/api/essays/", body)
    assert problem(refused, 422, "invalid_message")["field"] == field


async def test_a_deleted_essay_is_gone_with_its_feedback(server: House) -> None:
    emma = server.as_("emma")
    room = await server.essay("words", jane="edit")
    made = await emma.post(f"/api/essays/{room}/feedback/", {"type": "style", "comment": "Nice"})
    await emma.delete(f"/api/essays/{room}/")
    for path in (
        f"/api/essays/{room}/",
        f"/api/essays/{room}/feedback/",
        f"/api/essays/{room}/collaborators/",
        f"/api/feedback/{made['id']}/",
    ):
        problem(await emma("GET", path), 404, "not_found")
    assert (await server.as_("jane").get("/api/essays/"))["count"] == 0
    problem(await emma("DELETE", f"/api/essays/{room}/"), 404, "not_found")


async def test_numbers_are_never_used_again(server: House) -> None:
    emma = server.as_("emma")
    first = await server.essay()
    await emma.delete(f"/api/essays/{first}/")
    assert await server.essay() > first


# ---- collaborators -----------------------------------------------------------------------------


async def test_a_coach_gets_edit_and_others_view_unless_told_otherwise(server: House) -> None:
    emma = server.as_("emma")
    room = f"/api/essays/{await server.essay()}/collaborators/"
    assert (await emma.put(f"{room}{IDS['jane']}/"))["rights"] == "edit"
    assert (await emma.put(f"{room}{IDS['mike']}/", {}))["rights"] == "view"
    assert (await emma.put(f"{room}{IDS['sarah']}/", {"rights": "comment"}))["rights"] == "comment"
    page = await emma.get(room)
    Page[Collaborator].model_validate(page, strict=True)
    shown = [(one["user"]["username"], one["rights"]) for one in page["results"]]
    assert shown == [("emma", "owner"), ("jane", "edit"), ("sarah", "comment"), ("mike", "view")]
    one = await server.as_("mike").get(f"{room}{IDS['sarah']}/")
    assert one == page["results"][2]


async def test_letting_in_again_without_saying_how_changes_nothing(quick: House) -> None:
    emma = quick.as_("emma")
    room = f"/api/essays/{await quick.essay(jane='comment')}/"
    seq = (await emma.get(room))["seq"]
    assert (await emma.put(f"{room}collaborators/{IDS['jane']}/"))["rights"] == "comment"
    assert (await emma.get(room))["seq"] == seq


async def test_who_is_there_can_be_asked_one_by_one(quick: House) -> None:
    room = f"/api/essays/{await quick.essay()}/collaborators/"
    emma = quick.as_("emma")
    for number in (IDS["mike"], 999):
        refused = problem(await emma("GET", f"{room}{number}/"), 404, "not_found")
        assert refused["field"] == "user_id"
        problem(await emma("DELETE", f"{room}{number}/"), 404, "not_found")
    refused = problem(await emma("PUT", f"{room}999/"), 404, "not_found")
    assert refused["field"] == "user_id"


async def test_the_author_always_owns_it(quick: House) -> None:
    room = f"/api/essays/{await quick.essay(jane='owner')}/collaborators/{IDS['emma']}/"
    jane = quick.as_("jane")
    assert problem(await jane("DELETE", room), 409, "conflict")["field"] == "user_id"
    problem(await jane("PUT", room, {"rights": "view"}), 409, "conflict")


async def test_anybody_may_give_up_their_own_right(server: House) -> None:
    room = await server.essay(mike="view")
    await server.as_("mike").delete(f"/api/essays/{room}/collaborators/{IDS['mike']}/")
    problem(await server.as_("mike")("GET", f"/api/essays/{room}/"), 404, "not_found")
