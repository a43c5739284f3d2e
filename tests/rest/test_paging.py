from __future__ import annotations

from typing import Any

import pytest

from rest_kit import Client, House, problem
from workroom.transports.rest.paging import Paging


async def _fill(server: House, kind: str) -> str:
    """Seven of a kind; the address of their list."""
    emma = server.as_("emma")
    if kind in ("essays", "projects"):
        for number in range(7):
            await emma.post(f"/api/{kind}/", {"title": f"{number}"})
        return f"/api/{kind}/"
    room = f"/api/essays/{await server.essay()}/"
    if kind == "feedback":
        for number in range(7):
            await emma.post(f"{room}feedback/", {"type": "style", "comment": f"{number}"})
        return f"{room}feedback/"
    if kind == "revisions":
        for number in range(6):
            await emma.patch(room, {"title": f"{number}"})
        return f"{room}revisions/"
    for number in range(100, 106):
        made = await server.as_("admin").post("/api/users/", {"username": f"user{number}"})
        await emma.put(f"{room}collaborators/{made['id']}/")
    return f"{room}collaborators/"


KINDS = ["essays", "projects", "feedback", "collaborators", "revisions"]


async def _walk(client: Client, start: str, way: str) -> list[Any]:
    pages, path = [], start
    while path:
        page = await client.get(path)
        pages.append(page)
        path = page[way]
    return pages


@pytest.mark.parametrize("kind", KINDS)
async def test_following_next_gives_everything_once(server: House, kind: str) -> None:
    path = await _fill(server, kind)
    emma = server.as_("emma")
    whole = await emma.get(path)
    assert (whole["count"], whole["next"], whole["previous"]) == (7, None, None)
    pages = await _walk(emma, f"{path}?limit=3", "next")
    assert [len(page["results"]) for page in pages] == [3, 3, 1]
    assert [row for page in pages for row in page["results"]] == whole["results"]
    assert {page["count"] for page in pages} == {7}
    assert pages[0]["next"] == f"{path}?limit=3&offset=3"


@pytest.mark.parametrize("kind", KINDS)
async def test_following_previous_gives_everything_once(server: House, kind: str) -> None:
    path = await _fill(server, kind)
    emma = server.as_("emma")
    whole = await emma.get(path)
    pages = await _walk(emma, f"{path}?limit=3&offset=5", "previous")
    backwards = [row for page in reversed(pages) for row in page["results"]]
    assert backwards == whole["results"]


async def test_the_newest_change_comes_first(server: House) -> None:
    emma = server.as_("emma")
    rooms = [await server.essay() for _ in range(3)]
    await emma.patch(f"/api/essays/{rooms[0]}/", {"title": "Changed"})
    shown = [row["id"] for row in (await emma.get("/api/essays/"))["results"]]
    assert shown[0] == rooms[0]
    assert sorted(shown) == rooms


@pytest.mark.parametrize("offset", [7, 8, 10_000, 2**53 - 1])
async def test_a_page_behind_the_end_is_empty(server: House, offset: int) -> None:
    path = await _fill(server, "essays")
    page = await server.as_("emma").get(f"{path}?offset={offset}")
    assert (page["count"], page["results"], page["next"]) == (7, [], None)
    back = await server.as_("emma").get(page["previous"])
    assert len(back["results"]) == 7


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=1.5", "limit"),
        ("limit=true", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("offset=-1", "offset"),
        ("offset=9007199254740992", "offset"),
        ("offset=null", "offset"),
    ],
)
async def test_a_page_that_cannot_be_is_refused_by_name(
    quick: House, query: str, field: str
) -> None:
    refused = await quick.as_("emma")("GET", f"/api/essays/?{query}")
    assert problem(refused, 422, "invalid_message")["field"] == field


@pytest.mark.parametrize("total", range(6))
@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize("offset", range(7))
def test_links_lead_to_neighbours_that_touch(total: int, limit: int, offset: int) -> None:
    before, after = Paging(limit, offset).neighbours("/x/", total)
    assert (after is not None) == (offset + limit < total)
    assert (before is not None) == (offset > 0)
    if before is not None:
        size, start = (int(part.split("=")[1]) for part in before.split("?")[1].split("&"))
        assert 1 <= size <= 100
        assert start >= 0
        assert start + size == offset or offset > total


@pytest.mark.parametrize("kind", ["essay", "project"])
async def test_a_search_is_paged_and_its_links_carry_it_on(quick: House, kind: str) -> None:
    emma = quick.as_("emma")
    for title in ("One & two=three", "Nothing", *(f"Ünder {n} &" for n in range(3))):
        await emma.post(f"/api/{kind}s/", {"title": title})
    path, seen = f"/api/{kind}s/?limit=1&search=%26", list[str]()
    while path:
        answer = await emma.get(path)
        assert answer["count"] == 4
        seen += [each["title"] for each in answer["results"]]
        path = answer["next"]
    assert sorted(seen) == ["One & two=three", *(f"Ünder {n} &" for n in range(3))]
    assert answer["previous"].startswith(f"/api/{kind}s/?limit=1&offset=2&search=%26")
    assert (await emma.get(f"/api/{kind}s/?search=under+2"))["count"] == 1
    assert (await emma.get(f"/api/{kind}s/?search=emma+under"))["count"] == 3
    assert (await quick.as_("mike").get(f"/api/{kind}s/?search=under"))["count"] == 0
    for hostile in ("%00", "%ff", "%27%3B--", "%25", "%5C", "%F0%9F%98%80", "a" * 200):
        assert (await emma.get(f"/api/{kind}s/?search={hostile}"))["results"] == []
    refused = problem(
        await emma("GET", f"/api/{kind}s/?search={'a' * 201}"), 422, "invalid_message"
    )
    assert refused["field"] == "search"
