"""Hostile texts in every field of projects, canvases and members are shown as texts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hostile_strings import HOSTILE, WITNESS
from tests.browser.project_steps import new_project, picture, put
from tests.browser.steps import SignIn, call
from tests.net.live import Server

REFUSED = {"\u2028", "\u2029", "\u202e", "\u2066"}
"""Nobody can be called so: ends of lines, and what turns the order of letters around."""
MANY = 120_000
"""Milliseconds in which a page has shown some hundred of them."""


def unharmed(page: Page) -> None:
    """No script of theirs ran, and nothing of theirs became an element."""
    assert page.evaluate(f"window.{WITNESS}") is None
    made = "script:not([src^='/assets/']), iframe, object, embed, marquee, form[action], base"
    assert page.locator(made).count() == 0
    # That the policy was never asked to step in is checked by the fixture.


def test_titles_and_descriptions(people: SignIn, server: Server) -> None:
    project = new_project(server, "Fields", emma="view")
    path = f"/api/projects/{project}/"
    jane, emma = (people(name, f"/projects/{project}") for name in ("Jane Smith", "Emma Brown"))
    title, text = (jane.get_by_role("textbox", name=name) for name in ("Title", "Description"))
    for count, each in enumerate(HOSTILE):
        call(server, "jane", "PATCH", path, {"title": each, "description": each})
        if count % 20 == 0:
            for field in (title, text):
                expect(field).to_have_value(each)
            expect(emma.get_by_role("heading", level=1)).to_have_text(each)
    everything = "\n".join(HOSTILE)
    call(server, "jane", "PATCH", path, {"description": everything})
    expect(text).to_have_value(everything)
    expect(emma.locator(".description")).to_have_text(everything, use_inner_text=True)
    for page in (jane, emma):
        unharmed(page)


def test_lists_of_projects(people: SignIn, server: Server) -> None:
    for each in HOSTILE:
        call(server, "john_doe", "POST", "/api/projects/", {"title": each})
    john = people("John Doe")
    more = john.get_by_role("button", name="Show more projects")
    links = john.locator("section", has=john.get_by_role("heading", name="Projects")).locator("a")
    for shown in range(20, len(HOSTILE), 20):
        expect(links).to_have_count(shown)
        more.click()
    expect(links).to_have_count(len(HOSTILE))
    more.click()  # the demo's own is older than all of them
    expect(links).to_have_count(len(HOSTILE) + 1)
    assert set(HOSTILE) <= set(links.locator(".title").all_text_contents())
    unharmed(john)


@pytest.mark.timeout(1200)  # each of 200 files is decoded in a process of its own
def test_names_of_canvases(people: SignIn, server: Server) -> None:
    project = new_project(server, "Names")
    server.token("jane")
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda name: put(server, project, name, picture()), HOSTILE))
    jane = people("Jane Smith", f"/projects/{project}")
    cards = jane.get_by_role("article")
    expect(cards).to_have_count(len(HOSTILE), timeout=MANY)
    shown = cards.get_by_role("heading").all_text_contents()
    assert sorted(shown) == sorted(each["name"] for each in made)
    pictures = jane.locator("article img")
    for count in range(0, len(HOSTILE), 10):
        cards.nth(count).scroll_into_view_if_needed()
        expect(cards.nth(count).locator("img")).to_be_visible()
    assert pictures.count() > 10
    cards.first.get_by_role("button", name="Delete").click()
    newest = max(made, key=lambda each: int(each["id"]))
    expect(jane.get_by_role("dialog")).to_contain_text(newest["name"])
    unharmed(jane)


def test_names_of_members(people: SignIn, server: Server) -> None:
    project = new_project(server, "Members")
    names = [each for each in HOSTILE if not REFUSED & {*each}]
    assert len(names) == len(HOSTILE) - len(REFUSED)
    for count, name in enumerate(names):
        body = {"username": f"x{count}", "name": name}
        user = call(server, "admin", "POST", "/api/users/", body)
        path = f"/api/projects/{project}/collaborators/{user['id']}/"
        call(server, "admin", "PUT", path, {"rights": "view"})
    jane = people("Jane Smith", f"/projects/{project}")
    members = jane.locator(".members > ul > li")
    expect(members).to_have_count(len(names) + 1, timeout=MANY)
    assert set(names) <= set(members.locator("bdi:first-child").all_text_contents())
    jane.get_by_role("button", name="Remove").last.click()
    expect(jane.get_by_role("dialog")).to_contain_text(names[-1])
    unharmed(jane)
