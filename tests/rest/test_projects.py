from __future__ import annotations

from typing import Any

import pytest

from rest_kit import IDS, House, good, problem
from workroom.transports.rest.answers import ListedProject, Page, Project

EMMA = {"id": 1, "name": "Emma Brown", "role": "student"}


async def test_a_new_project_is_answered_as_it_is_stored(server: House) -> None:
    body = {
        "title": "Moods",
        "description": "Pictures",
        "status": "archived",
        "metadata": {"colour": "blue", "n": [1, 2.5, None], "in": {"x": True}},
    }
    answer = await server.as_("emma")("POST", "/api/projects/", body)
    made = good(answer)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/projects/{made['id']}/"
    assert made == body | {
        "id": made["id"],
        "files": {"used": 0, "limit": 2 * 2**30},
        "author": EMMA,
        "seq": 1,
        "rights": "owner",
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "updated_by": EMMA,
    }
    Project.model_validate(made, strict=True)
    assert await server.as_("emma").get(f"/api/projects/{made['id']}/") == made


async def test_the_project_and_its_row_agree_after_every_change(server: House) -> None:
    room = f"/api/projects/{await server.project(jane='edit')}/"
    await server.as_("jane").patch(room, {"status": "archived"})
    changed = await server.as_("jane").patch(room, {"description": "D", "metadata": {"a": 1}})
    assert changed["rights"] == "edit"
    page = await server.as_("jane").get("/api/projects/")
    Page[ListedProject].model_validate(page, strict=True)
    (row,) = page["results"]
    told = {name: value for name, value in changed.items() if name not in ("metadata", "files")}
    assert row == {**told, "present": [], "present_count": 0}


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": None, "z": 3}}, {"a": {"y": 2, "z": 3}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1}, {}, {"a": 1}),
        ({}, {"a": {"b": None}}, {"a": {}}),
    ],
)
async def test_metadata_is_merged_as_json_merge_patch_does(
    quick: House, before: dict[str, Any], patch: dict[str, Any], after: dict[str, Any]
) -> None:
    emma = quick.as_("emma")
    made = await emma.post("/api/projects/", {"title": "P", "metadata": before})
    assert made["metadata"] == before
    changed = await emma.patch(f"/api/projects/{made['id']}/", {"metadata": patch})
    assert changed["metadata"] == after


async def test_nulls_in_the_first_metadata_count_as_left_out(quick: House) -> None:
    body = {"title": "P", "metadata": {"a": None, "b": {"c": None, "d": 1}}}
    made = await quick.as_("emma").post("/api/projects/", body)
    assert made["metadata"] == {"b": {"d": 1}}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    ("metadata", "status", "code"),
    [
        ({"a": "x" * 70_000}, 413, "too_large"),
        ({"__proto__": {}}, 422, "invalid_message"),
        ({"a": {"constructor": {"prototype": 1}}}, 422, "invalid_message"),
        ([], 422, "invalid_message"),
        ("{}", 422, "invalid_message"),
        (None, 422, "invalid_message"),
    ],
)
async def test_metadata_that_cannot_be_is_refused_by_name(
    quick: House, method: str, metadata: Any, status: int, code: str
) -> None:
    path = "/api/projects/" if method == "POST" else f"/api/projects/{await quick.project()}/"
    answer = await quick.as_("emma")(method, path, {"title": "P", "metadata": metadata})
    assert problem(answer, status, code)["field"] == "metadata"


async def test_metadata_cannot_grow_over_its_limit_bit_by_bit(quick: House) -> None:
    room = f"/api/projects/{await quick.project()}/"
    emma = quick.as_("emma")
    await emma.patch(room, {"metadata": {"a": "x" * 40_000}})
    refused = await emma("PATCH", room, {"metadata": {"b": "x" * 40_000}})
    assert problem(refused, 413, "too_large")["field"] == "metadata"


async def test_deeply_nested_metadata_is_refused(quick: House) -> None:
    deep = b'{"title":"P","metadata":' + b'{"a":' * 65 + b"1" + b"}" * 65 + b"}"
    refused = await quick.as_("emma")("POST", "/api/projects/", deep)
    assert problem(refused, 422, "invalid_message")["field"] == "metadata"


async def test_projects_have_no_right_to_comment(quick: House) -> None:
    room = f"/api/projects/{await quick.project()}/collaborators/{IDS['mike']}/"
    refused = await quick.as_("emma")("PUT", room, {"rights": "comment"})
    assert problem(refused, 422, "invalid_message")["field"] == "rights"
    assert (await quick.as_("emma").put(room))["rights"] == "view"


async def test_a_deleted_project_is_gone(server: House) -> None:
    room = await server.project(mike="view")
    await server.as_("emma").delete(f"/api/projects/{room}/")
    problem(await server.as_("mike")("GET", f"/api/projects/{room}/"), 404, "not_found")
    assert (await server.as_("mike").get("/api/projects/"))["count"] == 0


async def test_essays_and_projects_are_numbered_apart(quick: House) -> None:
    essay, project = await quick.essay(), await quick.project()
    assert essay == project == 1
    await quick.as_("emma").delete(f"/api/projects/{project}/")
    assert (await quick.as_("emma").get(f"/api/essays/{essay}/"))["id"] == essay
