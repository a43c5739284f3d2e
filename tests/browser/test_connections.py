"""Networks that go, servers that die, log-ins that end, while people work on an essay."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.steps import (
    LINES,
    SignIn,
    at_rest,
    comment,
    holds,
    lines,
    new_essay,
    shows,
    stored,
    text,
    writer,
)
from tests.net.live import Server

AWAY = 30_000
"""Milliseconds without a network: longer than any timer in page or server that notices it."""


def sockets(page: Page) -> list[WebSocket]:
    """The WebSockets that the page opens from here on, as long as they are open."""
    found: list[WebSocket] = []

    def opened(socket: WebSocket) -> None:
        found.append(socket)
        socket.on("close", lambda _: found.remove(socket))

    page.on("websocket", opened)
    return found


def all_closed(page: Page, found: list[WebSocket]) -> bool:
    """Whether they are closed after a while: the news of it come when they come."""
    for _ in range(2_400):
        if not found:
            return True
        page.wait_for_timeout(25)
    return False


def test_thirty_seconds_without_a_network_and_edits_on_both_sides_are_merged(
    people: SignIn, server: Server, essay: int
) -> None:
    emma, jane = (people(name, f"/essays/{essay}") for name in ("Emma Brown", "Jane Smith"))
    writer(emma).click()
    emma.keyboard.press("Control+Home")
    expect(emma.get_by_text("Saved", exact=True)).to_be_visible()
    emma.context.set_offline(True)
    expect(emma.get_by_text("No connection.")).to_be_visible()
    emma.keyboard.type("From the train. ")
    expect(emma.get_by_text("Offline, not saved", exact=True)).to_be_visible()
    writer(jane).click()
    jane.keyboard.press("Control+End")
    jane.keyboard.type(" From my desk.")
    comment(jane, "The second line", "Content", "Said meanwhile.")
    expect(jane.get_by_text("Saved", exact=True)).to_be_visible()
    # Emma's presence ends, as nobody hears of her.
    here = jane.get_by_role("list", name="Here now").get_by_role("listitem")
    emma.wait_for_timeout(AWAY)
    expect(here).to_have_count(1)
    assert lines(emma)[0] == "From the train. The first line is short."
    assert lines(emma)[-1] == "The end."
    emma.context.set_offline(False)
    want = (
        "From the train. The first line is short.\n"
        "The second line is here to be commented on.\nThe end. From my desk."
    )
    for page in (emma, jane):
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()
        expect(page.locator(".cm-line").first).to_contain_text("From the train.")
        expect(page.locator(".cm-line").last).to_contain_text("From my desk.")
        shows(page, want)
    expect(emma.locator(".mark-content")).to_have_text("The second line")
    stored(emma, server, essay, want)
    expect(here).to_have_count(2)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scrolled", [0, 300])
def test_the_text_stays_where_it_is_while_the_connection_is_gone(
    people: SignIn, server: Server, width: int, scrolled: int
) -> None:
    essay = new_essay(server, "\n".join(f"Line {number} of many." for number in range(90)))
    emma = people("Emma Brown", f"/essays/{essay}", viewport={"width": width, "height": 800})
    text(emma, "Line 12 of many.")
    expect(emma.get_by_text("Saved", exact=True)).to_be_visible()
    emma.evaluate("y => scrollTo(0, y)", scrolled)

    def place() -> object:
        shown = "element => [scrollY, element.getBoundingClientRect().top]"
        return emma.locator(".cm-line", has_text="Line 12 of many.").evaluate(shown)

    before = at_rest(emma, place)
    emma.context.set_offline(True)
    gone = emma.get_by_text("No connection.")
    expect(gone).to_be_visible()
    holds(emma, place, before)
    emma.evaluate("() => scrollTo(0, document.body.scrollHeight)")

    def end_can_be_read() -> bool:
        last, strip = emma.locator(".cm-line").last.bounding_box(), gone.bounding_box()
        return bool(last and strip and last["y"] + last["height"] <= strip["y"])

    holds(emma, end_can_be_read, True)
    emma.evaluate("y => scrollTo(0, y)", scrolled)
    emma.context.set_offline(False)
    expect(gone).not_to_be_visible()
    holds(emma, place, before)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("offline", [False, True])
def test_nothing_stands_over_the_caret_of_who_types(
    people: SignIn, server: Server, width: int, *, offline: bool
) -> None:
    essay = new_essay(server, "\n".join(f"Line {number} of many." for number in range(90)))
    emma = people("Emma Brown", f"/essays/{essay}", viewport={"width": width, "height": 800})
    writer(emma, "Line 12 of many.").click()
    emma.context.set_offline(offline)
    expect(emma.get_by_text("No connection.")).to_have_count(int(offline))

    def seen() -> object:
        return emma.locator(".cm-cursor-primary").evaluate(
            """caret => {
                const { left, top, bottom } = caret.getBoundingClientRect();
                const there = [top + 1, bottom - 1].map(y => document.elementFromPoint(left, y));
                return there.every(it => it?.closest(".cm-content"));
            }"""
        )

    emma.keyboard.press("Control+End")
    emma.keyboard.type(" Typed.")
    holds(emma, seen, True)
    for _ in range(40):
        emma.keyboard.press("ArrowUp")
    emma.keyboard.type("Typed. ")
    holds(emma, seen, True)


def test_nothing_typed_is_lost_when_the_server_is_killed_and_started_again(
    people: SignIn, server: Server, essay: int
) -> None:
    emma, jane = (people(name, f"/essays/{essay}") for name in ("Emma Brown", "Jane Smith"))
    writer(emma).click()
    emma.keyboard.press("Control+Home")
    writer(jane).click()
    jane.keyboard.press("Control+End")
    one, two = "Typed before, during and after. ", " So was this, at the same time."
    for at, (left, right) in enumerate(zip(one, two.ljust(len(one)), strict=True)):
        emma.keyboard.type(left)
        jane.keyboard.type(right)
        if at == 10:
            server.kill()
            # It is not said to be safe while it is not.
            for page in (emma, jane):
                expect(page.get_by_text("No connection.")).to_be_visible()
                expect(page.get_by_text(re.compile("^Offline"))).to_be_visible()
                expect(page.get_by_text("Saved", exact=True)).to_have_count(0)
        if at == 20:
            server.start()
    for page in (emma, jane):
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()
        expect(page.get_by_text("No connection.")).to_have_count(0)
        expect(page.locator(".cm-line").last).to_contain_text(two)
        expect(page.locator(".cm-line").first).to_contain_text(one)
    want = f"{one}{LINES}{two.ljust(len(one))}"
    stored(emma, server, essay, want)
    for page in (emma, jane):
        shows(page, want)


def test_signing_out_closes_every_socket(people: SignIn, server: Server, essay: int) -> None:
    emma, jane = people("Emma Brown"), people("Jane Smith", f"/essays/{essay}")
    open_ones = sockets(emma)
    emma.goto(f"{server.http}/essays/{essay}")
    writer(emma)
    expect(emma.get_by_text("Saved", exact=True)).to_be_visible()
    holds(emma, lambda: len(open_ones), 2)
    here = jane.get_by_role("list", name="Here now").get_by_role("listitem")
    expect(here).to_have_count(2)
    emma.get_by_role("button", name="Sign out").click()
    expect(emma.get_by_role("button", name="Sign in")).to_be_visible()
    expect(here).to_have_count(1)
    assert all_closed(emma, open_ones)


def test_signing_out_in_one_tab_closes_the_essays_of_the_others(
    people: SignIn, essay: int, server: Server
) -> None:
    emma, jane = people("Emma Brown"), people("Jane Smith", f"/essays/{essay}")
    other = emma.context.new_page()
    other.goto(f"{server.http}/essays/{essay}")
    writer(other)
    here = jane.get_by_role("list", name="Here now").get_by_role("listitem")
    expect(here).to_have_count(2)
    emma.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    expect(here).to_have_count(1)


def test_leaving_an_essay_closes_its_sockets(people: SignIn, essay: int) -> None:
    assert essay
    emma = people("Emma Brown")
    open_ones = sockets(emma)
    for _ in range(3):
        emma.get_by_role("link", name="On lines").first.click()
        text(emma)
        emma.get_by_role("link", name="All essays").click()
        expect(emma.get_by_role("heading", name="Essays")).to_be_visible()
        assert all_closed(emma, open_ones)
