"""The life of a connection against the real server: tokens, rights, deletion, shutdown."""

from __future__ import annotations

import asyncio
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.net.live import Client, Server, python_client, running

EXTENDED = ["workroom.v1"]
TIME_TO_CONNECT = 5.0
"""Seconds that a token is good for whose end is waited for: enough, on a busy machine as well."""


def _new_essay(server: Server, **members: str) -> int:
    body = {"title": "Essay", "content": "Some words of mine."}
    number: int = server.rest("POST", "/api/essays/", "emma", body)[1]["id"]
    ids = {"jane": 2, "sarah": 3, "mike": 4}
    for name, right in members.items():
        path = f"/api/essays/{number}/collaborators/{ids[name]}/"
        assert server.rest("PUT", path, "emma", {"rights": right})[0] in (200, 201)
    return number


def _token(server: Server, user_id: int, seconds: float, **claims: Any) -> str:
    """A token of the server's own making, as far as it can tell."""
    secret = (server.data_dir / "secret.key").read_bytes().strip()
    claims = {"token_type": "access", "user_id": user_id, "exp": time.time() + seconds, **claims}
    return jwt.encode(claims, secret, "HS256")


@pytest.mark.parametrize("last_slash", ["", "/"])
async def test_the_last_slash_does_not_matter(demo: Server, last_slash: str) -> None:
    url = demo.essay_url(1, demo.token("emma")).replace("/?", f"{last_slash}?")
    async with python_client(url) as emma:
        assert (await emma.next())["type"] == "user_joined"


@pytest.mark.parametrize("token", [None, "", "nonsense", "a.b.c", "é.é.é", "x" * 5000])
async def test_a_bad_token_gets_a_readable_error_and_4401(demo: Server, token: str | None) -> None:
    async with python_client(demo.essay_url(1, token)) as stranger:
        assert await stranger.next() == {
            "type": "connection_error",
            "error": "authentication_failed",
            "message": "Invalid or expired token",
        }
        assert await stranger.close_code() == 4401


async def test_an_expired_token_is_a_bad_one(demo: Server) -> None:
    async with python_client(demo.project_url(_token(demo, 1, -1))) as stranger:
        assert (await stranger.next())["payload"]["code"] == "AUTHENTICATION_FAILED"
        assert await stranger.close_code() == 4401


async def test_a_forbidden_essay_and_one_that_is_not_look_the_same(demo: Server) -> None:
    number = _new_essay(demo)
    answers = []
    for essay in (number, 9_007_199_254_740_991):
        async with python_client(demo.essay_url(essay, demo.token("mike"))) as mike:
            answers.append((await mike.next(), await mike.close_code()))
    assert answers[0] == answers[1]
    assert answers[0] == (
        {
            "type": "permission_denied",
            "error": "insufficient_permissions",
            "message": "You don't have permission to view this essay",
        },
        4403,
    )


async def test_a_connection_ends_with_its_token_and_extended_ones_are_warned(demo: Server) -> None:
    number = _new_essay(demo)
    token = _token(demo, 1, TIME_TO_CONNECT)
    async with (
        python_client(demo.essay_url(number, token), protocols=EXTENDED) as extended,
        python_client(demo.essay_url(number, token)) as plain,
    ):
        assert (await extended.next("token_expiring"))["seconds"] <= TIME_TO_CONNECT
        for client in (extended, plain):
            assert (await client.next("connection_error"))["error"] == "authentication_failed"
            assert await client.close_code() == 4401
        assert "token_expiring" not in [message["type"] for message in plain.everything]


async def test_a_new_token_keeps_the_connection(demo: Server) -> None:
    number = _new_essay(demo)
    ends = time.monotonic() + TIME_TO_CONNECT
    async with python_client(demo.essay_url(number, _token(demo, 1, TIME_TO_CONNECT))) as emma:
        await emma.send({"action": "refresh_token", "token": _token(demo, 1, 600)})
        await asyncio.sleep(ends + 1 - time.monotonic())  # the old token's end has to come
        await emma.send({"action": "subscribe_essay", "essay_id": number})
        await emma.next("essay_update")


async def test_a_token_of_another_user_does_not_keep_it(demo: Server) -> None:
    number = _new_essay(demo)
    async with python_client(
        demo.essay_url(number, _token(demo, 1, 600)), protocols=EXTENDED
    ) as emma:
        message = {"action": "refresh_token", "token": _token(demo, 2, 600), "request_id": "r"}
        await emma.send(message)
        error = await emma.next("error")
        assert (error["error"], error["request_id"]) == ("invalid_message", "r")


async def test_logging_out_closes_the_sockets_of_that_log_in_and_no_other(demo: Server) -> None:
    number = _new_essay(demo)
    gone, stays = _token(demo, 1, 600, sid="log-in-1"), _token(demo, 1, 600, sid="log-in-2")
    async with (
        python_client(demo.essay_url(number, gone)) as one,
        python_client(demo.essay_url(number, stays)) as other,
    ):
        await one.send({"action": "subscribe_essay", "essay_id": number})
        await one.next("essay_update")  # that she came is told to her first connection only
        assert demo.rest("POST", "/api/token/revoke/", None, {"token": gone})[0] == 204
        assert (await one.next("connection_error"))["error"] == "authentication_failed"
        assert await one.close_code() == 4401
        await other.send({"action": "subscribe_essay", "essay_id": number})
        await other.next("essay_update")
    async with python_client(demo.essay_url(number, gone)) as again:
        assert await again.close_code() == 4401


async def test_the_token_may_come_as_a_subprotocol(demo: Server) -> None:
    protocols = ["workroom.v1", f"bearer.{demo.token('emma')}"]
    async with python_client(demo.essay_url(1, None), protocols=protocols) as emma:
        assert emma.protocol == "workroom.v1"
        await emma.next("user_joined")


async def test_a_removed_collaborator_hears_nothing_more(demo: Server) -> None:
    number = _new_essay(demo, jane="edit")
    async with (
        python_client(demo.essay_url(number, demo.token("jane"))) as jane,
        python_client(demo.essay_url(number, demo.token("emma"))) as emma,
    ):
        await asyncio.gather(jane.next("user_joined"), emma.next("user_joined"))
        assert demo.rest("DELETE", f"/api/essays/{number}/collaborators/2/", "emma")[0] == 204
        assert (await jane.next("permission_denied"))["message"].endswith("view this essay")
        assert await jane.close_code() == 4403
        assert (await emma.next("user_left"))["user_id"] == 2


async def test_a_request_asked_twice_is_done_once_also_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        number = _new_essay(server, jane="edit")
        message = {
            "action": "add_feedback",
            "essay_id": number,
            "feedback": {"type": "style", "comment": "Once"},
            "request_id": "only-once",
        }
        answers = []
        for again in range(3):
            if again == 2:
                server.stop()
                server.start()
            url = server.essay_url(number, server.token("jane"))
            async with python_client(url, protocols=EXTENDED) as jane:
                await jane.send(message)
                answers.append(await jane.next("ack"))
        assert answers[0] == answers[1] == answers[2]
        listed = server.rest("GET", f"/api/essays/{number}/feedback/", "emma")[1]
        assert [item["id"] for item in listed["results"]] == [answers[0]["feedback_id"]]


async def test_every_request_is_answered_by_exactly_one_ack_or_error(demo: Server) -> None:
    number = _new_essay(demo)
    requests: list[tuple[dict[str, object], str]] = [
        ({"action": "subscribe_essay"}, "ack"),
        ({"action": "update_essay", "content": "New words"}, "ack"),
        ({"action": "update_essay", "content": "New words"}, "ack"),
        ({"action": "typing_start"}, "ack"),
        ({"action": "typing_stop"}, "ack"),
        ({"action": "add_feedback", "feedback": {"type": "style", "comment": "x"}}, "ack"),
        ({"action": "add_feedback", "feedback": {"type": "nope", "comment": "x"}}, "error"),
        ({"action": "dance"}, "error"),
        ({"action": "unsubscribe_essay"}, "ack"),
        ({"action": "update_essay", "content": "Not in the room"}, "error"),
    ]
    async with python_client(
        demo.essay_url(number, demo.token("emma")), protocols=EXTENDED
    ) as emma:
        for n, (request, _) in enumerate(requests):
            await emma.send({"essay_id": number, "request_id": f"q{n}", **request})
        answers: dict[str, str] = {}
        while len(answers) < len(requests):
            answer = await emma.next()
            if "request_id" in answer:
                assert answer["request_id"] not in answers
                answers[answer["request_id"]] = answer["type"]
        assert answers == {f"q{n}": kind for n, (_, kind) in enumerate(requests)}


@pytest.mark.parametrize(
    "action",
    ["update_feedback", "delete_feedback", "reply_feedback", "resolve_feedback", "reopen_feedback"],
)
async def test_what_is_extended_is_unknown_to_a_plain_connection(demo: Server, action: str) -> None:
    async with python_client(demo.essay_url(1, demo.token("emma"))) as emma:
        await emma.send({"action": action, "essay_id": 1, "feedback_id": 1})
        assert (await emma.next("error"))["error"] == "unknown_action"


async def test_rest_changes_reach_the_room_at_once(demo: Server) -> None:
    number = _new_essay(demo, jane="edit")
    async with python_client(demo.essay_url(number, demo.token("jane"))) as jane:
        await jane.next("user_joined")
        demo.rest("PATCH", f"/api/essays/{number}/", "emma", {"content": "By REST."})
        assert (await jane.next("essay_update"))["content"] == "By REST."
        quote = {"type": "style", "comment": "Hm", "quote": "REST"}
        status, made = demo.rest("POST", f"/api/essays/{number}/feedback/", "emma", quote)
        assert status == 201
        feedback = (await jane.next("new_feedback"))["feedback"]
        assert (feedback["id"], feedback["highlight_start"]) == (made["id"], 3)
        path = f"/api/feedback/{made['id']}/"
        demo.rest("PATCH", path, "emma", {"comment": "Better"})
        assert (await jane.next("feedback_update"))["feedback"]["comment"] == "Better"


async def test_a_pages_origin_must_be_this_host_or_an_allowed_one(demo: Server) -> None:
    url = demo.essay_url(1, demo.token("emma"))
    async with python_client(url, origin=demo.http) as emma:
        await emma.next("user_joined")
    for origin in ("https://evil.example", "null", demo.http + ".evil.example"):
        with pytest.raises(Exception, match="403"):
            async with python_client(url, origin=origin):
                pass


async def test_a_page_of_this_machine_connects_at_any_port_while_it_is_being_made(
    demo: Server,
) -> None:
    page = "http://localhost:5173"
    async with python_client(demo.essay_url(1, demo.token("emma")), origin=page) as emma:
        await emma.next("user_joined")
    request = urllib.request.Request(f"{demo.http}/api/task-types/", headers={"Origin": page})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    with refused.value as answer:
        assert answer.headers["access-control-allow-origin"] == page


async def _rest_of(client: Client) -> list[str]:
    await client.close_code()
    return [message["type"] for message in client.everything]


async def test_a_server_that_stops_says_so_and_closes_with_1012(tmp_path: Path) -> None:
    with running(tmp_path, WORKROOM_SHUTDOWN_SPREAD="0.2") as server:
        async with (
            python_client(server.essay_url(1, server.token("emma"))) as emma,
            python_client(server.project_url(server.token("jane"))) as jane,
        ):
            await emma.next("user_joined")
            stopped = asyncio.get_running_loop().run_in_executor(None, server.stop)
            error = await emma.next("connection_error")
            assert error["error"] == "server_restarting"
            assert (await jane.next("error"))["payload"]["code"] == "UNAVAILABLE"
            assert [await emma.close_code(), await jane.close_code()] == [1012, 1012]
            assert await stopped == 0
