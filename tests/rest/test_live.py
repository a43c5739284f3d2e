"""What is changed by REST reaches the rooms at once, with the same rights."""

from __future__ import annotations

from typing import Any

import pytest

from rest_kit import IDS, Follower, House, problem, until


async def _follow_essay(server: House, name: str, room: int) -> Follower:
    follower = server.follow(name, f"/ws/essays/{room}/")
    follower.send(action="subscribe_essay", essay_id=room)
    await until(lambda: bool(follower.of_type("essay_update")))
    follower.messages.clear()
    return follower


async def _follow_project(server: House, name: str, room: int) -> Follower:
    follower = server.follow(name, "/ws/projects/")
    follower.send(type="join_project", payload={"project_id": room})
    await until(lambda: bool(follower.of_type("project_updated")))
    follower.messages.clear()
    return follower


async def test_a_saved_text_reaches_everybody_in_the_essay(server: House) -> None:
    room = await server.essay("One", jane="edit", mike="view")
    mike = await _follow_essay(server, "mike", room)
    saved = await server.as_("jane").patch(f"/api/essays/{room}/", {"content": "One two"})
    await until(lambda: bool(mike.of_type("essay_update")))
    (update,) = mike.of_type("essay_update")
    assert update["content"] == "One two"
    assert update["updated_by"] == {"id": 2, "name": "Jane Smith", "role": "coach"}
    assert update["seq"] == saved["seq"]


async def test_what_was_typed_live_is_there_by_rest(server: House) -> None:
    room = await server.essay("One", jane="edit")
    jane = await _follow_essay(server, "jane", room)
    jane.send(action="update_essay", essay_id=room, content="One two", request_id="r1")
    await until(lambda: bool(jane.of_type("ack")))
    shown = await server.as_("emma").get(f"/api/essays/{room}/")
    assert shown["content"] == "One two"
    assert shown["seq"] == jane.of_type("ack")[0]["seq"]


async def test_saves_by_rest_and_live_end_in_one_text(server: House) -> None:
    room = await server.essay("One two three", jane="edit")
    jane = await _follow_essay(server, "jane", room)
    await server.as_("emma").patch(f"/api/essays/{room}/", {"content": "Zero. One two three"})
    await until(lambda: bool(jane.of_type("essay_update")))
    jane.send(action="update_essay", essay_id=room, content="Zero. One two three four")
    await until(lambda: jane.of_type("essay_update")[-1]["content"].endswith("four"))
    shown = await server.as_("emma").get(f"/api/essays/{room}/")
    assert shown["content"] == "Zero. One two three four"
    assert shown["updated_by"]["id"] == IDS["jane"]


async def test_feedback_by_rest_is_told_like_any_other(server: House) -> None:
    room = await server.essay("One two", sarah="comment")
    emma = await _follow_essay(server, "emma", room)
    sarah = server.as_("sarah")
    body = {"type": "style", "comment": "Hm", "quote": "two"}
    made = await sarah.post(f"/api/essays/{room}/feedback/", body)
    await sarah.patch(f"/api/feedback/{made['id']}/", {"comment": "Better"})
    await sarah.delete(f"/api/feedback/{made['id']}/")
    await until(lambda: bool(emma.of_type("feedback_deleted")))
    (new,), (changed,) = emma.of_type("new_feedback"), emma.of_type("feedback_update")
    assert new["feedback"]["id"] == changed["feedback"]["id"] == made["id"]
    for field in ("highlight_start", "highlight_end", "quote", "anchor", "created_at"):
        assert new["feedback"][field] == made[field]
    assert changed["feedback"]["comment"] == "Better"


async def test_a_change_of_a_project_reaches_everybody_in_it(server: House) -> None:
    room = await server.project(mike="view")
    mike = await _follow_project(server, "mike", room)
    body = {"title": "New", "metadata": {"a": 1}}
    await server.as_("emma").patch(f"/api/projects/{room}/", body)
    await until(lambda: bool(mike.of_type("project_updated")))
    (update,) = mike.of_type("project_updated")
    assert update["payload"]["changes"] == body
    assert update["payload"]["updated_by"] == "1"


LIVE_ESSAY = [
    (
        {"action": "update_essay", "content": "Other"},
        ("PATCH", "", {"content": "Other"}),
    ),
    (
        {"action": "add_feedback", "feedback": {"type": "style", "comment": "Hm"}},
        ("POST", "feedback/", {"type": "style", "comment": "Hm"}),
    ),
]


@pytest.mark.parametrize("right", ["view", "comment", "edit", "owner"])
@pytest.mark.parametrize(("message", "request_"), LIVE_ESSAY, ids=["update", "feedback"])
async def test_an_essay_gives_one_verdict_live_and_by_rest(
    quick: House, right: str, message: dict[str, Any], request_: tuple[str, str, Any]
) -> None:
    live, other = await quick.essay("One", mike=right), await quick.essay("One", mike=right)
    mike = await _follow_essay(quick, "mike", live)
    mike.send(essay_id=live, request_id="r1", **message)
    await until(lambda: any(told.get("request_id") == "r1" for told in mike.messages))
    (verdict,) = [told for told in mike.messages if told.get("request_id") == "r1"]
    method, path, body = request_
    answer = await quick.as_("mike")(method, f"/api/essays/{other}/{path}", body)
    if verdict["type"] == "ack":
        assert answer.status_code in (200, 201)
    else:
        told = problem(answer, 403, "insufficient_permissions")
        assert (verdict["error"], verdict["message"]) == (told["code"], told["detail"])


@pytest.mark.parametrize("right", ["view", "edit", "owner"])
async def test_a_project_gives_one_verdict_live_and_by_rest(quick: House, right: str) -> None:
    room = await quick.project(mike=right)
    mike = await _follow_project(quick, "mike", room)
    payload = {"project_id": room, "data": {"title": "Live"}}
    mike.send(type="update_project", payload=payload, request_id="r1")
    await until(lambda: bool(mike.of_type("ack") or mike.of_type("error")))
    answer = await quick.as_("mike")("PATCH", f"/api/projects/{room}/", {"title": "By REST"})
    assert bool(mike.of_type("ack")) == (answer.status_code == 200)
    if answer.status_code != 200:
        told = problem(answer, 403, "insufficient_permissions")
        assert mike.of_type("error")[0]["payload"]["message"] == told["detail"]


async def test_taking_a_right_away_puts_open_connections_out(server: House) -> None:
    room = await server.essay("One", mike="view")
    mike = await _follow_essay(server, "mike", room)
    await server.as_("emma").delete(f"/api/essays/{room}/collaborators/{IDS['mike']}/")
    await until(lambda: mike.closed is not None or bool(mike.of_type("permission_denied")))
    mike.messages.clear()
    await server.as_("emma").patch(f"/api/essays/{room}/", {"content": "Secret"})
    assert mike.of_type("essay_update") == []


async def test_deleting_an_essay_puts_everybody_out(server: House) -> None:
    room = await server.essay("One", mike="view")
    mike = await _follow_essay(server, "mike", room)
    await server.as_("emma").delete(f"/api/essays/{room}/")
    await until(lambda: mike.closed is not None or bool(mike.of_type("permission_denied")))


async def test_logging_out_by_rest_closes_the_sockets_of_the_log_in(server: House) -> None:
    room = await server.essay("One")
    emma = await _follow_essay(server, "emma", room)
    answer = await server.as_("emma")("POST", "/api/token/revoke/")
    assert answer.status_code == 204
    await until(lambda: emma.closed is not None)
    assert emma.closed == 4401
