"""The essay by keyboard alone, for everybody's eyes, and in every direction of writing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.steps import (
    ON_THE_NEXT,
    SignIn,
    call,
    comment,
    holds,
    lines,
    new_essay,
    serious,
    writer,
)
from tests.net.live import Server

WIDE: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 800}


def focused(page: Page) -> str:
    """The role or tag, and the name, of what has the focus."""
    found: str = page.evaluate(
        """() => {
            const it = document.activeElement;
            const name = it.getAttribute("aria-label") ?? it.textContent.trim().slice(0, 40);
            return `${it.getAttribute("role") ?? it.tagName.toLowerCase()} ${name}`;
        }"""
    )
    return found


def tab_to(page: Page, want: str, key: str = "Tab") -> None:
    """Press Tab until what matches has the focus."""
    seen = []
    for _ in range(60):
        page.keyboard.press(key)
        seen.append(focused(page))
        if re.search(want, seen[-1]):
            return
    raise AssertionError(f"{want} is not reached by {key}: {seen}")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_serious_in_any_view_of_an_essay(
    people: SignIn, server: Server, essay: int, colours: str, size: ViewportSize
) -> None:
    phone = size is PHONE
    jane = people("Jane Smith", f"/essays/{essay}", viewport=WIDE, color_scheme=colours)
    writer(jane)
    comment(jane, "The first", "Style", "Is it short?")
    comment(jane, "The second", "Grammar", "Which?")
    comment(jane, "The end", "Content", "Already?")
    emma = people("Emma Brown", f"/essays/{essay}", viewport=WIDE)
    writer(emma).click()
    emma.keyboard.press("Control+End")
    jane.set_viewport_size(size)
    found = serious(jane, "essay")
    if phone:
        jane.get_by_role("button", name=re.compile("^Comments")).click()
    jane.locator("article", has_text="Is it short?").get_by_role("button").first.click()
    found += serious(jane, "thread")
    jane.locator("article", has_text="Is it short?").get_by_role("button", name="Resolve").click()
    jane.get_by_role("button", name="Show resolved (1)").click()
    jane.get_by_role("button", name="Comment on the whole essay").click()
    found += serious(jane, "composer and resolved")
    jane.keyboard.press("Escape")
    if phone:
        jane.get_by_role("button", name="Close comments").click()
    jane.context.set_offline(True)
    expect(jane.get_by_text("No connection.")).to_be_visible()
    found += serious(jane, "offline")
    jane.context.set_offline(False)
    expect(jane.get_by_text("Saved", exact=True)).to_be_visible()
    jane.get_by_role("link", name="History").click()
    text = jane.get_by_role("textbox", name="Text of this version")
    expect(text).to_contain_text("The first line")
    jane.get_by_role("slider", name="Version").press("ArrowLeft")
    found += serious(jane, "history")
    jane.get_by_label("Writers").check()
    jane.get_by_text(re.compile("Comments at that time")).click()
    found += serious(jane, "writers")
    jane.get_by_role("button", name="Name this version").click()
    found += serious(jane, "naming")
    call(server, "emma", "DELETE", f"/api/essays/{essay}/collaborators/2/")
    expect(jane.get_by_role("heading", name="You may not see this essay")).to_be_visible()
    found += serious(jane, "closed")
    assert not found


def test_axe_finds_nothing_serious_where_a_restore_is_asked_for_and_done(
    people: SignIn, server: Server, essay: int
) -> None:
    base = call(server, "emma", "GET", f"/api/essays/{essay}/")["seq"]
    body = {"content": "Another line.", "base_seq": base}
    call(server, "emma", "PATCH", f"/api/essays/{essay}/", body)
    call(server, "jane", "PATCH", f"/api/essays/{essay}/", {"title": "Renamed"})
    emma = people("Emma Brown", f"/essays/{essay}")
    writer(emma)
    emma.get_by_role("link", name="History").click()
    expect(emma.get_by_role("slider", name="Version")).to_be_enabled()
    emma.get_by_role("slider", name="Version").press("Home")
    emma.get_by_role("slider", name="Version").press("ArrowRight")
    restore = emma.get_by_role("button", name="Restore")
    expect(restore).to_be_enabled()
    restore.press("Enter")
    dialog = emma.get_by_role("dialog")
    found = serious(emma, "question")
    emma.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    restore.press("Enter")
    dialog.get_by_role("button", name="Restore").press("Enter")
    expect(emma.get_by_text(re.compile("was restored"))).to_be_visible()
    found += serious(emma, "restored")
    assert not found


def test_a_comment_is_written_found_answered_and_resolved_by_keyboard_alone(
    people: SignIn, essay: int
) -> None:
    jane = people("Jane Smith", f"/essays/{essay}")
    writer(jane)
    tab_to(jane, "textbox Text of the essay")
    jane.keyboard.press("Control+Home")
    for word in ("The first", "The second"):
        jane.keyboard.press("Home")
        for _ in word:
            jane.keyboard.press("Shift+ArrowRight")
        jane.keyboard.press("Control+Alt+m")
        jane.keyboard.type(f"About {word}.")
        jane.keyboard.press("Control+Enter")
        expect(jane.locator("article", has_text=f"About {word}.")).to_be_visible()
        expect(jane.get_by_role("textbox", name="Text of the essay")).to_be_focused()
        jane.keyboard.press("ArrowDown")
    expect(jane.locator(".mark")).to_have_count(2)
    jane.keyboard.press("Control+End")
    jane.keyboard.press("Shift+F8")
    expect(jane.locator("article.active")).to_contain_text("About The second.")
    jane.keyboard.press("Shift+F8")
    expect(jane.locator("article.active")).to_contain_text("About The first.")
    jane.keyboard.press("Alt+Enter")
    holds(jane, lambda: focused(jane).partition(" ")[0], "button")
    jane.keyboard.press("F8")
    expect(jane.locator("article.active")).to_contain_text("About The second.")
    tab_to(jane, "Reply")
    jane.keyboard.type("Answered.")
    jane.keyboard.press("Control+Enter")
    expect(jane.locator("article.active")).to_contain_text("Answered.")
    tab_to(jane, "Resolve")
    jane.keyboard.press("Enter")
    expect(jane.get_by_role("button", name="Show resolved (1)")).to_be_visible()
    holds(jane, lambda: jane.evaluate(ON_THE_NEXT), True)
    jane.keyboard.press("Escape")
    expect(jane.get_by_role("textbox", name="Text of the essay")).to_be_focused()
    # Tab leads out of the text, and does not write into it.
    jane.keyboard.press("Tab")
    expect(jane.get_by_role("textbox", name="Text of the essay")).not_to_be_focused()
    assert "\t" not in "".join(lines(jane))


def test_each_paragraph_has_the_direction_of_its_first_letter(
    people: SignIn, server: Server
) -> None:
    essay = new_essay(server, "A line from the left.\nשורה מימין לשמאל.\nسطر من اليمين.", "שלום")
    emma = people("Emma Brown", f"/essays/{essay}")
    writer(emma)
    kinds = "lines => lines.map(line => getComputedStyle(line).direction)"
    assert emma.eval_on_selector_all(".cm-line", kinds) == ["ltr", "rtl", "rtl"]
    right = emma.locator(".cm-line").nth(1)
    right.click()
    emma.keyboard.press("Home")
    emma.keyboard.type("אבג ")
    expect(right).to_have_text("אבג שורה מימין לשמאל.")
    heading = emma.get_by_role("heading", name="שלום")
    assert heading.evaluate("it => getComputedStyle(it).direction") == "rtl"
    emma.get_by_role("link", name="History").click()
    expect(emma.get_by_role("textbox", name="Text of this version")).to_contain_text("שורה")
    assert emma.eval_on_selector_all(".past .cm-line", kinds) == ["ltr", "rtl", "rtl"]


def test_nothing_moves_for_who_wants_no_motion(people: SignIn, essay: int) -> None:
    jane = people("Jane Smith", f"/essays/{essay}", reduced_motion="reduce")
    writer(jane)
    comment(jane, "The first", "Style", "Is it short?")
    moving = """[...document.querySelectorAll("*")].filter(it => {
        const {transitionDuration, animationName} = getComputedStyle(it);
        return animationName !== "none" || !/^0s(, 0s)*$/.test(transitionDuration);
    }).map(it => it.className)"""
    assert jane.evaluate(moving) == []


def test_an_essay_fits_a_phone(people: SignIn, essay: int) -> None:
    emma = people("Emma Brown", f"/essays/{essay}", viewport={"width": 320, "height": 640})
    writer(emma)
    wide = "document.documentElement.scrollWidth - innerWidth"
    assert emma.evaluate(wide) <= 0
    emma.get_by_role("link", name="History").click()
    expect(emma.get_by_role("textbox", name="Text of this version")).to_contain_text("The first")
    assert emma.evaluate(wide) <= 0


def test_all_that_is_loaded_for_an_essay_has_less_than_200_kilobytes(
    people: SignIn, server: Server, essay: int
) -> None:
    emma = people("Emma Brown")
    # A browser that has nothing yet.
    fresh = emma.context.browser
    assert fresh is not None
    context = fresh.new_context(storage_state=emma.context.storage_state())
    page = context.new_page()
    sizes: dict[str, int] = {}
    page.on(
        "requestfinished",
        lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}),
    )
    page.goto(f"{server.http}/essays/{essay}")
    writer(page)
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.wait_for_load_state("networkidle")
    context.close()
    assert any(url.endswith(".js") for url in sizes)
    assert sum(sizes.values()) <= 200_000, sizes
