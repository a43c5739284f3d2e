"""Every right, every action: the verdicts of the core's table, and 404 for who may not look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from rest_kit import IDS, RIGHTS, House, problem
from workroom.core.people import Right
from workroom.core.permissions import Verb, allows
from workroom.ids import RoomKind

ESSAY, PROJECT = RoomKind.ESSAY, RoomKind.PROJECT
COMMENT = {"type": "general", "comment": "Good"}


@dataclass(frozen=True)
class Action:
    """A request, and the verb that it needs."""

    kind: RoomKind
    verb: Verb
    method: str
    path: str
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _both(verb: Verb, method: str, path: str, body: Any = None) -> list[Action]:
    return [Action(kind, verb, method, f"/api/{kind}s/{{room}}/{path}", body) for kind in RoomKind]


JANE = f"collaborators/{IDS['jane']}/"
ACTIONS = [
    *_both(Verb.VIEW, "GET", ""),
    *_both(Verb.EDIT, "PATCH", "", {"title": "New"}),
    *_both(Verb.MANAGE, "DELETE", ""),
    *_both(Verb.VIEW, "GET", "collaborators/"),
    *_both(Verb.VIEW, "GET", f"collaborators/{IDS['emma']}/"),
    *_both(Verb.MANAGE, "PUT", JANE, {"rights": "view"}),
    *_both(Verb.MANAGE, "PUT", JANE),
    *_both(Verb.MANAGE, "DELETE", JANE),
    *_both(Verb.MANAGE, "POST", "collaborators/", {"username": "jane"}),
    Action(ESSAY, Verb.EDIT, "PATCH", "/api/essays/{room}/", {"content": "Other words"}),
    Action(ESSAY, Verb.EDIT, "PATCH", "/api/essays/{room}/", {"title": "New", "content": "x"}),
    Action(ESSAY, Verb.VIEW, "GET", "/api/essays/{room}/revisions/"),
    Action(ESSAY, Verb.VIEW, "GET", "/api/essays/{room}/revisions/?grouped=1"),
    Action(ESSAY, Verb.VIEW, "GET", "/api/essays/{room}/revisions/?named=1"),
    Action(ESSAY, Verb.VIEW, "GET", "/api/essays/{room}/revisions/2/"),
    Action(ESSAY, Verb.EDIT, "PATCH", "/api/essays/{room}/revisions/2/", {"name": "Draft"}),
    Action(ESSAY, Verb.EDIT, "POST", "/api/essays/{room}/revisions/1/restore/"),
    Action(ESSAY, Verb.VIEW, "GET", "/api/essays/{room}/attribution/"),
    Action(ESSAY, Verb.VIEW, "GET", "/api/essays/{room}/feedback/"),
    Action(ESSAY, Verb.COMMENT, "POST", "/api/essays/{room}/feedback/", COMMENT),
    Action(
        ESSAY, Verb.COMMENT, "POST", "/api/essays/{room}/feedback/", {**COMMENT, "quote": "words"}
    ),
    Action(ESSAY, Verb.VIEW, "GET", "/api/feedback/{feedback}/"),
    # Somebody else's feedback, that is: one's own is a test below.
    Action(ESSAY, Verb.MANAGE, "PATCH", "/api/feedback/{feedback}/", {"comment": "Better"}),
    Action(ESSAY, Verb.MANAGE, "DELETE", "/api/feedback/{feedback}/"),
    Action(PROJECT, Verb.EDIT, "PATCH", "/api/projects/{room}/", {"metadata": {"a": 1}}),
]


async def _stage(server: House, kind: RoomKind, right: Right | None) -> dict[str, int]:
    """A room of Emma's with Jane in it, where Mike holds ``right``, and one comment of Emma's."""
    rights = {"jane": "view"} | ({} if right is None else {"mike": right.word})
    if kind is PROJECT:
        return {"room": await server.project(**rights)}
    room = await server.essay("Some words", **rights)
    made = await server.as_("emma").post(f"/api/essays/{room}/feedback/", COMMENT)
    return {"room": room, "feedback": made["id"]}


@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: right.word if right else "none")
@pytest.mark.parametrize("action", ACTIONS, ids=str)
async def test_a_right_allows_by_rest_what_it_allows_in_the_room(
    quick: House, action: Action, right: Right | None
) -> None:
    if action.kind is PROJECT and right is Right.COMMENT:  # projects have no comments
        right = Right.VIEW
    numbers = await _stage(quick, action.kind, right)
    answer = await quick.as_("mike")(action.method, action.path.format(**numbers), action.body)
    if right is None:
        problem(answer, 404, "not_found")
    elif allows(action.kind, action.verb, right):
        assert answer.status_code in (200, 201, 204), answer.text
    else:
        problem(answer, 403, "insufficient_permissions")


@pytest.mark.parametrize("action", ACTIONS, ids=str)
async def test_an_admin_may_do_everything(server: House, action: Action) -> None:
    numbers = await _stage(server, action.kind, None)
    answer = await server.as_("admin")(action.method, action.path.format(**numbers), action.body)
    assert answer.status_code in (200, 201, 204), answer.text


@pytest.mark.parametrize("action", ACTIONS, ids=str)
async def test_nobody_may_do_nothing(quick: House, action: Action) -> None:
    numbers = await _stage(quick, action.kind, None)
    answer = await quick.nobody(action.method, action.path.format(**numbers), action.body)
    problem(answer, 401, "authentication_failed")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("action", ACTIONS, ids=str)
async def test_what_is_hidden_looks_like_what_does_not_exist(quick: House, action: Action) -> None:
    numbers = await _stage(quick, action.kind, None)
    hidden = await quick.as_("mike")(action.method, action.path.format(**numbers), action.body)
    missing = {name: number + 1000 for name, number in numbers.items()}
    absent = await quick.as_("mike")(action.method, action.path.format(**missing), action.body)
    assert hidden.status_code == absent.status_code == 404
    assert hidden.headers.keys() == absent.headers.keys()
    shown, other = hidden.text, absent.text
    for name, number in numbers.items():
        shown = shown.replace(f" {number} ", f" {name} ")
        other = other.replace(f" {missing[name]} ", f" {name} ")
    assert shown == other


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_feedback_belongs_to_who_wrote_it(quick: House, method: str) -> None:
    room = await quick.essay("Some words", mike="comment", sarah="edit")
    made = await quick.as_("mike").post(f"/api/essays/{room}/feedback/", COMMENT)
    path = f"/api/feedback/{made['id']}/"
    body = {"comment": "Better"} if method == "PATCH" else None
    problem(await quick.as_("sarah")(method, path, body), 403, "insufficient_permissions")
    assert (await quick.as_("mike")(method, path, body)).status_code in (200, 204)


async def test_who_may_only_view_any_more_cannot_change_their_old_feedback(quick: House) -> None:
    room = await quick.essay("Some words", mike="comment")
    made = await quick.as_("mike").post(f"/api/essays/{room}/feedback/", COMMENT)
    await quick.let_in(f"/api/essays/{room}/", "emma", {"mike": "view"})
    answer = await quick.as_("mike")("DELETE", f"/api/feedback/{made['id']}/")
    problem(answer, 403, "insufficient_permissions")


@pytest.mark.parametrize("kind", ["essay", "project"])
async def test_a_right_that_is_taken_away_is_gone_at_the_next_request(
    server: House, kind: str
) -> None:
    make = server.essay if kind == "essay" else server.project
    room = f"/api/{kind}s/{await make(mike='edit')}/"
    mike = server.as_("mike")
    await mike.patch(room, {"title": "Mine"})
    await server.as_("emma").delete(f"{room}collaborators/{IDS['mike']}/")
    problem(await mike("PATCH", room, {"title": "Again"}), 404, "not_found")
    assert (await mike.get(f"/api/{kind}s/"))["count"] == 0


@pytest.mark.parametrize("kind", RoomKind)
async def test_nobody_can_try_out_who_there_is_but_admins(quick: House, kind: RoomKind) -> None:
    room = await (quick.essay() if kind is ESSAY else quick.project())
    path = f"/api/{kind}s/{room}/collaborators/"
    ask = quick.as_("emma")
    for number in range(28):
        problem(await ask("POST", path, {"username": f"guess{number}"}), 404, "not_found")
    await ask.post(path, {"username": "mike"})
    problem(await ask("PUT", f"{path}999/", {"rights": "view"}), 404, "not_found")
    for method, more, body in (
        ("POST", "", {"username": "sarah"}),
        ("POST", "", {"username": "guess99"}),
        ("PUT", f"{IDS['sarah']}/", {"rights": "view"}),
        ("PUT", "998/", {"rights": "view"}),
    ):
        refused = await ask(method, path + more, body)
        assert 0 < problem(refused, 429, "rate_limited")["retry_after"] <= 60
        assert refused.headers["retry-after"].isdecimal()
    # Who is in the room already is nothing new.
    await ask.post(path, {"username": "mike", "rights": "edit"})
    await ask.put(f"{path}{IDS['mike']}/", {"rights": "view"})
    admin = quick.as_("admin")
    for number in range(40):
        problem(await admin("POST", path, {"username": f"guess{number}"}), 404, "not_found")
