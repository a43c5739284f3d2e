from __future__ import annotations

from typing import Any

import pytest

from rest_kit import House, good, problem
from workroom.transports.rest.answers import Feedback, Page, Reply

FACE = "\N{GRINNING FACE}"
FAMILY = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
SAD = {"type": "style", "comment": "Hm"}


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


async def test_feedback_is_as_over_the_websocket_and_more(server: House) -> None:
    room = await server.essay("One two three", sarah="comment")
    body = {"type": "content", "comment": "Why?", "highlight_start": 4, "highlight_end": 7}
    answer = await server.as_("sarah")("POST", f"/api/essays/{room}/feedback/", body)
    made = good(answer)
    assert answer.headers["location"] == f"/api/feedback/{made['id']}/"
    assert made == body | {
        "id": made["id"],
        "essay_id": room,
        "quote": "two",
        "anchor": "exact",
        "status": "open",
        "resolved_by": None,
        "resolved_at": None,
        "replies": [],
        "author": {"id": 3, "name": "Dr. Sarah Johnson", "role": "coach"},
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    }
    Feedback.model_validate(made, strict=True)
    assert await server.as_("emma").get(f"/api/feedback/{made['id']}/") == made
    page = await server.as_("emma").get(f"/api/essays/{room}/feedback/")
    Page[Feedback].model_validate(page, strict=True)
    assert page["results"] == [made]


async def test_feedback_without_a_place_is_about_the_whole_essay(quick: House) -> None:
    room = await quick.essay("Words")
    for body in (SAD, SAD | {"highlight_start": None, "highlight_end": None, "quote": None}):
        made = await quick.as_("emma").post(f"/api/essays/{room}/feedback/", body)
        assert (made["highlight_start"], made["highlight_end"], made["quote"]) == (None,) * 3
        assert made["anchor"] == "exact"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"a{FACE}b{FACE}c", "b"),
        (f"{FACE}{FACE}", FACE),
        (f"x {FAMILY} y", FAMILY),
        ("e\u0301 is e\u0301", "e\u0301"),
        ("\u05e9\u05dc\u05d5\u05dd world", "\u05dc\u05d5"),
        ("a\nb\nc", "b\nc"),
        ("abc", ""),
    ],
)
async def test_offsets_count_utf_16_units(server: House, text: str, wanted: str) -> None:
    room = await server.essay(text)
    start = units(text[: text.index(wanted)])
    place = {"highlight_start": start, "highlight_end": start + units(wanted)}
    made = await server.as_("emma").post(f"/api/essays/{room}/feedback/", SAD | place)
    assert made["quote"] == wanted
    assert {name: made[name] for name in place} == place


TEXT = f"The cat. {FACE} The cat sat. The cats sat; the end."


@pytest.mark.parametrize(
    ("quote", "prefix", "suffix", "start"),
    [
        ("The cat", f"{FACE} ", "", TEXT.index("The cat sat")),
        ("The cat", "", "s sat", TEXT.index("The cats")),
        ("The cat", "sat. ", "s", TEXT.index("The cats")),
        ("sat", "", ";", TEXT.index("sat;")),
        (FACE, "", "", TEXT.index(FACE)),
        (f". {FACE} T", "cat", "he", TEXT.index(f". {FACE}")),
        ("end.", "", "", TEXT.index("end.")),
        ("The cat.", "", f" {FACE}", 0),
    ],
)
async def test_a_quote_is_found_between_what_stands_around_it(
    server: House, quote: str, prefix: str, suffix: str, start: int
) -> None:
    room = await server.essay(TEXT)
    body = SAD | {"quote": quote, "quote_prefix": prefix, "quote_suffix": suffix}
    made = await server.as_("emma").post(f"/api/essays/{room}/feedback/", body)
    first = units(TEXT[:start])
    assert (made["highlight_start"], made["highlight_end"]) == (first, first + units(quote))
    assert made["quote"] == quote


async def test_a_quote_with_windows_line_ends_is_found(quick: House) -> None:
    room = await quick.essay("One.\nTwo.\nThree.")
    body = SAD | {"quote": "One.\r\nTwo.", "quote_suffix": "\r\nThree"}
    made = await quick.as_("emma").post(f"/api/essays/{room}/feedback/", body)
    assert made["quote"] == "One.\nTwo."


@pytest.mark.parametrize(
    "body",
    [
        {"quote": "the dog"},
        {"quote": "the cat"},
        {"quote": "The cat", "quote_prefix": "the "},
        {"quote": "The cat"},
        {"quote": "The cat", "quote_suffix": "s."},
    ],
)
async def test_words_that_do_not_stand_there_or_in_several_places_are_a_conflict(
    quick: House, body: dict[str, Any]
) -> None:
    room = await quick.essay(TEXT)
    refused = await quick.as_("emma")("POST", f"/api/essays/{room}/feedback/", SAD | body)
    assert problem(refused, 409, "conflict")["field"] == "quote"


async def test_a_highlight_moves_with_its_text(server: House) -> None:
    room = await server.essay("One two three", jane="edit")
    path = f"/api/essays/{room}/"
    made = await server.as_("emma").post(f"{path}feedback/", SAD | {"quote": "two"})
    await server.as_("jane").patch(path, {"content": f"{FACE} One two three"})
    moved = await server.as_("emma").get(f"/api/feedback/{made['id']}/")
    assert (moved["highlight_start"], moved["highlight_end"]) == (7, 10)
    assert (moved["quote"], moved["anchor"]) == ("two", "moved")
    await server.as_("jane").patch(path, {"content": f"{FACE} One three"})
    gone = await server.as_("emma").get(f"/api/feedback/{made['id']}/")
    assert gone["highlight_start"] == gone["highlight_end"]
    assert gone["anchor"] == "orphaned"


async def test_changing_feedback_sets_what_is_given(server: House) -> None:
    room = await server.essay("One two three")
    emma = server.as_("emma")
    made = await emma.post(f"/api/essays/{room}/feedback/", SAD | {"quote": "two"})
    path = f"/api/feedback/{made['id']}/"
    changed = await emma.patch(path, {"comment": "Better", "type": "grammar"})
    assert (changed["comment"], changed["type"], changed["quote"]) == ("Better", "grammar", "two")
    moved = await emma.patch(path, {"highlight_start": 0, "highlight_end": 3.0})
    assert (moved["comment"], moved["quote"]) == ("Better", "One")
    assert await emma.get(path) == moved
    await emma.delete(path)
    problem(await emma("GET", path), 404, "not_found")
    assert (await emma.get(f"/api/essays/{room}/feedback/"))["count"] == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "type"),
        ({"type": "style"}, "comment"),
        ({"type": "style", "comment": ""}, "comment"),
        ({"type": "style", "comment": " \n\t"}, "comment"),
        ({"type": "style", "comment": "x" * 10_001}, "comment"),
        ({"type": "style", "comment": 7}, "comment"),
        ({"type": "praise", "comment": "x"}, "type"),
        ({"type": None, "comment": "x"}, "type"),
        (SAD | {"highlight_start": 0}, "highlight_end"),
        (SAD | {"highlight_end": 1}, "highlight_start"),
        (SAD | {"highlight_start": 2, "highlight_end": 1}, "highlight_start"),
        (SAD | {"highlight_start": -1, "highlight_end": 1}, "highlight_start"),
        (SAD | {"highlight_start": 0, "highlight_end": 14}, "highlight_end"),
        (SAD | {"highlight_start": 0, "highlight_end": 2**53}, "highlight_end"),
        (SAD | {"highlight_start": "0", "highlight_end": 1}, "highlight_start"),
        (SAD | {"highlight_start": True, "highlight_end": 1}, "highlight_start"),
        (SAD | {"highlight_start": 0, "highlight_end": 1.5}, "highlight_end"),
        (SAD | {"quote": ""}, "quote"),
        (SAD | {"quote": 5}, "quote"),
        (SAD | {"quote_prefix": "One"}, "quote_prefix"),
        (SAD | {"quote_suffix": "One"}, "quote_suffix"),
        (SAD | {"quote": "One", "highlight_start": 0, "highlight_end": 3}, "quote"),
        (SAD | {"id": 5}, "id"),
    ],
)
async def test_a_wrong_field_is_named(quick: House, body: dict[str, Any], field: str) -> None:
    room = await quick.essay("One two three")
    refused = await quick.as_("emma")("POST", f"/api/essays/{room}/feedback/", body)
    told = problem(refused, 422, "invalid_message")
    assert told["field"] == field
    assert told["errors"][0]["field"] == field
    assert told["detail"] == f"{field}: {told['errors'][0]['message']}"
    assert (await quick.as_("emma").get(f"/api/essays/{room}/feedback/"))["count"] == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, None),
        ({"comment": None}, "comment"),
        ({"comment": " "}, "comment"),
        ({"type": "praise"}, "type"),
        ({"highlight_start": 1}, "highlight_end"),
        ({"highlight_start": None, "highlight_end": None}, "highlight_start"),
        ({"highlight_start": 3, "highlight_end": 2}, "highlight_start"),
        ({"quote": "two"}, "quote"),
    ],
)
async def test_a_wrong_change_is_named(
    quick: House, body: dict[str, Any], field: str | None
) -> None:
    room = await quick.essay("One two three")
    made = await quick.as_("emma").post(f"/api/essays/{room}/feedback/", SAD)
    path = f"/api/feedback/{made['id']}/"
    told = problem(await quick.as_("emma")("PATCH", path, body), 422, "invalid_message")
    assert told.get("field") == field
    assert await quick.as_("emma").get(path) == made


async def test_the_refusal_of_feedback_never_names_the_essay(quick: House) -> None:
    for _ in range(3):
        await quick.essay()
    room = await quick.essay("Words")
    made = await quick.as_("emma").post(f"/api/essays/{room}/feedback/", SAD)
    refused = await quick.as_("mike")("GET", f"/api/feedback/{made['id']}/")
    assert "essay" not in problem(refused, 404, "not_found")["detail"]


# ---- threads -------------------------------------------------------------------------------------


async def _remark(server: House, **rights: str) -> str:
    room = await server.essay("One two three", **rights)
    made = await server.as_("emma").post(f"/api/essays/{room}/feedback/", SAD | {"quote": "two"})
    return f"/api/feedback/{made['id']}/"


async def test_a_reply_is_made_read_changed_and_deleted(server: House) -> None:
    path = await _remark(server, sarah="comment")
    sarah = server.as_("sarah")
    answer = await sarah("POST", f"{path}replies/", {"comment": "Because"})
    made = good(answer)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{path}replies/{made['id']}/"
    Reply.model_validate(made, strict=True)
    assert (made["comment"], made["author"]["id"]) == ("Because", 3)
    assert made["created_at"] == made["updated_at"]
    assert await sarah.get(answer.headers["location"]) == made
    changed = await sarah.patch(answer.headers["location"], {"comment": "Because of it"})
    assert changed | {"comment": "Because", "updated_at": made["updated_at"]} == made
    page = await server.as_("emma").get(f"{path}replies/")
    Page[Reply].model_validate(page, strict=True)
    assert page["results"] == [changed] == (await sarah.get(path))["replies"]
    await sarah.delete(answer.headers["location"])
    problem(await sarah("GET", answer.headers["location"]), 404, "not_found")
    problem(await sarah("DELETE", answer.headers["location"]), 404, "not_found")
    assert (await sarah.get(f"{path}replies/"))["count"] == 0


async def test_feedback_is_resolved_and_reopened_by_its_status(server: House) -> None:
    path = await _remark(server, sarah="comment")
    sarah = server.as_("sarah")
    done = await sarah.patch(path, {"status": "resolved"})
    assert (done["status"], done["resolved_by"]["id"]) == ("resolved", 3)
    assert done["resolved_at"] == done["updated_at"]
    assert await server.as_("emma").patch(path, {"status": "resolved"}) == done
    again = await sarah.patch(path, {"status": "open"})
    assert (again["status"], again["resolved_by"], again["resolved_at"]) == ("open", None, None)


async def test_only_ones_own_words_can_be_changed_and_anybodys_resolved(server: House) -> None:
    path = await _remark(server, sarah="comment", jane="edit", mike="view")
    reply = (await server.as_("sarah").post(f"{path}replies/", {"comment": "Hm"}))["id"]
    body = {"comment": "Mine"}
    for method in ("PATCH", "DELETE"):
        one = await server.as_("jane")(method, f"{path}replies/{reply}/", body)
        problem(one, 403, "insufficient_permissions")
    refused = await server.as_("jane")("PATCH", path, {"status": "resolved", "comment": "Mine"})
    problem(refused, 403, "insufficient_permissions")
    for address, method, asked in (
        (path, "PATCH", {"status": "resolved"}),
        (f"{path}replies/", "POST", body),
    ):
        problem(await server.as_("mike")(method, address, asked), 403, "insufficient_permissions")
    assert (await server.as_("mike").get(path))["status"] == "open"
    assert (await server.as_("emma").patch(f"{path}replies/{reply}/", body))["comment"] == "Mine"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "comment"),
        ({"comment": ""}, "comment"),
        ({"comment": " \n"}, "comment"),
        ({"comment": "x" * 10_001}, "comment"),
        ({"comment": None}, "comment"),
        ({"comment": "x", "text": "y"}, "text"),
    ],
)
async def test_a_wrong_reply_is_named(quick: House, body: dict[str, Any], field: str) -> None:
    path = await _remark(quick)
    refused = await quick.as_("emma")("POST", f"{path}replies/", body)
    assert problem(refused, 422, "invalid_message")["field"] == field
    assert (await quick.as_("emma").get(path))["replies"] == []


@pytest.mark.parametrize("status", ["closed", None, True, ""])
async def test_a_wrong_status_is_named(quick: House, status: object) -> None:
    path = await _remark(quick)
    refused = await quick.as_("emma")("PATCH", path, {"status": status})
    assert problem(refused, 422, "invalid_message")["field"] == "status"


async def test_replies_to_what_one_may_not_see_do_not_exist(quick: House) -> None:
    path = await _remark(quick)
    reply = (await quick.as_("emma").post(f"{path}replies/", {"comment": "Hm"}))["id"]
    mike = quick.as_("mike")
    for method, address in (
        ("GET", f"{path}replies/"),
        ("POST", f"{path}replies/"),
        ("GET", f"{path}replies/{reply}/"),
        ("PATCH", f"{path}replies/{reply}/"),
        ("DELETE", f"{path}replies/{reply}/"),
    ):
        body = {"comment": "x"} if method in {"POST", "PATCH"} else None
        assert "essay" not in problem(await mike(method, address, body), 404, "not_found")["detail"]
    problem(await quick.as_("emma")("GET", f"{path}replies/{reply + 1}/"), 404, "not_found")
