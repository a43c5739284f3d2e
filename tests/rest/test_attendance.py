"""Lists say who is in each room now; people can be let in by their user name."""

from __future__ import annotations

from typing import Any

import pytest

from rest_kit import IDS, House, problem, until
from workroom.transports.rest.answers import Collaborator, ListedEssay, ListedProject, Page

EMMA = {"id": 1, "name": "Emma Brown", "role": "student"}
JANE = {"id": 2, "name": "Jane Smith", "role": "coach"}


async def _row(server: House, name: str, path: str) -> Any:
    page = await server.as_(name).get(path)
    (row,) = page["results"]
    return row


async def test_a_list_names_who_is_in_each_essay_until_they_leave(server: House) -> None:
    room = await server.essay("One", jane="view")
    row = await _row(server, "jane", "/api/essays/")
    assert (row["present"], row["present_count"]) == ([], 0)
    first, second = (server.follow("emma", f"/ws/essays/{room}/") for _ in range(2))
    for each in (first, second):
        each.send(action="subscribe_essay", essay_id=room)
    await until(lambda: bool(first.of_type("essay_update") and second.of_type("essay_update")))
    jane = server.follow("jane", f"/ws/essays/{room}/")
    await until(lambda: len(jane.of_type("user_joined")) == 1)
    page = await server.as_("jane").get("/api/essays/")
    Page[ListedEssay].model_validate(page, strict=True)
    (row,) = page["results"]
    assert (row["present"], row["present_count"]) == ([EMMA, JANE], 2), "users, not tabs"
    for each in (first, second):
        assert each.peer is not None
        each.peer.lost(clean=True)
    await until(lambda: bool(jane.of_type("user_left")))
    assert (await _row(server, "jane", "/api/essays/"))["present"] == [JANE]


async def test_a_list_names_who_is_in_each_project(server: House) -> None:
    room = await server.project(jane="view")
    jane = server.follow("jane", "/ws/projects/")
    jane.send(type="join_project", payload={"project_id": room})
    await until(lambda: bool(jane.of_type("project_updated")))
    page = await server.as_("emma").get("/api/projects/")
    Page[ListedProject].model_validate(page, strict=True)
    assert page["results"][0]["present"] == [JANE]
    assert (await server.as_("mike").get("/api/projects/"))["results"] == []


@pytest.mark.parametrize("kind", ["essay", "project"])
async def test_somebody_is_let_in_by_user_name(server: House, kind: str) -> None:
    room = await (server.essay("One") if kind == "essay" else server.project())
    path = f"/api/{kind}s/{room}/collaborators/"
    made = await server.as_("emma").post(path, {"username": "Jane"})
    Collaborator.model_validate(made, strict=True)
    assert (made["user"]["id"], made["rights"]) == (IDS["jane"], "edit"), "coaches edit"
    again = await server.as_("emma").post(path, {"username": "jane", "rights": "view"})
    assert again["rights"] == "view"
    assert (await server.as_("jane").get(f"/api/{kind}s/{room}/"))["rights"] == "view"


@pytest.mark.parametrize("kind", ["essay", "project"])
async def test_only_owners_learn_whether_a_user_name_is_taken(server: House, kind: str) -> None:
    rights = {"jane": "edit"}
    room = await (server.essay("One", **rights) if kind == "essay" else server.project(**rights))
    path = f"/api/{kind}s/{room}/collaborators/"
    answer = await server.as_("emma")("POST", path, {"username": "nobody"})
    assert problem(answer, 404, "not_found")["field"] == "username"
    for name in ("mike", "nobody"):
        body = {"username": name}
        answer = await server.as_("jane")("POST", path, body)
        problem(answer, 403, "insufficient_permissions")
        problem(await server.as_("mike")("POST", path, body), 404, "not_found")


async def test_the_types_of_task_are_listed_with_what_they_are_for(quick: House) -> None:
    page = await quick.as_("mike").get("/api/task-types/")
    kinds = {each["task_type"]: each["kinds"] for each in page["results"]}
    assert kinds["analyze_image_emotion"] == ["image"]
    assert kinds["analyze_audio"] == ["audio"]
