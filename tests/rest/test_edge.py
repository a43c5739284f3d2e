"""Addresses, headers, origins and metrics: what every request and answer passes."""

from __future__ import annotations

import re

import pytest
from starlette.types import Message, Scope

from rest_kit import House, memory_house, problem
from workroom.adapters.auth.passwords import Argon2Hasher
from workroom.service.web_pages import WebPages
from workroom.transports.rest import RestSettings
from workroom.transports.rest.edge import Edge

ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
API = ALWAYS | {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
PAGE = ALWAYS | {
    "cache-control": "no-cache",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
}
JSON, PROBLEM = "application/json", "application/problem+json"
CLASSES = [
    ("list", "GET", "/api/essays/", None, API | {"content-type": JSON}),
    (
        "created",
        "POST",
        "/api/essays/",
        {"title": "T"},
        API | {"content-type": JSON, "location": "/api/essays/2/"},
    ),
    ("nothing", "DELETE", "/api/essays/1/", None, API),
    ("invalid", "POST", "/api/essays/", {}, API | {"content-type": PROBLEM}),
    ("unknown", "GET", "/nowhere", None, API | {"content-type": PROBLEM}),
    (
        "method",
        "PUT",
        "/api/essays/",
        None,
        API | {"content-type": PROBLEM, "allow": "GET, HEAD, POST"},
    ),
    ("health", "GET", "/healthz", None, API | {"content-type": JSON}),
    ("schema", "GET", "/api/schema", None, API | {"content-type": JSON}),
    ("page", "GET", "/api/docs", None, PAGE | {"content-type": "text/html; charset=utf-8"}),
    (
        "script",
        "GET",
        "/api/docs/page.js",
        None,
        PAGE | {"content-type": "text/javascript; charset=utf-8"},
    ),
    (
        "style",
        "GET",
        "/api/docs/page.css",
        None,
        PAGE | {"content-type": "text/css; charset=utf-8"},
    ),
    (
        "metrics",
        "GET",
        "/metrics",
        None,
        API | {"content-type": "text/plain; version=0.0.4; charset=utf-8"},
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"), [c[1:] for c in CLASSES], ids=[c[0] for c in CLASSES]
)
async def test_every_class_of_answer_has_its_headers(
    quick: House, method: str, path: str, body: object, expected: dict[str, str]
) -> None:
    await quick.essay()
    answer = await quick.as_("emma")(method, path, body)
    headers = dict(answer.headers)
    length = headers.pop("content-length", None)
    assert length == (None if answer.status_code == 204 else str(len(answer.content)))
    assert headers == expected
    assert len(answer.headers.raw) == len(set(answer.headers.keys()))


async def test_there_are_no_cookies_whatever_is_sent(quick: House) -> None:
    answer = await quick.as_("emma")("GET", "/api/essays/", headers={"Cookie": "session=1"})
    assert "set-cookie" not in answer.headers
    refused = await quick.http.get("/api/essays/", headers={"Cookie": "access=x"})
    problem(refused, 401, "authentication_failed")


async def test_https_is_insisted_on_when_configured(hasher: Argon2Hasher) -> None:
    async with memory_house(hasher, RestSettings(hsts_seconds=600)) as built:
        for path in ("/healthz", "/nowhere", "/api/docs"):
            answer = await built.nobody("GET", path)
            value = answer.headers["strict-transport-security"]
            assert value == "max-age=600; includeSubDomains"


@pytest.mark.parametrize(
    "path",
    [
        "/api/essays",
        "/api/essays/1",
        "/api/essays/1/feedback",
        "/api/users/me",
        "/api/schema",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/docs",
        "/api/docs/page.js",
    ],
)
async def test_the_last_slash_makes_no_difference(quick: House, path: str) -> None:
    await quick.essay("Words")
    emma = quick.as_("emma")
    without, with_slash = await emma("GET", path), await emma("GET", f"{path}/")
    assert without.status_code == with_slash.status_code == 200
    if path != "/metrics":
        assert without.content == with_slash.content
    assert (await emma("GET", f"{path}//")).status_code == 404


async def test_a_body_survives_without_the_last_slash(quick: House) -> None:
    made = await quick.as_("emma").post("/api/essays", {"title": "T"})
    changed = await quick.as_("emma").patch(f"/api/essays/{made['id']}", {"title": "New"})
    assert changed["title"] == "New"


@pytest.mark.parametrize("path", ["/api/essays/", "/healthz", "/api/docs", "/nowhere"])
async def test_head_is_get_without_the_body(quick: House, path: str) -> None:
    emma = quick.as_("emma")
    head, got = await emma("HEAD", path), await emma("GET", path)
    assert head.status_code == got.status_code
    assert head.content == b""
    assert head.headers == got.headers


async def test_the_servers_own_view_of_a_request_is_left_alone(quick: House) -> None:
    scope: Scope = {
        "type": "http",
        "method": "HEAD",
        "path": "/healthz/",
        "query_string": b"",
        "headers": [],
        "client": None,
        "root_path": "",
        "scheme": "http",
        "app": quick.app,
    }
    before = dict(scope)

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    sent: list[Message] = []
    await Edge(quick.app.router, RestSettings())(scope, receive, send)
    assert scope == before
    assert [message.get("body") for message in sent] == [None, b""]


async def test_a_wrong_address_gets_a_hint_that_leads_on(quick: House) -> None:
    for path, hint in (
        ("/api", "/api/docs"),
        ("/ws/essays/1/", "Upgrade"),
        ("/yjs/essays/1", "Upgrade"),
    ):
        answer = await quick.nobody("GET", path)
        assert hint in problem(answer, 404, "not_found")["detail"]


# ---- origins -----------------------------------------------------------------------------------

APP = "https://app.example.org"
PREFLIGHT = {"Access-Control-Request-Method": "PATCH"}


async def test_no_other_origin_is_let_in_by_default(quick: House) -> None:
    for method in ("GET", "OPTIONS"):
        headers = {"Origin": APP, **PREFLIGHT}
        answer = await quick.as_("emma")(method, "/api/essays/", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_an_allowed_origin_is_let_in_by_its_exact_name(hasher: Argon2Hasher) -> None:
    settings = RestSettings(WebPages([APP]))
    async with memory_house(hasher, settings) as built:
        emma = built.as_("emma")
        answer = await emma("GET", "/api/essays/", headers={"Origin": APP})
        assert answer.headers["access-control-allow-origin"] == APP
        assert answer.headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in answer.headers
        headers = {"Origin": APP, **PREFLIGHT}
        welcome = await built.nobody("OPTIONS", "/api/essays/1/", headers=headers)
        assert welcome.status_code == 204
        assert "PATCH" in welcome.headers["access-control-allow-methods"]
        assert "Authorization" in welcome.headers["access-control-allow-headers"]
        assert welcome.headers["x-content-type-options"] == "nosniff"
        refused = await emma("PATCH", "/api/essays/1/", {"title": "T"}, headers={"Origin": APP})
        assert refused.headers["access-control-allow-origin"] == APP


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.org.evil.example",
        "https://evil-app.example.org",
        "http://app.example.org",
        "https://app.example.org:8443",
        "https://app.example.org/",
        "null",
        "*",
        "",
    ],
)
async def test_an_origin_that_only_looks_allowed_is_not(hasher: Argon2Hasher, origin: str) -> None:
    settings = RestSettings(WebPages([APP]))
    async with memory_house(hasher, settings) as built:
        headers = {"Origin": origin, **PREFLIGHT}
        answer = await built.as_("emma")("GET", "/api/essays/", headers=headers)
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "Origin"
        asked = await built.nobody("OPTIONS", "/api/essays/", headers=headers)
        problem(asked, 405, "method_not_allowed")


# ---- metrics -----------------------------------------------------------------------------------


async def test_requests_are_counted_by_route_and_never_by_path(quick: House) -> None:
    emma = quick.as_("emma")
    room = await quick.essay()
    await emma.get(f"/api/essays/{room}")
    await emma("GET", "/api/essays/77777777/")
    await emma("GET", f"/nowhere/{quick.tokens['emma']}")
    await emma("BREW", "/api/essays/")
    text = (await emma("GET", "/metrics")).text
    lines = [line for line in text.splitlines() if line.startswith("workroom_http_requests_total")]
    routes = {re.findall(r'route="([^"]*)"', line)[0] for line in lines}
    assert {"/api/essays/{essay_id}/", "none"} <= routes
    assert "77777777" not in text
    assert "BREW" not in text
    assert quick.tokens["emma"] not in text
    counted = 'method="GET",route="/api/essays/{essay_id}/",status="404"'
    assert any(counted in line for line in lines)
