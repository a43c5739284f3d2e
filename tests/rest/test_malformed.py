"""Bodies that are wrong in every way that we could think of: refused by name, nothing done."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rest_kit import House, problem

NOT_JSON = [
    b"{",
    b"}",
    b"[",
    b'{"title"',
    b'{"title":',
    b'{"title":"T"',
    b'{"title":"T",}',
    b'{"title":"T"}}',
    b'{"title":"T"} x',
    b"{'title':'T'}",
    b'{title:"T"}',
    b'{"title":T}',
    b'{"title":"T\n"}',
    b'{"title":"\\x"}',
    b'{"title":"\\u12"}',
    b'{"title":NaN}',
    b'{"title":Infinity}',
    b'{"title":-Infinity}',
    b'{"title":01}',
    b'{"title":1.}',
    b'{"title":.5}',
    b'{"title":+1}',
    b'{"title":0x1}',
    b'{"title":1e999}',
    b'{"title":True}',
    b'{"title":undefined}',
    b'{"title":"T"}/*c*/',
    b'//c\n{"title":"T"}',
    b"\xef\xbb\xbf{}",
    b'{"title":"\xff"}',
    b'{"title":"\xc0\x80"}',
    b'{"title":"\xed\xa0\x80"}',
    '{"title":"T"}'.encode("utf-16"),
    '{"title":"T"}'.encode("utf-32-le"),
    b"\x00",
    b"\x00{}",
    b"title=T",
    b"<title>T</title>",
    b"[" * 2000 + b"]" * 2000,
    b'{"a":' * 2000 + b"1" + b"}" * 2000,
]
NOT_AN_OBJECT: list[Any] = [[], [{}], [{"title": "T"}], "T", "", 1, 0, -1.5, True, False]
PLACES = [
    ("POST", "/api/essays/"),
    ("PATCH", "/api/essays/{essay}/"),
    ("POST", "/api/projects/"),
    ("PATCH", "/api/projects/{project}/"),
    ("POST", "/api/essays/{essay}/feedback/"),
    ("PUT", "/api/essays/{essay}/collaborators/2/"),
]
WRONG: list[Any] = [5, 1.5, True, False, [], {}, ["T"], {"a": 1}]
FIELDS: list[tuple[str, str, str, list[Any]]] = [
    ("POST", "/api/essays/", "title", [None, "", "x" * 201, *WRONG]),
    ("POST", "/api/essays/", "prompt", [None, "x" * 20_001, *WRONG]),
    ("POST", "/api/essays/", "content", [None, *WRONG]),
    (
        "POST",
        "/api/essays/",
        "word_limit",
        [0, -1, 1.5, 2**53, 1e300, 10**30, "5", "", True, False, [], {}, 1_000_001],
    ),
    ("PATCH", "/api/essays/{essay}/", "title", [None, "", "x" * 201, *WRONG]),
    ("PATCH", "/api/essays/{essay}/", "prompt", [None, "x" * 20_001, *WRONG]),
    ("PATCH", "/api/essays/{essay}/", "content", [None, *WRONG]),
    ("PATCH", "/api/essays/{essay}/", "base_seq", [5, -1, 0.5, "1", True, [], {}, 2**53]),
    ("PATCH", "/api/essays/{essay}/", "id", [1, None]),
    ("PATCH", "/api/essays/{essay}/", "author", [1, {"id": 2}]),
    ("PATCH", "/api/essays/{essay}/", "rights", ["owner"]),
    ("POST", "/api/projects/", "title", [None, "", "x" * 201, *WRONG]),
    ("POST", "/api/projects/", "description", [None, "x" * 20_001, *WRONG]),
    ("POST", "/api/projects/", "status", [None, "", "done", "ACTIVE", *WRONG]),
    ("PATCH", "/api/projects/{project}/", "title", [None, "", "x" * 201, *WRONG]),
    ("PATCH", "/api/projects/{project}/", "status", [None, "", "done", *WRONG]),
    ("PATCH", "/api/projects/{project}/", "metadata", [None, "x", 1, True, []]),
    ("PATCH", "/api/projects/{project}/", "content", ["x", None]),
    (
        "PUT",
        "/api/essays/{essay}/collaborators/2/",
        "rights",
        [None, "", "admin", "OWNER", 1, 3, True, [], {}, ["edit"]],
    ),
]
CASES = [
    pytest.param(method, path, field, value, id=f"{method} {path} {field} {str(value)[:20]}")
    for method, path, field, values in FIELDS
    for value in values
]


async def _rooms(quick: House) -> dict[str, int]:
    return {"essay": await quick.essay("One"), "project": await quick.project()}


async def _state(quick: House) -> list[Any]:
    emma = quick.as_("emma")
    essays = (await emma.get("/api/essays/"))["results"]
    projects = (await emma.get("/api/projects/"))["results"]
    return [essays, projects, await emma.get(f"/api/essays/{essays[0]['id']}/collaborators/")]


@pytest.mark.parametrize("body", NOT_JSON, ids=lambda body: ascii(body[:30]))
async def test_what_is_not_json_is_400(quick: House, body: bytes) -> None:
    rooms = await _rooms(quick)
    before = await _state(quick)
    for method, path in PLACES:
        answer = await quick.as_("emma")(method, path.format(**rooms), body)
        problem(answer, 400, "invalid_json")
    assert await _state(quick) == before


@pytest.mark.parametrize("body", NOT_AN_OBJECT, ids=str)
async def test_json_that_is_no_object_is_422(quick: House, body: Any) -> None:
    rooms = await _rooms(quick)
    before = await _state(quick)
    for method, path in PLACES:
        text = json.dumps(body).encode()
        answer = await quick.as_("emma")(method, path.format(**rooms), text)
        assert "expected a JSON object" in problem(answer, 422, "invalid_message")["detail"]
    assert await _state(quick) == before


@pytest.mark.parametrize("body", [b"", b"null", b"{}"])
async def test_a_body_that_says_nothing_is_422(quick: House, body: bytes) -> None:
    rooms = await _rooms(quick)
    for method, path in PLACES[:-1]:
        answer = await quick.as_("emma")(method, path.format(**rooms), body)
        problem(answer, 422, "invalid_message")


@pytest.mark.parametrize(("method", "path", "field", "value"), CASES)
async def test_a_wrong_value_is_refused_by_the_name_of_its_field(
    quick: House, method: str, path: str, field: str, value: Any
) -> None:
    rooms = await _rooms(quick)
    before = await _state(quick)
    body = ({"title": "T"} if method == "POST" else {}) | {field: value}
    answer = await quick.as_("emma")(method, path.format(**rooms), body)
    told = problem(answer, 422, "invalid_message")
    assert told["field"] == field
    assert [mistake["field"] for mistake in told["errors"]] == [field]
    assert await _state(quick) == before


async def test_every_wrong_field_is_named_at_once(quick: House) -> None:
    body = {"title": 5, "prompt": None, "word_limit": "x", "extra": 1}
    answer = await quick.as_("emma")("POST", "/api/essays/", body)
    told = problem(answer, 422, "invalid_message")
    assert {mistake["field"] for mistake in told["errors"]} == set(body)


async def test_a_thousand_wrong_fields_make_a_short_answer(quick: House) -> None:
    body = {f"field{number}": number for number in range(1000)} | {"x" * 10_000: 1}
    answer = await quick.as_("emma")("POST", "/api/essays/", body)
    problem(answer, 422, "invalid_message")
    assert len(answer.content) < 5000


@pytest.mark.parametrize("value", ["3.0", "3e0", "30e-1", "0.3E+1"])
async def test_a_whole_number_may_be_written_with_a_fraction(quick: House, value: str) -> None:
    body = f'{{"title":"T","word_limit":{value}}}'.encode()
    made = await quick.as_("emma").post("/api/essays/", body)
    assert made["word_limit"] == 3
    assert isinstance(made["word_limit"], int)


async def test_of_equal_keys_the_last_one_counts(quick: House) -> None:
    made = await quick.as_("emma").post("/api/essays/", b'{"title":"A","title":"B"}')
    assert made["title"] == "B"


NUMBERS = [
    "0",
    "-1",
    "01",
    "+1",
    "1.0",
    "1e0",
    "0x1",
    "1_0",
    "true",
    "null",
    "NaN",
    "me",
    "%20",
    "1%20",
    "%00",
    "1%00",
    "%2e%2e",
    "..%2f1",
    "%31%2f",
    "\u0661",
    "9007199254740992",
    "9223372036854775808",
    "99999999999999999999999999",
    "1;2",
    "1,2",
    "*",
    "'",
    "1'--",
]


@pytest.mark.parametrize("number", NUMBERS)
async def test_what_cannot_be_a_number_names_nothing(quick: House, number: str) -> None:
    rooms = await _rooms(quick)
    emma = quick.as_("emma")
    for path in ("/api/essays/{}/", "/api/projects/{}/", "/api/feedback/{}/"):
        problem(await emma("GET", path.format(number)), 404, "not_found")
    problem(await emma("PATCH", f"/api/essays/{number}/", {"title": 5}), 404, "not_found")
    essay = rooms["essay"]
    answer = await emma("GET", f"/api/essays/{essay}/collaborators/{number}/")
    problem(answer, 404, "not_found")
