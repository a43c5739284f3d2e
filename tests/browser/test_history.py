"""An essay's history on the page: looking back, who wrote what, names, and back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import SignIn, call, let, lines, shows, stored, writer
from tests.net.live import Server


def save(server: Server, essay: int, who: str, content: str) -> None:
    """Somebody makes this text of the essay as it is."""
    path = f"/api/essays/{essay}/"
    base = call(server, who, "GET", path)["seq"]
    call(server, who, "PATCH", path, {"content": content, "base_seq": base})


@pytest.fixture
def written(server: Server, essay: int) -> int:
    """An essay that Emma began, Jane went on with, Sarah commented on, and Emma shortened."""
    save(server, essay, "emma", "A cat sat on a mat.")
    save(server, essay, "jane", "A black cat sat on a red mat.")
    remark = {"type": "style", "comment": "Why black?", "quote": "black"}
    call(server, "sarah", "POST", f"/api/essays/{essay}/feedback/", remark)
    save(server, essay, "emma", "A cat sat on a red mat.")
    return essay


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Version")


def past_text(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Text of this version")


def look_back(page: Page, *keys: str) -> None:
    """Go to the history, and along the slider by keyboard."""
    page.get_by_role("link", name="History").click()
    expect(slider(page)).to_be_enabled()
    expect(past_text(page)).not_to_have_text("")
    slider(page).focus()
    for key in keys:
        page.keyboard.press(key)


def text_only(page: Page) -> None:
    """Leave out what is not there any more."""
    page.get_by_label("Text only").check()


def test_the_slider_shows_the_text_as_it_stood_and_what_had_been_changed(
    people: SignIn, written: int
) -> None:
    emma = people("Emma Brown", f"/essays/{written}")
    writer_is_there(emma)
    look_back(emma)
    expect(past_text(emma).locator("del")).to_have_text("black ")
    expect(emma.get_by_role("status").filter(has_text="1 word removed")).to_be_visible()
    emma.keyboard.press("ArrowLeft")
    emma.keyboard.press("ArrowLeft")
    expect(past_text(emma)).to_have_text("A black cat sat on a red mat.")
    expect(past_text(emma).locator("ins")).to_have_text(["black ", "red "])
    expect(emma.get_by_role("status").filter(has_text="2 words added")).to_be_visible()
    expect(slider(emma)).to_have_attribute("aria-valuetext", re.compile("Jane Smith wrote"))
    emma.keyboard.press("Home")
    expect(past_text(emma)).to_contain_text("Nothing had been written yet.")
    emma.keyboard.press("ArrowRight")
    expect(past_text(emma).locator("ins").first).to_have_text("The first line is short.")
    emma.keyboard.press("ArrowLeft")
    expect(emma.get_by_role("button", name="Older version")).to_be_disabled()
    emma.get_by_role("link", name="Back to the essay").click()
    expect(emma.get_by_role("textbox", name="Text of the essay")).to_be_visible()
    shows(emma, "A cat sat on a red mat.")


def test_feedback_stands_where_it_stood_then(people: SignIn, written: int) -> None:
    mike = people("Mike Wilson", f"/essays/{written}/history")
    expect(past_text(mike)).to_contain_text("cat")
    expect(past_text(mike).locator(".mark")).to_have_count(0)
    slider(mike).focus()
    mike.keyboard.press("ArrowLeft")
    expect(past_text(mike).locator(".mark-style")).to_have_text("black")
    mike.get_by_text("Comments at that time (1)").click()
    expect(mike.get_by_role("complementary", name="History")).to_contain_text("Why black?")
    mike.keyboard.press("Tab")
    mike.get_by_role("button", name="Show in the text").click()


def test_who_wrote_what_is_coloured_and_named(people: SignIn, written: int) -> None:
    mike = people("Mike Wilson", f"/essays/{written}/history")
    expect(past_text(mike)).to_contain_text("cat")
    mike.get_by_label("Writers").check()
    legend = mike.get_by_role("list", name="Who wrote what").get_by_role("listitem")
    expect(legend).to_have_text([re.compile("Emma Brown.*83 %"), re.compile("Jane Smith.*17 %")])
    shade = legend.nth(1).get_attribute("class")
    assert shade is not None
    colour = next(each for each in shade.split() if each.startswith("person-"))
    expect(past_text(mike).locator(f".by.{colour}")).to_have_text("red ")
    expect(mike.get_by_role("button", name="Restore")).to_have_count(0)
    expect(mike.get_by_role("button", name="Name this version")).to_have_count(0)


def test_a_version_gets_a_name_and_is_found_by_it(people: SignIn, written: int) -> None:
    emma = people("Emma Brown", f"/essays/{written}")
    writer_is_there(emma)
    look_back(emma, "ArrowLeft", "ArrowLeft")
    expect(past_text(emma)).to_have_text("A black cat sat on a red mat.")
    text_only(emma)
    emma.get_by_role("button", name="Name this version").click()
    emma.keyboard.type("With colours")
    emma.keyboard.press("Enter")
    row = emma.get_by_role("list", name=re.compile("Versions")).get_by_role("button")
    expect(row.filter(has_text="With colours")).to_have_attribute("aria-current", "true")
    slider(emma).focus()
    emma.keyboard.press("End")
    expect(past_text(emma)).to_have_text("A cat sat on a red mat.")
    emma.get_by_label("Named versions").select_option("With colours")
    expect(past_text(emma)).to_have_text("A black cat sat on a red mat.")


def test_an_old_version_is_restored_while_others_write_and_taken_back_again(
    people: SignIn, server: Server, written: int
) -> None:
    emma, jane = (people(name, f"/essays/{written}") for name in ("Emma Brown", "Jane Smith"))
    writer_is_there(emma)
    writer_is_there(jane)
    look_back(emma, "ArrowLeft", "ArrowLeft")
    expect(past_text(emma)).to_have_text("A black cat sat on a red mat.")
    restore = emma.get_by_role("button", name="Restore")
    expect(restore).to_be_enabled()
    restore.press("Enter")
    dialog = emma.get_by_role("dialog", name="Restore this version?")
    dialog.get_by_role("button", name="Cancel").press("Enter")
    expect(dialog).to_have_count(0)
    assert lines(jane) == ["A cat sat on a red mat."]
    restore.first.press("Enter")
    dialog.get_by_role("button", name="Restore").press("Enter")
    expect(emma.get_by_text(re.compile("was restored"))).to_be_visible()
    for page in (emma, jane):
        expect(page.locator(".cm-line").first).to_have_text("A black cat sat on a red mat.")
    expect(jane.locator(".mark-style")).to_have_text("black")
    writer(jane, "cat").click()
    jane.keyboard.press("Control+End")
    jane.keyboard.type(" Purring.")
    expect(emma.locator(".cm-line").first).to_contain_text("Purring.")
    emma.get_by_role("button", name="Undo").click()
    expect(emma.get_by_text("Saved", exact=True)).to_be_visible()
    stored(emma, server, written, "A cat sat on a red mat. Purring.")
    emma.keyboard.press("Control+z")
    expect(jane.locator(".cm-line").first).to_have_text(
        re.compile("A black cat sat on a red mat. Purring.")
    )


def test_what_others_write_meanwhile_is_added_to_the_history(
    people: SignIn, server: Server, written: int
) -> None:
    emma = people("Emma Brown", f"/essays/{written}/history")
    expect(past_text(emma)).to_contain_text("cat sat")
    save(server, written, "jane", "A cat sat on a red mat. So what?")
    expect(past_text(emma).locator("ins")).to_have_text(" So what?")
    slider(emma).focus()
    emma.keyboard.press("ArrowLeft")
    expect(past_text(emma).locator("del")).to_have_text("black ")
    save(server, written, "emma", "A cat.")
    rows = emma.get_by_role("list", name=re.compile("Versions")).get_by_role("button")
    expect(rows.first).to_contain_text("Emma Brown wrote")
    expect(past_text(emma).locator("del")).to_have_text("black ")


def test_unsaved_work_is_still_there_after_a_look_at_the_history(
    people: SignIn, server: Server, written: int
) -> None:
    emma = people("Emma Brown", f"/essays/{written}")
    writer_is_there(emma)
    emma.context.set_offline(True)
    expect(emma.get_by_text("No connection.")).to_be_visible()
    emma.locator(".cm-line").first.click()
    emma.keyboard.press("Control+End")
    emma.keyboard.type(" Kept.")
    emma.evaluate("history.pushState(null, '', location.pathname + '/history')")
    emma.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
    emma.get_by_role("link", name="Back to the essay").click()
    emma.context.set_offline(False)
    expect(emma.get_by_text("Saved", exact=True)).to_be_visible()
    stored(emma, server, written, "A cat sat on a red mat. Kept.")


def test_who_loses_the_right_to_see_an_essay_sees_no_history_of_it(
    people: SignIn, server: Server, written: int
) -> None:
    mike = people("Mike Wilson", f"/essays/{written}/history")
    expect(past_text(mike)).to_contain_text("cat")
    call(server, "emma", "DELETE", f"/api/essays/{written}/collaborators/4/")
    expect(mike.get_by_role("heading", name="You may not see this essay")).to_be_visible()
    expect(past_text(mike)).to_have_count(0)
    let(server, written, 4, "view")


def writer_is_there(page: Page) -> None:
    writer(page, "cat")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
