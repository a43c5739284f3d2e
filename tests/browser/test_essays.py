"""What people do with an essay on the page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    LINES,
    SignIn,
    call,
    choose,
    comment,
    holds,
    lines,
    marked,
    serious,
    shows,
    stored,
    text,
    writer,
)
from tests.net.live import Server

OFFLINE = re.compile("^Offline. .*The first line is short.$")
"""The name at a caret may stand between the two."""


def test_two_people_type_at_once_and_end_with_the_same_text(
    people: SignIn, server: Server, essay: int
) -> None:
    emma, jane = (people(name, f"/essays/{essay}") for name in ("Emma Brown", "Jane Smith"))
    writer(emma).click()
    emma.keyboard.press("Control+Home")
    writer(jane).click()
    jane.keyboard.press("Control+End")
    for one, two in zip("Emma writes. ", " Jane writes.", strict=True):
        emma.keyboard.type(one)
        jane.keyboard.type(two)
    want = "Emma writes. The first line is short.\n"
    want += "The second line is here to be commented on.\nThe end. Jane writes."
    for page in (emma, jane):
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()
        expect(page.locator(".cm-line").last).to_contain_text("Jane writes.")
        expect(page.locator(".cm-line").first).to_contain_text("Emma writes.")
        shows(page, want)
    stored(page, server, essay, want)
    expect(jane.locator(".caret-name")).to_have_text("Emma Brown")
    here = emma.get_by_role("list", name="Here now")
    expect(here.get_by_role("listitem")).to_have_count(2)


def test_what_was_commented_on_is_not_offered_to_be_commented_on_again(
    people: SignIn, essay: int
) -> None:
    sarah = people("Dr. Sarah Johnson", f"/essays/{essay}")
    text(sarah)
    comment(sarah, "The second line", "Structure", "Say more about it.")
    expect(text(sarah)).to_be_focused()
    expect(sarah.get_by_role("button", name="Comment", exact=True)).to_have_count(0)
    sarah.keyboard.press("Shift+ArrowRight")
    expect(sarah.get_by_role("button", name="Comment", exact=True)).to_be_visible()


def test_a_coach_comments_on_a_selection_and_the_mark_follows_the_students_edits(
    people: SignIn, essay: int
) -> None:
    sarah, emma = (people(name, f"/essays/{essay}") for name in ("Dr. Sarah Johnson", "Emma Brown"))
    expect(text(sarah)).to_have_attribute("aria-readonly", "true")
    comment(sarah, "The second line", "Structure", "Say more about it.")
    mark = emma.locator(".mark-structure")
    expect(mark).to_have_text("The second line")
    writer(emma).click()
    emma.keyboard.press("Control+Home")
    emma.keyboard.type("Much before it. ")
    emma.locator(".cm-line").nth(1).click()
    emma.keyboard.press("Home")
    for _ in "The ":
        emma.keyboard.press("ArrowRight")
    emma.keyboard.type("very ")
    for page in (emma, sarah):
        expect(page.locator(".cm-line").nth(1)).to_have_text(re.compile("line is here to be comm"))
        expect(page.locator(".cm-line").nth(1)).to_have_text(re.compile("^The very "))
        holds(page, lambda page=page: marked(page, "structure"), "The very second line")  # type: ignore[misc]
    # The card stands beside its words.
    emma.wait_for_function(
        """() => {
            const mark = document.querySelector(".mark-structure");
            const card = [...document.querySelectorAll("article")]
                .find((it) => it.textContent.includes("Say more"));
            const top = (it) => it.getBoundingClientRect().y;
            return Math.abs(top(mark) - top(card)) < 60;
        }"""
    )


def test_threads_are_answered_resolved_and_reopened(people: SignIn, essay: int) -> None:
    jane, emma = (people(name, f"/essays/{essay}") for name in ("Jane Smith", "Emma Brown"))
    writer(jane)
    comment(jane, "The first", "Style", "Is it short?")
    card = emma.locator("article", has_text="Is it short?")
    card.get_by_role("button").first.click()
    card.get_by_role("textbox", name="Reply").fill("It is.")
    card.get_by_role("button", name="Reply").click()
    theirs = jane.locator("article", has_text="Is it short?")
    expect(theirs).to_contain_text("1 reply")
    theirs.get_by_role("button").first.click()
    expect(theirs).to_contain_text("It is.")
    card.get_by_role("button", name="Resolve").click()
    for page in (jane, emma):
        expect(page.locator(".mark-style")).to_have_count(0)
    jane.get_by_role("button", name="Show resolved (1)").click()
    expect(theirs).to_contain_text("Resolved by Emma Brown")
    if not theirs.get_by_role("button", name="Reopen").is_visible():
        theirs.get_by_role("button").first.click()
    theirs.get_by_role("button", name="Reopen").click()
    expect(emma.locator(".mark-style")).to_have_text("The first")


def test_a_comment_whose_words_are_deleted_is_kept_with_its_quote(
    people: SignIn, essay: int
) -> None:
    emma = people("Emma Brown", f"/essays/{essay}")
    writer(emma)
    comment(emma, "The second line", "Content", "Which one?")
    choose(emma, "The second line")
    emma.keyboard.press("Delete")
    group = emma.get_by_role("group").filter(has_text="Their words were deleted (1)")
    expect(group.locator("blockquote")).to_have_text("The second line")
    emma.get_by_role("textbox", name="Text of the essay").focus()
    emma.keyboard.press("Control+z")
    expect(emma.locator(".mark-content")).to_have_text("The second line")
    expect(group).to_have_count(0)


def test_a_viewer_cannot_type(people: SignIn, server: Server, essay: int) -> None:
    mike = people("Mike Wilson", f"/essays/{essay}")
    expect(mike.get_by_text("You may read", exact=True)).to_be_visible()
    text(mike).click()
    before = lines(mike)
    mike.keyboard.type("I was here.")
    mike.keyboard.press("Delete")
    mike.keyboard.press("Control+v")
    choose(mike, "The first")
    expect(mike.get_by_role("button", name="Comment", exact=True)).to_have_count(0)
    assert lines(mike) == before
    assert call(server, "emma", "GET", f"/api/essays/{essay}/")["content"] == "\n".join(before)


def test_a_right_that_is_given_lets_somebody_write_at_once(
    people: SignIn, server: Server, essay: int
) -> None:
    mike = people("Mike Wilson", f"/essays/{essay}")
    expect(mike.get_by_text("You may read", exact=True)).to_be_visible()
    call(server, "emma", "PUT", f"/api/essays/{essay}/collaborators/4/", {"rights": "edit"})
    writer(mike).click()
    mike.keyboard.press("Control+End")
    mike.keyboard.type(" Mike too.")
    expect(mike.get_by_text("Saved", exact=True)).to_be_visible()
    stored(mike, server, essay, LINES + " Mike too.")


def test_what_is_typed_offline_is_kept_and_merged_when_the_network_is_back(
    people: SignIn, server: Server, essay: int
) -> None:
    emma, jane = (people(name, f"/essays/{essay}") for name in ("Emma Brown", "Jane Smith"))
    writer(jane)
    writer(emma).click()
    emma.keyboard.press("Control+Home")
    server.kill()
    expect(emma.get_by_text("No connection.")).to_be_visible()
    emma.keyboard.type("Offline. ")
    expect(emma.get_by_text("Offline, not saved")).to_be_visible()
    with emma.expect_event("dialog") as asked:
        emma.once("dialog", lambda dialog: dialog.dismiss())
        emma.get_by_role("link", name="All essays").click()
    assert "not saved yet" in asked.value.message
    expect(emma.get_by_text("Offline, not saved")).to_be_visible()
    writer(jane).click()
    jane.keyboard.press("Control+End")
    jane.keyboard.type(" Me too.")
    server.start()
    for page in (emma, jane):
        expect(page.locator(".cm-line").first).to_have_text(OFFLINE)
        expect(page.locator(".cm-line").last).to_contain_text("The end. Me too.")
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    stored(emma, server, essay, f"Offline. {LINES} Me too.")


def test_signing_out_leaves_nothing_open(people: SignIn, essay: int) -> None:
    emma, jane = (people(name, f"/essays/{essay}") for name in ("Emma Brown", "Jane Smith"))
    here = jane.get_by_role("list", name="Here now").get_by_role("listitem")
    expect(here).to_have_count(2)
    emma.get_by_role("button", name="Sign out").click()
    expect(emma.get_by_role("button", name="Sign in")).to_be_visible()
    expect(here).to_have_count(1)
    assert emma.evaluate("localStorage.getItem('workroom.tokens')") is None
    emma.reload()
    expect(emma.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothingserious(people: SignIn, server: Server, essay: int, colours: str) -> None:
    jane = people("Jane Smith", f"/essays/{essay}", color_scheme=colours)
    writer(jane)
    comment(jane, "The first", "Style", "Is it short?")
    comment(jane, "The second", "Grammar", "Which?")
    jane.locator("article", has_text="Is it short?").get_by_role("button").first.click()
    found = [*serious(jane, "essay")]
    choose(jane, "The end")
    jane.keyboard.press("Control+Alt+m")
    expect(jane.get_by_role("form", name="New comment")).to_be_visible()
    found += serious(jane, "composer")
    jane.keyboard.press("Escape")
    jane.get_by_role("link", name="All essays").click()
    expect(jane.get_by_role("heading", name="Essays")).to_be_visible()
    expect(jane.get_by_role("link", name=re.compile("On lines")).first).to_be_visible()
    found += serious(jane, "list")
    jane.get_by_role("button", name="Sign out").click()
    expect(jane.get_by_role("button", name="Sign in")).to_be_visible()
    found += serious(jane, "sign in")
    assert not found
