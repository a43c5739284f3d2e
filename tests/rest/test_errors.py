"""Every class of error: the documented shape, and nothing that belongs into a log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from rest_kit import House, memory_house, problem
from workroom.adapters.auth.passwords import Argon2Hasher
from workroom.adapters.store import MemoryStore
from workroom.errors import Unavailable, WorkroomError
from workroom.transports.rest import RestSettings
from workroom.transports.rest.edge import Edge
from workroom.transports.rest.problem import KINDS, refused


def every_error() -> list[type[WorkroomError]]:
    found, new = [], [WorkroomError]
    while new:
        found += new
        new = [child for parent in new for child in parent.__subclasses__()]
    return found


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_of_ours_has_an_answer(kind: type[WorkroomError]) -> None:
    error = kind.__new__(kind)
    WorkroomError.__init__(error, "what is wrong")
    answer = refused(error)
    assert 400 <= answer.status_code < 600
    assert answer.media_type == "application/problem+json"


def test_codes_have_one_status_each_and_an_explanation() -> None:
    for code, kind in KINDS.items():
        assert code == kind.code
        assert 400 <= kind.status < 600
        assert kind.about.endswith(".")


async def test_an_unknown_address_is_404(quick: House) -> None:
    paths = ("/", "/api", "/api/", "/api/essay/", "/api/essays/1/revisions/", "/x/y", "//evil/")
    for path in paths:
        told = problem(await quick.as_("emma")("GET", path), 404, "not_found")
        assert "Traceback" not in told["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/essays/", "GET, HEAD, POST"),
        ("PUT", "/api/essays/1/", "GET, HEAD, PATCH, DELETE"),
        ("POST", "/api/essays/1/collaborators/1/", "GET, HEAD, PUT, DELETE"),
        ("GET", "/api/token/", "POST"),
        ("POST", "/api/users/me/", "GET, HEAD"),
        ("OPTIONS", "/api/essays/", "GET, HEAD, POST"),
        ("TRACE", "/api/essays/", "GET, HEAD, POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("POST", "/api/schema", "GET, HEAD"),
        ("QUERY", "/api/docs", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    quick: House, method: str, path: str, allowed: str
) -> None:
    answer = await quick.as_("emma")(method, path)
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
        "text/json",
        "nonsense",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
    ],
)
async def test_other_media_types_are_415(quick: House, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    answer = await quick.as_("emma")("POST", "/api/essays/", b'{"title":"T"}', headers=headers)
    problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'application/json; charset="UTF-8"',
        "Application/JSON",
        "application/merge-patch+json",
        "",
    ],
)
async def test_json_is_json_however_it_is_called(quick: House, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    answer = await quick.as_("emma")("POST", "/api/essays/", b'{"title":"T"}', headers=headers)
    assert answer.status_code == 201


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity", "x"])
async def test_packed_bodies_are_415(quick: House, encoding: str) -> None:
    headers = {"Content-Encoding": encoding}
    answer = await quick.as_("emma")("POST", "/api/essays/", b'{"title":"T"}', headers=headers)
    problem(answer, 415, "unsupported_media_type")


# ---- bodies that are too much ------------------------------------------------------------------


async def pieces(size: int, of: int = 65_536) -> AsyncIterator[bytes]:
    for _ in range(size // of + 1):
        yield b" " * of


async def test_a_body_over_the_limit_is_413_announced_or_not(quick: House) -> None:
    most = RestSettings().max_body
    emma = quick.as_("emma")
    problem(await emma("POST", "/api/essays/", b" " * (most + 1)), 413, "too_large")
    headers = {"Content-Type": "application/json"}
    told = await emma("POST", "/api/essays/", content=pieces(most), headers=headers)
    problem(told, 413, "too_large")
    body = b'{"title":"T"}'
    assert (await emma("POST", "/api/essays/", body + b" " * (most - len(body)))).status_code == 201


async def test_the_limit_of_bodies_is_a_setting(hasher: Argon2Hasher) -> None:
    async with memory_house(hasher, RestSettings(max_body=100)) as built:
        body = {"title": "x" * 100}
        problem(await built.as_("emma")("POST", "/api/essays/", body), 413, "too_large")


async def test_a_body_that_does_not_arrive_is_408(hasher: Argon2Hasher) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with memory_house(hasher, RestSettings(body_seconds=0.01)) as built:
        headers = {"Content-Type": "application/json"}
        answer = await built.as_("emma")("POST", "/api/essays/", content=trickle(), headers=headers)
        problem(answer, 408, "request_timeout")


# ---- trouble of our own ------------------------------------------------------------------------


async def test_a_store_that_is_away_is_503_until_it_is_back(quick: House) -> None:
    emma, store = quick.as_("emma"), quick.store
    assert isinstance(store, MemoryStore)
    room = await quick.essay()
    store.fail_with(Unavailable("the database is away", retry_after=4.2), reads=True)
    for method, path, body in (
        ("GET", "/api/essays/", None),
        ("POST", "/api/essays/", {"title": "T"}),
        ("PATCH", f"/api/essays/{room}/", {"title": "T"}),
        ("GET", "/api/feedback/1/", None),
    ):
        answer = await emma(method, path, body)
        assert problem(answer, 503, "unavailable")["retry_after"] == 5
        assert answer.headers["retry-after"] == "5"
    assert "database" in problem(await emma("GET", "/readyz"), 503, "unavailable")["detail"]
    assert (await emma.get("/healthz"))["status"] == "ok"
    store.heal()
    assert (await emma.get("/api/essays/"))["results"][0]["title"] == "Essay"
    assert await emma.get("/readyz") == {"status": "ready", "checks": {"database": "ok"}}


async def test_a_store_that_hangs_does_not_hang_its_clients(hasher: Argon2Hasher) -> None:
    async with memory_house(hasher, RestSettings(answer_seconds=1.0)) as built:
        emma, store = built.as_("emma"), built.store
        assert isinstance(store, MemoryStore)
        room = f"/api/essays/{await built.essay()}/"
        store.hold()
        answer = await emma("PATCH", room, {"title": "Late"})
        assert "look" in problem(answer, 503, "unavailable")["detail"]
        assert (await emma.get(room))["title"] == "Essay"
        store.release()
        await emma.patch(room, {"prompt": "Later"})
        assert (await emma.get(room))["title"] == "Late"


async def test_a_server_that_is_stopping_is_alive_and_not_ready(quick: House) -> None:
    quick.gateway.shut()
    answer = await quick.nobody("GET", "/readyz")
    told = problem(answer, 503, "unavailable")
    assert "shutting down" in told["detail"]
    assert int(answer.headers["retry-after"]) >= 1
    assert (await quick.nobody.get("/healthz"))["status"] == "ok"


async def test_a_server_that_is_ending_changes_nothing_any_more(quick: House) -> None:
    room = f"/api/essays/{await quick.essay()}/"
    emma = quick.as_("emma")
    quick.gateway.give_notice()
    await emma.patch(room, {"title": "In time"})
    quick.gateway.shut()
    for method, body in (("PATCH", {"title": "Late"}), ("DELETE", None), ("POST", {})):
        answer = await emma(method, room, body)
        assert "nothing was done" in problem(answer, 503, "unavailable")["detail"]
        assert int(answer.headers["retry-after"]) >= 1
    assert (await emma.get(room))["title"] == "In time"


async def test_what_is_being_answered_has_a_little_time_when_the_server_ends(
    hasher: Argon2Hasher,
) -> None:
    async with memory_house(hasher, RestSettings(answer_seconds=60)) as built:
        emma, store = built.as_("emma"), built.store
        assert isinstance(store, MemoryStore)
        room = f"/api/essays/{await built.essay()}/"
        store.hold()
        asked = asyncio.ensure_future(emma("PATCH", room, {"title": "Late"}))
        readiness = built.app.state.services.readiness
        async with asyncio.timeout(60):
            while not readiness.deadlines.running:
                await asyncio.sleep(0)
        readiness.deadlines.hurry(0.01)
        assert "look" in problem(await asked, 503, "unavailable")["detail"]
        store.release()


async def test_a_mistake_of_ours_is_500_with_a_number_and_no_more(quick: House) -> None:
    token = quick.tokens["emma"]

    async def boom() -> None:
        secret = "a local variable"
        raise RuntimeError(f"boom {token} {len(secret)}")

    quick.app.add_api_route("/api/boom/", boom)
    with capture_logs() as logs:
        answer = await quick.as_("emma")("GET", "/api/boom/")
    told = problem(answer, 500, "internal_error")
    assert "boom" not in answer.text
    assert "Traceback" not in answer.text
    (entry,) = logs
    assert entry["request_id"] == told["request_id"]
    assert entry["error"] == "RuntimeError"
    assert entry["reason"] == "boom [token] 16"
    assert any("boom" in frame for frame in entry["frames"])
    assert token not in str(logs)
    assert "a local variable" not in str(logs).replace('secret = "a local variable"', "")


async def test_an_answer_that_breaks_off_is_logged_and_not_answered_twice() -> None:
    sent: list[Any] = []

    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("in the middle")

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/api/half/", "headers": []}
    with capture_logs() as logs:
        await Edge(half, RestSettings())(scope, receive, send)
    assert [entry["event"] for entry in logs] == ["internal_error"]
    assert [message["type"] for message in sent] == ["http.response.start"]
