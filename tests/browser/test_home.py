"""The lists of essays and projects: what is looked for is found, by keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.project_steps import new_project
from tests.browser.steps import SignIn, call, holds, new_essay, serious
from tests.net.live import Server


def rows(page: Page, kind: str) -> Locator:
    """The titles in a list."""
    section = page.locator("section", has=page.get_by_role("heading", name=kind))
    return section.locator(".rows .title")


def search(page: Page) -> Locator:
    """Where one writes what one looks for."""
    return page.get_by_role("searchbox", name="Search essays and projects by title or author")


def test_rooms_are_found_by_title_and_author_with_the_keyboard_alone(
    people: SignIn, server: Server
) -> None:
    for title in ("Über den Hafen", "The harbour at dawn"):
        new_essay(server, "A line.", title)
    new_project(server, "Harbour sounds", emma="view")
    emma = people("Emma Brown")
    expect(rows(emma, "Projects")).to_contain_text(["Harbour sounds"])
    emma.keyboard.press("/")
    expect(search(emma)).to_be_focused()
    emma.keyboard.type("HARBOUR")
    expect(rows(emma, "Essays")).to_have_text(["The harbour at dawn"])
    expect(rows(emma, "Projects")).to_have_text(["Harbour sounds", "Colours of the Harbour"])
    expect(emma.get_by_role("status").filter(has_text="found")).to_have_text(
        ["1 essay found", "2 projects found"]
    )
    emma.keyboard.type(" brown")
    expect(rows(emma, "Projects")).to_have_count(0)
    expect(emma.get_by_text("No project has HARBOUR brown in its title")).to_be_visible()
    expect(rows(emma, "Essays")).to_have_text(["The harbour at dawn"])
    emma.keyboard.press("Escape")
    expect(search(emma)).to_have_value("")
    expect(rows(emma, "Projects")).to_contain_text(["Harbour sounds"])
    emma.keyboard.type("uber hafen")
    expect(rows(emma, "Essays")).to_have_text(["Über den Hafen"])
    emma.keyboard.press("Escape")
    emma.keyboard.press("Escape")
    expect(search(emma)).not_to_be_focused()


def test_a_slash_that_is_written_stays_a_slash(people: SignIn) -> None:
    emma = people("Emma Brown")
    emma.get_by_role("button", name="New essay").click()
    emma.keyboard.type("This/that")
    expect(emma.get_by_role("textbox", name="Title")).to_have_value("This/that")
    search(emma).click()
    emma.keyboard.type("a/b")
    expect(search(emma)).to_have_value("a/b")


def test_what_an_earlier_search_finds_does_not_come_too_late(
    people: SignIn, server: Server
) -> None:
    for title in ("Quick fox", "Quick dog"):
        new_essay(server, "A line.", title)
    emma = people("Emma Brown")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    emma.route(re.compile(r"/api/essays/\?.*search=quick$"), hold)
    search(emma).fill("quick")
    search(emma).press("Enter")
    holds(emma, lambda: len(held), 1)
    expect(rows(emma, "Projects")).to_have_count(0)
    search(emma).fill("quick fox")
    search(emma).press("Enter")
    expect(rows(emma, "Essays")).to_have_text(["Quick fox"])
    with emma.expect_response(re.compile(r"search=quick$")):
        held[0].continue_()
    emma.evaluate("new Promise(requestAnimationFrame)")
    expect(rows(emma, "Essays")).to_have_text(["Quick fox"])
    expect(emma.get_by_text("1 essay found")).to_be_attached()


def test_more_of_what_was_found_is_shown(people: SignIn, server: Server) -> None:
    for number in range(22):
        call(server, "mike", "POST", "/api/essays/", {"title": f"Numbered {number}"})
    mike = people("Mike Wilson")
    search(mike).fill("numbered")
    expect(mike.get_by_text("22 essays found")).to_be_attached()
    expect(rows(mike, "Essays")).to_have_count(20)
    mike.get_by_role("button", name="Show more essays").click()
    expect(rows(mike, "Essays")).to_have_count(22)
    expect(mike.get_by_role("button", name="Show more essays")).to_have_count(0)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_serious_while_something_is_looked_for(
    people: SignIn, colours: str
) -> None:
    emma = people("Emma Brown", color_scheme=colours, viewport={"width": 390, "height": 800})
    search(emma).fill("colours")
    expect(emma.get_by_text("No essay has colours in its title")).to_be_visible()
    found = serious(emma, "found")
    assert emma.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    search(emma).fill("nothing is called so" * 9)
    expect(emma.locator(".looked-for")).to_have_count(2)
    found += serious(emma, "nothing")
    assert emma.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert not found


def test_a_search_that_failed_is_made_again_and_says_what_it_found(
    people: SignIn, server: Server
) -> None:
    emma = people("Emma Brown")
    emma.clock.install()
    emma.goto(server.http)
    expect(rows(emma, "Essays")).not_to_have_count(0)
    asked = re.compile(r"/api/essays/\?.*search=nothing$")
    emma.route(asked, lambda route: route.abort())
    search(emma).fill("nothing")
    search(emma).press("Enter")
    expect(emma.get_by_role("alert")).to_have_count(1)
    expect(emma.get_by_text("No project has nothing in its title")).to_be_visible()
    emma.unroute(asked)
    emma.clock.fast_forward(10_000)
    expect(emma.get_by_text("No essay has nothing in its title")).to_be_visible()
    expect(emma.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_the_first_screen_of_the_demos_essay_shows_what_a_comment_is(
    people: SignIn, size: tuple[int, int]
) -> None:
    emma = people("Emma Brown", "/essays/1", viewport={"width": size[0], "height": size[1]})
    expect(emma.locator(".mark").first).to_be_in_viewport()
