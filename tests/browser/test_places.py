"""Nothing stands over the line that is typed, and what is asked for can be seen."""

from __future__ import annotations

from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.steps import SignIn, at_rest, call, choose, new_essay, writer
from tests.net.live import Server

PHONE: ViewportSize = {"width": 390, "height": 800}
LAPTOP: ViewportSize = {"width": 1280, "height": 720}
LONG = "\n".join(f"Line {n} of many is here." for n in range(1, 61))
CARET = "document.querySelector('.cm-cursor-primary').getBoundingClientRect().bottom"
DRAWER = "document.querySelector('.drawer').getBoundingClientRect().top"
SPREAD = 300
"""Pixels between words and the comment on them that still are beside each other."""


def remark(server: Server, essay: int, words: str) -> None:
    """Jane has commented on these words."""
    body = {"type": "style", "comment": f"On {words}", "quote": words}
    call(server, "jane", "POST", f"/api/essays/{essay}/feedback/", body)


def line(page: Page, number: int) -> None:
    """Put the caret at the end of a line, by keyboard."""
    writer(page, "Line").focus()
    page.keyboard.press("Control+Home")
    for _ in range(number - 1):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("End")


# ---- on a phone ----------------------------------------------------------------------------------


def test_a_caret_that_comes_into_marked_words_opens_no_drawer(
    people: SignIn, server: Server
) -> None:
    essay = new_essay(server, LONG)
    remark(server, essay, "Line 9 of many is here.")
    emma = people("Emma Brown", f"/essays/{essay}", viewport=PHONE)
    expect(emma.locator(".mark-style")).to_be_visible()
    line(emma, 8)
    emma.keyboard.press("ArrowRight")
    emma.keyboard.press("ArrowRight")
    handle = emma.get_by_role("button", name="Comments (1), one on these words")
    expect(handle).to_have_attribute("aria-expanded", "false")
    emma.keyboard.type("x")
    assert emma.evaluate(CARET) < emma.evaluate(DRAWER)
    handle.click()
    expect(emma.locator("article.active", has_text="On Line 9")).to_be_in_viewport()


def test_a_tap_on_marked_words_opens_their_comment_and_typing_goes_on_above_it(
    people: SignIn, server: Server
) -> None:
    essay = new_essay(server, LONG)
    remark(server, essay, "Line 9 of many is here.")
    emma = people("Emma Brown", f"/essays/{essay}", viewport=PHONE, has_touch=True)
    writer(emma, "Line")
    emma.locator(".mark-style").tap()
    expect(emma.get_by_role("button", name="Close comments")).to_be_visible()
    expect(emma.locator("article.active", has_text="On Line 9")).to_be_in_viewport()
    emma.keyboard.press("End")
    for _ in range(20):
        emma.keyboard.press("Enter")
        emma.keyboard.type("more")
        caret = at_rest(emma, lambda: emma.evaluate(CARET))
        assert isinstance(caret, float | int)
        assert caret <= emma.evaluate(DRAWER)


def test_the_words_that_are_commented_on_are_seen_above_the_form(
    people: SignIn, server: Server
) -> None:
    essay = new_essay(server, LONG)
    jane = people("Jane Smith", f"/essays/{essay}", viewport=PHONE)
    writer(jane, "Line")
    choose(jane, "Line 16 of many is here.")
    jane.keyboard.press("Control+Alt+m")
    expect(jane.get_by_role("textbox", name="Comment")).to_be_focused()
    bottom = "document.querySelector('.mark-draft').getBoundingClientRect().bottom"
    at_rest(jane, lambda: jane.evaluate(bottom))
    assert jane.evaluate(bottom) <= jane.evaluate(DRAWER)


def test_a_comment_is_opened_and_left_by_keyboard_on_a_narrow_screen(
    people: SignIn, server: Server
) -> None:
    essay = new_essay(server, LONG)
    remark(server, essay, "Line 9 of many is here.")
    emma = people("Emma Brown", f"/essays/{essay}", viewport=PHONE)
    expect(emma.locator(".mark-style")).to_be_visible()
    line(emma, 9)
    emma.keyboard.press("ArrowLeft")
    emma.keyboard.press("Alt+Enter")
    expect(emma.locator("article.active .head")).to_be_focused()
    emma.keyboard.press("Escape")
    expect(writer(emma, "Line")).to_be_focused()


# ---- on a laptop ---------------------------------------------------------------------------------


def test_the_form_for_a_comment_low_on_the_screen_is_wholly_visible(
    people: SignIn, server: Server
) -> None:
    essay = new_essay(server, LONG)
    jane = people("Jane Smith", f"/essays/{essay}", viewport=LAPTOP)
    writer(jane, "Line")
    jane.evaluate("scrollTo(0, 300)")
    # The last line that can be seen whole, and beside which no form has room below.
    low = jane.evaluate(
        """() => [...document.querySelectorAll(".cm-line")]
            .filter((it) => it.getBoundingClientRect().bottom < innerHeight - 20)
            .at(-1).textContent"""
    )
    choose(jane, low)
    before = at_rest(jane, lambda: jane.evaluate("scrollY"))
    jane.keyboard.press("Control+Alt+m")
    field = jane.get_by_role("textbox", name="Comment")
    expect(field).to_be_focused()
    form = jane.locator(".box", has=field)
    expect(form).to_be_in_viewport(ratio=1)
    box = at_rest(jane, form.bounding_box)
    assert isinstance(box, dict)
    words = jane.locator(".mark-draft").bounding_box()
    assert words is not None
    assert 0 <= box["y"] <= words["y"] + 1 <= box["y"] + box["height"] + SPREAD
    assert box["y"] + box["height"] <= LAPTOP["height"]
    assert jane.evaluate("scrollY") == before


def test_the_form_is_visible_among_more_comments_than_there_is_room_for(
    people: SignIn, server: Server
) -> None:
    essay = new_essay(server, LONG)
    for n in range(1, 31):
        remark(server, essay, f"Line {n} of many")
    jane = people("Jane Smith", f"/essays/{essay}", viewport=LAPTOP)
    writer(jane, "Line")
    expect(jane.locator(".mark-style").first).to_be_visible()
    jane.evaluate("scrollTo(0, 800)")
    choose(jane, "Line 35 of many is here.")
    before = at_rest(jane, lambda: jane.evaluate("scrollY"))
    jane.keyboard.press("Control+Alt+m")
    field = jane.get_by_role("textbox", name="Comment")
    expect(field).to_be_focused()
    form = jane.locator(".box", has=field)
    expect(form).to_be_in_viewport(ratio=1)
    at_rest(jane, form.bounding_box)
    expect(form).to_be_in_viewport(ratio=1)
    assert jane.evaluate("scrollY") == before


def test_a_comment_that_is_read_stands_near_its_words_among_many(
    people: SignIn, server: Server
) -> None:
    essay = new_essay(server, LONG)
    for n in range(1, 31):
        remark(server, essay, f"Line {n} of many")
    jane = people("Jane Smith", f"/essays/{essay}", viewport=LAPTOP)
    writer(jane, "Line")
    words = jane.locator(".mark-style", has_text="Line 30 ")
    words.click()
    card = jane.locator("article.active", has_text="On Line 30 ")
    expect(card).to_be_visible()

    def apart() -> float:
        two = card.bounding_box(), words.bounding_box()
        return abs(two[0]["y"] - two[1]["y"]) if two[0] and two[1] else float("inf")

    found = at_rest(jane, apart)
    assert isinstance(found, float | int)
    assert found <= SPREAD
