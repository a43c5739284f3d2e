"""What tests of the page do again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.net.live import PATIENCE, Server

LINES = "The first line is short.\nThe second line is here to be commented on.\nThe end."
"""The text of most essays here."""
LOOKS = 10
"""Looks at something that are all the same when it is at rest."""
ON_THE_NEXT = "document.activeElement.matches('article .head, .cm-content')"
"""Whether the focus has come from a thread that was resolved to the next one, or to the text."""
SignIn = Callable[..., Page]
"""Signs a person of the demo in: name, address, and how their browser is set."""


class Hold:
    """Keeps what a page sends by some connections from leaving the browser while it is on."""

    def __init__(self, page: Page, address: str) -> None:
        self.on = False
        self._kept: list[tuple[WebSocketRoute, str | bytes]] = []
        page.route_web_socket(address, self._route)

    def let_go(self) -> None:
        """Send all that was kept, late."""
        self.on = False
        for server, message in self._kept:
            server.send(message)
        self._kept.clear()

    def _route(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def leave(message: str | bytes) -> None:
            if self.on:
                self._kept.append((server, message))
            else:
                server.send(message)

        socket.on_message(leave)


def stale_tokens(page: Page) -> None:
    """The access token has ended, as far as the page can see: it has to be exchanged."""
    page.evaluate(
        """() => {
            const tokens = JSON.parse(localStorage.getItem("workroom.tokens"));
            localStorage.setItem("workroom.tokens", JSON.stringify({...tokens, access: "x"}));
        }"""
    )


def call(server: Server, who: str, method: str, path: str, body: object = None) -> Any:
    """What a REST request of somebody is answered with."""
    status, answer = server.rest(method, path, who, body)
    assert 200 <= status < 300, answer
    return answer


def new_essay(server: Server, content: str, title: str = "On lines", **more: object) -> int:
    """An essay of Emma's that Jane may edit, Sarah comment on and Mike read."""
    body = {"title": title, "content": content, **more}
    made = call(server, "emma", "POST", "/api/essays/", body)
    for user, rights in ((2, "edit"), (3, "comment"), (4, "view")):
        let(server, int(made["id"]), user, rights)
    return int(made["id"])


def let(server: Server, essay: int, user: int, rights: str) -> None:
    """Give somebody a right."""
    path = f"/api/essays/{essay}/collaborators/{user}/"
    call(server, "emma", "PUT", path, {"rights": rights})


def text(page: Page, word: str = "line") -> Locator:
    """The text in the editor, once it is there with its title; ``word`` is one of it.

    The title comes by another way, and later moves all that stands below it.
    """
    expect(page.locator("main.room h1")).not_to_be_empty()
    editor = page.get_by_role("textbox", name="Text of the essay")
    expect(editor).to_contain_text(word)
    return editor


def writer(page: Page, word: str = "line") -> Locator:
    """The same, once it may be written in."""
    editor = text(page, word)
    expect(editor).to_have_attribute("aria-readonly", "false")
    return editor


def lines(page: Page) -> list[str]:
    """The text as it is shown, without the names at carets."""
    found: list[str] = page.eval_on_selector_all(
        ".cm-line",
        """lines => lines.map(line => {
            const copy = line.cloneNode(true);
            for (const caret of copy.querySelectorAll(".caret")) caret.remove();
            return copy.textContent;
        })""",
    )
    return found


def shows(page: Page, want: str) -> None:
    """Wait until the text is shown exactly so: the last letter may still be on its way."""
    holds(page, lambda: "\n".join(lines(page)), want)


def stored(page: Page, server: Server, essay: int, want: str) -> None:
    """Wait until the server has this text: a page may not have drawn yet that it is saving."""
    holds(page, lambda: call(server, "emma", "GET", f"/api/essays/{essay}/")["content"], want)


def holds(page: Page, look: Callable[[], object], want: object) -> None:
    """Wait until what is seen is what is wanted."""
    end = time.monotonic() + PATIENCE
    while (seen := look()) != want:
        assert time.monotonic() < end, seen
        page.wait_for_timeout(50)


def at_rest(page: Page, look: Callable[[], object]) -> object:
    """What is seen once it stays the same: after scrolling the editor still measures its lines.

    A busy machine draws a frame when it comes to it: each look is at another one.
    """
    seen, looks = look(), 0
    while looks < LOOKS:
        page.evaluate("new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn, 50)))")
        looks = looks + 1 if (now := look()) == seen else 0
        seen = now
    return seen


def marked(page: Page, kind: str) -> str:
    """The words that are marked so, though a caret stands among them."""
    return "".join(page.locator(f".mark-{kind}").all_text_contents())


def choose(page: Page, words: str) -> None:
    """Select words of the text with the keyboard, from the beginning of their line."""
    page.locator(".cm-line", has_text=words).click()
    page.keyboard.press("Home")
    for _ in words:
        page.keyboard.press("Shift+ArrowRight")


def comment(page: Page, words: str, kind: str, remark: str) -> None:
    """Comment on words at the beginning of a line."""
    choose(page, words)
    page.get_by_role("button", name="Comment", exact=True).click()
    page.get_by_label(kind).check()
    page.get_by_role("textbox", name="Comment").fill(remark)
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator("article", has_text=remark)).to_be_visible()


def serious(page: Page, where: str) -> list[str]:
    """What axe calls serious or critical on the page as it is."""
    results = Axe().run(page).response["violations"]
    return [
        f"{where}: {each['id']}: {node['html'][:200]}"
        for each in results
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]
