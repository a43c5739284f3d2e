"""The page in Chromium, on a server of its own: a person is a browser context."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.steps import LINES, SignIn, new_essay
from tests.free_ports import free_port
from tests.net.live import Server

PATIENCE = 60_000
"""Milliseconds after which something that should be on the page counts as missing."""

EXPECTED = (
    "ERR_",
    "the server responded with a status of 4",
    "the server responded with a status of 503",
    "WebSocket is closed before the connection is established",
)
"""What browsers say of requests while a server is away, or that were refused, or of sockets that
are left while they open; what the page says of them is tested."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium of the system.

    For one module: its driver runs an event loop on this thread, which other tests need themselves.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, "the browser tests need Chromium (on Debian and Ubuntu: apt install chromium)"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox"], timeout=2 * PATIENCE
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo, with the page; it can come back where it was."""
    ports = {"WORKROOM_PORT": str(free_port()), "WORKROOM_PROJECT_PORT": str(free_port())}
    env = {"WORKROOM_LOGIN_ATTEMPTS": "1000", **ports}
    server = Server(tmp_path_factory.mktemp("data"), env=env)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def essay(server: Server) -> int:
    """A fresh essay of Emma's that Jane may edit, Sarah comment on and Mike read."""
    return new_essay(server, LINES)


@pytest.fixture
def people(browser: Browser, server: Server) -> Iterator[SignIn]:
    """Signs somebody of the demo in, by one click. Nothing may go wrong in anybody's browser."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def sign_in(name: str, path: str = "/", **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{name}: {error}"))
        page.on(
            "console",
            lambda message: (
                faults.append(f"{name}: {message.text}")
                if message.type == "error" and not any(each in message.text for each in EXPECTED)
                else None
            ),
        )
        page.goto(f"{server.http}{path}")
        page.get_by_role("button", name=name).click()
        page.get_by_role("button", name=f"Sign out {name}").wait_for()
        return page

    yield sign_in
    for context in contexts:
        context.close()
    # Also what the policy of the page forbids is told on the console.
    assert not faults, "\n".join(faults)
