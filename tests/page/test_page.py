"""How the page is served."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from workroom.transports.page import Page, PageSettings, Visitor, Visitors

BEHIND: ASGIApp = PlainTextResponse("behind")
INDEX = '<!doctype html><meta property="csp-nonce" nonce="@nonce@">'
VISITORS = Visitors("abcd-efgh", (Visitor(1, "emma", "Emma Brown", "student"),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A page that was built, and something beside it."""
    (tmp_path / "secret").write_text("secret")
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(INDEX)
    (built / "assets" / "index-1a2b.js").write_text("let x = 1;" * 50)
    (built / "favicon.svg").write_text("<svg/>")
    return built


def client(settings: PageSettings, host: str = "localhost:8000") -> httpx.AsyncClient:
    """A browser, as far as headers go."""
    transport = httpx.ASGITransport(Page(BEHIND, settings))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


@pytest.fixture
async def browser(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client(PageSettings(folder, VISITORS, hsts_seconds=60)) as found:
        yield found


@pytest.mark.parametrize(
    "path", ["/", "/essays/1", "/essays/1/", "/essays/1/history", "/projects/123"]
)
async def test_every_view_is_the_same_file_with_a_policy_that_nothing_else_may_be_loaded(
    browser: httpx.AsyncClient, path: str
) -> None:
    answers = [await browser.get(path) for _ in range(2)]
    nonces = set()
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        found = re.search("style-src 'self' 'nonce-([^']+)'", policy)
        assert found is not None
        nonces.add(found[1])
        assert answer.text == INDEX.replace("@nonce@", found[1])
        assert "unsafe" not in policy
        assert "default-src 'none'; script-src 'self';" in policy
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["strict-transport-security"] == "max-age=60; includeSubDomains"
    assert len(nonces) == 2, "each answer has a nonce of its own"


async def test_files_whose_names_say_what_is_in_them_are_kept_for_long_and_others_are_not(
    browser: httpx.AsyncClient,
) -> None:
    packed = await browser.get("/assets/index-1a2b.js")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-type"] == "text/javascript; charset=utf-8"
    assert packed.headers["cache-control"] == "public, max-age=31536000, immutable"
    plain = await browser.get("/assets/index-1a2b.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == packed.text == "let x = 1;" * 50
    assert (await browser.get("/favicon.svg")).headers["cache-control"] == "no-cache"


async def test_head_is_answered_as_get_is_but_without_the_body(browser: httpx.AsyncClient) -> None:
    answer = await browser.head("/favicon.svg", headers={"accept-encoding": "identity"})
    assert answer.status_code == 200
    assert answer.headers["content-length"] == "6"
    assert answer.content == b""


@pytest.mark.parametrize(
    "path",
    [
        "/../secret",
        "/assets/../../secret",
        "/assets/%2e%2e/%2e%2e/secret",
        "/index.html",
        "/essays/0",
        "/essays/1/more",
        "/essays/x",
        "/projects/0",
        "/api/essays/",
        "/healthz",
    ],
)
async def test_all_other_addresses_are_for_what_is_behind(
    browser: httpx.AsyncClient, path: str
) -> None:
    assert (await browser.get(path)).text == "behind"


async def test_only_reading_is_the_pages_affair(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/")).text == "behind"


async def test_a_browser_on_this_machine_is_told_whom_one_may_be(
    browser: httpx.AsyncClient,
) -> None:
    answer = await browser.get("/demo.json", headers={"sec-fetch-site": "same-origin"})
    assert answer.json() == {
        "password": "abcd-efgh",
        "people": [{"id": 1, "username": "emma", "name": "Emma Brown", "role": "student"}],
    }
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "workroom.example.org"},
        {"host": "localhost.example.org:8000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"x-forwarded-for": "203.0.113.7"},
        {"forwarded": "for=203.0.113.7"},
    ],
)
async def test_nobody_else_is_told(browser: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await browser.get("/demo.json", headers=headers)).text == "behind"


async def test_outside_the_demo_nobody_is_told(folder: Path) -> None:
    async with client(PageSettings(folder)) as browser:
        assert (await browser.get("/demo.json")).text == "behind"


async def test_a_page_that_was_not_built_says_how_to_get_it(tmp_path: Path) -> None:
    async with client(PageSettings(tmp_path / "nothing")) as browser:
        answer = await browser.get("/")
        assert answer.status_code == 404
        assert "make page" in answer.text
        assert "/api/docs" in answer.text
        assert (await browser.get("/api/essays/")).text == "behind"
