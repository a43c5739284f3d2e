"""What could go wrong while somebody works on an essay, and must not cost them anything."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine

from playwright.sync_api import Page, Route, ViewportSize, WebSocketRoute, expect

from tests.browser.steps import (
    LINES,
    ON_THE_NEXT,
    Hold,
    SignIn,
    call,
    choose,
    comment,
    holds,
    let,
    lines,
    new_essay,
    stale_tokens,
    stored,
    text,
    writer,
)
from tests.net.editors import by_hand
from tests.net.live import Server

NARROW: ViewportSize = {"width": 400, "height": 800}
WIDE: ViewportSize = {"width": 1280, "height": 800}


def run(work: Coroutine[object, object, None]) -> None:
    """Run a coroutine elsewhere: the driver of the browser has the loop of this thread."""
    failed: list[BaseException] = []

    def go() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:  # noqa: BLE001 - raised below
            failed.append(error)

    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


# ---- what was written and not sent ---------------------------------------------------------------


def test_a_reply_is_kept_when_the_words_that_it_is_about_are_deleted(
    people: SignIn, essay: int
) -> None:
    jane, emma = (people(name, f"/essays/{essay}") for name in ("Jane Smith", "Emma Brown"))
    writer(jane)
    comment(jane, "The second line", "Content", "Which one?")
    card = jane.locator("article", has_text="Which one?")
    card.get_by_role("button").first.click()
    card.get_by_role("textbox", name="Reply").press_sequentially("I had thou")
    writer(emma)
    choose(emma, "The second line")
    emma.keyboard.press("Delete")
    expect(jane.get_by_text("Their words were deleted (1)")).to_be_visible()
    jane.keyboard.type("ght so.")
    expect(card.get_by_role("textbox", name="Reply")).to_have_value("I had thought so.")


def test_a_comment_is_kept_while_the_window_changes_and_the_drawer_is_closed(
    people: SignIn, essay: int
) -> None:
    jane = people("Jane Smith", f"/essays/{essay}", viewport=WIDE)
    writer(jane)
    choose(jane, "The second line")
    jane.get_by_role("button", name="Comment", exact=True).click()
    jane.get_by_label("Grammar").check()
    box = jane.get_by_role("textbox", name="Comment")
    box.fill("Half a thought")
    jane.set_viewport_size(NARROW)
    expect(box).to_have_value("Half a thought")
    jane.get_by_role("button", name="Close comments").click()
    jane.get_by_role("button", name="Comments (0)").click()
    expect(box).to_have_value("Half a thought")
    jane.set_viewport_size(WIDE)
    expect(box).to_have_value("Half a thought")
    expect(jane.get_by_label("Grammar")).to_be_checked()


def test_a_comment_that_was_not_sent_is_not_left_without_a_question(
    people: SignIn, essay: int
) -> None:
    jane = people("Jane Smith", f"/essays/{essay}")
    writer(jane)
    choose(jane, "The second line")
    jane.get_by_role("button", name="Comment", exact=True).click()
    jane.get_by_role("textbox", name="Comment").fill("Half a thought")
    with jane.expect_event("dialog") as asked:
        jane.once("dialog", lambda dialog: dialog.dismiss())
        jane.get_by_role("link", name="All essays").click()
    assert "has not been sent" in asked.value.message
    expect(jane.get_by_role("textbox", name="Comment")).to_have_value("Half a thought")


def test_whoever_resolves_a_thread_by_keyboard_is_not_thrown_to_the_top(
    people: SignIn, essay: int
) -> None:
    jane = people("Jane Smith", f"/essays/{essay}")
    writer(jane)
    comment(jane, "The first", "Style", "Is it short?")
    comment(jane, "The second", "Style", "Which one?")
    jane.locator("article", has_text="Is it short?").get_by_role("button").first.click()
    resolve = jane.locator("article", has_text="Is it short?").get_by_role("button", name="Resolve")
    resolve.focus()
    jane.keyboard.press("Enter")
    expect(jane.get_by_role("button", name="Show resolved (1)")).to_be_visible()
    holds(jane, lambda: jane.evaluate(ON_THE_NEXT), True)


# ---- other editors, and rights that change -------------------------------------------------------


def test_line_ends_of_another_editor_do_not_shift_what_is_typed_after_them(
    people: SignIn, server: Server, essay: int
) -> None:
    emma = people("Emma Brown", f"/essays/{essay}")
    writer(emma)

    async def windows() -> None:
        async with by_hand(server, "jane", essay) as editor:
            await editor.synced()
            await editor.edit(0, "One.\r\nTwo.\rThree.\r\n")
            await editor.until(lambda it: "\r\n" not in str(it.text))

    run(windows())
    expect(emma.locator(".cm-line").first).to_have_text("One.")
    emma.locator(".cm-line").last.click()
    emma.keyboard.press("End")
    emma.keyboard.type(" Typed.")
    expect(emma.get_by_text("Saved", exact=True)).to_be_visible()
    content = f"One.\nTwo.\rThree.\n{LINES} Typed."
    stored(emma, server, essay, content)
    assert emma.evaluate("document.querySelector('.cm-content').cmView?.view.state.doc.length") in (
        None,
        len(content),
    )


def test_who_may_not_write_any_more_cannot_undo_either(
    people: SignIn, server: Server, essay: int
) -> None:
    jane = people("Jane Smith", f"/essays/{essay}")
    writer(jane).click()
    jane.keyboard.press("Control+End")
    jane.keyboard.type(" Mine.")
    expect(jane.get_by_text("Saved", exact=True)).to_be_visible()
    let(server, essay, 2, "comment")
    expect(jane.get_by_text("You may read and comment")).to_be_visible()
    text(jane).focus()
    jane.keyboard.press("Control+z")
    assert lines(jane)[-1] == "The end. Mine."
    expect(jane.get_by_text("Live", exact=True)).to_be_visible()


def test_who_loses_the_right_to_write_is_told_what_was_not_saved(
    people: SignIn, server: Server, essay: int
) -> None:
    jane = people("Jane Smith")
    hold_back = Hold(jane, "**/yjs/**")
    jane.goto(f"{server.http}/essays/{essay}")
    writer(jane).click()
    hold_back.on = True
    jane.keyboard.press("Control+End")
    jane.keyboard.type(" Too late.")
    let(server, essay, 2, "comment")
    expect(jane.get_by_role("alert")).to_contain_text("You may no longer edit this essay")
    expect(jane.get_by_text("Not saved", exact=True)).to_be_visible()
    hold_back.on = False
    jane.on("dialog", lambda dialog: dialog.accept())
    jane.get_by_role("button", name="Back to the saved text").click()
    expect(jane.locator(".cm-line").last).to_have_text("The end.")
    expect(jane.get_by_text("Live", exact=True)).to_be_visible()


# ---- connections and tokens ----------------------------------------------------------------------


def test_the_text_comes_back_when_a_new_token_could_not_be_had_at_first(
    people: SignIn, server: Server, essay: int
) -> None:
    emma = people("Emma Brown")
    sockets: list[WebSocketRoute] = []

    def keep(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    emma.route_web_socket("**/yjs/**", keep)
    emma.goto(f"{server.http}/essays/{essay}")
    writer(emma)
    stale_tokens(emma)
    tries: list[str] = []

    def fail(route: Route) -> None:
        tries.append(route.request.url)
        route.abort()

    emma.route("**/api/token/refresh/", fail)
    sockets[-1].close(code=4401, reason="expired")
    expect(emma.get_by_text("No connection.")).to_be_visible()
    holds(emma, lambda: bool(tries), True)
    emma.unroute("**/api/token/refresh/")
    expect(emma.get_by_text("Saved", exact=True)).to_be_visible()
    assert len(sockets) == 2


def test_an_essay_that_is_left_before_its_token_came_opens_nothing(
    people: SignIn, server: Server, essay: int
) -> None:
    emma = people("Emma Brown")
    link = emma.get_by_role("link", name="On lines").first
    expect(link).to_be_visible()
    opened: list[str] = []
    emma.on("websocket", lambda socket: opened.append(socket.url))
    waiting: list[Route] = []

    def wait(route: Route) -> None:
        waiting.append(route)

    emma.route("**/api/token/refresh/", wait)
    with emma.expect_request("**/api/token/refresh/"):
        stale_tokens(emma)  # from here on, whatever the page asks for exchanges it first
        link.click()
    emma.get_by_role("link", name="All essays").click()
    expect(emma.get_by_role("heading", name="Essays")).to_be_visible()
    with emma.expect_response("**/api/token/refresh/"):
        for route in waiting:
            route.continue_()
    expect(link).to_be_visible()
    assert opened == []
    assert essay


def test_signing_out_while_a_token_is_exchanged_leaves_no_token(people: SignIn, essay: int) -> None:
    emma = people("Emma Brown")
    link = emma.get_by_role("link", name="On lines").first
    expect(link).to_be_visible()
    waiting: list[Route] = []

    def wait(route: Route) -> None:
        waiting.append(route)

    emma.route("**/api/token/refresh/", wait)
    with emma.expect_request("**/api/token/refresh/"):
        stale_tokens(emma)  # from here on, whatever the page asks for exchanges it first
        link.click()
    with emma.expect_request("**/api/token/revoke/"):
        emma.get_by_role("button", name="Sign out").click()
    with emma.expect_response("**/api/token/refresh/") as exchanged:
        for route in waiting:
            route.continue_()
    exchanged.value.finished()
    expect(emma.get_by_role("button", name="Sign in")).to_be_visible()
    assert emma.evaluate("localStorage.getItem('workroom.tokens')") is None
    assert essay


def test_what_was_not_saved_can_be_copied_when_the_log_in_ends(
    people: SignIn, server: Server, essay: int
) -> None:
    server.token("jane")  # while nothing waits: what a page sends is held by this thread
    emma = people("Emma Brown")
    hold_back = Hold(emma, "**/yjs/**")
    emma.goto(f"{server.http}/essays/{essay}")
    writer(emma).click()
    hold_back.on = True
    emma.keyboard.press("Control+End")
    emma.keyboard.type(" While away.")
    expect(emma.get_by_text("Saving…", exact=True)).to_be_visible()
    tokens = json.loads(emma.evaluate("localStorage.getItem('workroom.tokens')"))
    call(server, "jane", "POST", "/api/token/revoke/", {"refresh": tokens["refresh"]})
    expect(emma.get_by_role("heading", name="You were signed out")).to_be_visible()
    unsaved = emma.get_by_role("textbox", name="What was not saved")
    expect(unsaved).to_have_value(LINES + " While away.")
    emma.once("dialog", lambda dialog: dialog.accept())
    emma.get_by_role("link", name="Sign in").click()
    expect(emma.get_by_role("button", name="Sign in")).to_be_visible()


def test_typing_that_was_taken_back_is_saved_in_the_end(people: SignIn, essay: int) -> None:
    emma = people("Emma Brown", f"/essays/{essay}")
    writer(emma).click()
    for _ in range(5):
        emma.keyboard.type("x")
        emma.keyboard.press("Backspace")
    expect(emma.get_by_text("Saved", exact=True)).to_be_visible()


def settle(page: Page) -> None:
    """Until what the page does in its next frames has been drawn."""
    for _ in range(3):
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")


def test_a_click_into_a_card_does_not_move_the_text(people: SignIn, server: Server) -> None:
    long = "\n".join(f"Here is line {n} of many." for n in range(1, 90))
    essay = new_essay(server, long)
    jane = people("Jane Smith", f"/essays/{essay}", viewport=WIDE)
    writer(jane)
    line = jane.get_by_text("Here is line 30 ")
    comment(jane, "Here is line 10 ", "Style", "Long " * 200)
    card = jane.locator("article", has_text="Long Long")
    card.get_by_role("button").first.click()
    reply = card.get_by_role("textbox", name="Reply")
    expect(reply).to_be_visible()
    # Where the words of the card are out of sight: to show them again would move the text.
    settle(jane)
    jane.evaluate("scrollTo(0, 500)")
    settle(jane)
    before, field = line.bounding_box(), reply.bounding_box()
    assert before is not None
    assert field is not None
    # By the mouse alone: a click on an element would first scroll to it by itself.
    jane.mouse.click(field["x"] + field["width"] / 2, field["y"] + field["height"] / 2)
    expect(reply).to_be_focused()
    settle(jane)
    assert line.bounding_box() == before
