"""What could go wrong while somebody works on a project, and must not cost them anything."""

from __future__ import annotations

import json

from playwright.sync_api import Page, Request, Route, expect

from tests.browser.project_steps import (
    card,
    choose_files,
    file,
    new_project,
    picture,
    put,
    recording,
)
from tests.browser.steps import Hold, SignIn, call, stale_tokens
from tests.net.live import Server

BEGIN = "Analyse colours and mood"


def typed_too_late(page: Page, server: Server, project: int) -> Hold:
    """Somebody types what cannot leave their browser."""
    hold = Hold(page, "**/ws/projects/**")
    page.goto(f"{server.http}/projects/{project}")
    field = page.get_by_role("textbox", name="Description")
    expect(field).to_have_value("The middle.")
    hold.on = True
    field.press("Control+End")
    page.keyboard.type(" Too late.")
    expect(page.get_by_text("Saving…", exact=True)).to_be_visible()
    return hold


def kept(page: Page, address: str) -> list[Route]:
    """Requests to there wait; what they are gone on with, or not."""
    waiting: list[Route] = []

    def keep(route: Route) -> None:
        waiting.append(route)

    page.route(address, keep)
    return waiting


def described(server: Server, **rights: str) -> int:
    """A project with a description, and these people in it."""
    project = new_project(server, "Harbour", **rights)
    call(server, "jane", "PATCH", f"/api/projects/{project}/", {"description": "The middle."})
    return project


# ---- what was typed and not saved ----------------------------------------------------------------


def test_who_loses_the_right_to_edit_can_copy_what_was_not_saved(
    people: SignIn, server: Server
) -> None:
    project = described(server, mike="edit")
    mike = people("Mike Wilson")
    hold = typed_too_late(mike, server, project)
    call(server, "jane", "PUT", f"/api/projects/{project}/collaborators/4/", {"rights": "view"})
    unsaved = mike.get_by_role("textbox", name="What was not saved: Description")
    expect(unsaved).to_have_value("The middle. Too late.")
    expect(mike.get_by_role("alert")).to_contain_text("You may no longer edit this project")
    expect(mike.get_by_text("The middle.", exact=True)).to_be_visible()
    # What the server says to it afterwards is of no use to anybody.
    hold.let_go()
    call(server, "jane", "PATCH", f"/api/projects/{project}/", {"title": "After that"})
    expect(mike.get_by_role("heading", name="After that")).to_be_visible()
    expect(mike.get_by_text("Not saved", exact=True)).to_be_visible()
    expect(unsaved).to_have_value("The middle. Too late.")
    call(server, "jane", "PUT", f"/api/projects/{project}/collaborators/4/", {"rights": "edit"})
    expect(mike.get_by_text("Saved", exact=True)).to_be_visible()
    expect(unsaved).to_have_value("The middle. Too late.")
    mike.get_by_role("button", name="Close").click()
    expect(unsaved).to_have_count(0)


def test_what_was_not_saved_before_is_kept_when_the_right_ends_once_more(
    people: SignIn, server: Server
) -> None:
    project = described(server, mike="edit")
    mike = people("Mike Wilson")
    typed_too_late(mike, server, project)
    path = f"/api/projects/{project}/collaborators/4/"
    call(server, "jane", "PUT", path, {"rights": "view"})
    unsaved = mike.get_by_role("textbox", name="What was not saved: Description")
    expect(unsaved).to_have_value("The middle. Too late.")
    call(server, "jane", "PUT", path, {"rights": "edit"})
    field = mike.get_by_role("textbox", name="Description", exact=True)
    field.press("Control+End")
    mike.keyboard.type(" Once more.")
    call(server, "jane", "PUT", path, {"rights": "view"})
    expect(unsaved).to_have_count(2)
    expect(unsaved.nth(0)).to_have_value("The middle. Too late.")
    expect(unsaved.nth(1)).to_have_value("The middle. Once more.")


def test_who_is_removed_can_copy_what_was_not_saved_and_is_asked_before_it_goes(
    people: SignIn, server: Server
) -> None:
    project = described(server, mike="edit")
    mike = people("Mike Wilson")
    typed_too_late(mike, server, project)
    call(server, "jane", "DELETE", f"/api/projects/{project}/collaborators/4/")
    expect(mike.get_by_role("heading", name="You may not see this project")).to_be_visible()
    unsaved = mike.get_by_role("textbox", name="What was not saved: Description")
    expect(unsaved).to_have_value("The middle. Too late.")
    with mike.expect_event("dialog") as asked:
        mike.once("dialog", lambda dialog: dialog.dismiss())
        mike.get_by_role("link", name="To your projects").click()
    assert "not saved" in asked.value.message
    expect(unsaved).to_have_value("The middle. Too late.")


def test_what_was_not_saved_can_be_copied_when_the_log_in_ends(
    people: SignIn, server: Server
) -> None:
    project = described(server, mike="edit")
    mike = people("Mike Wilson")
    typed_too_late(mike, server, project)
    tokens = json.loads(mike.evaluate("localStorage.getItem('workroom.tokens')"))
    call(server, "jane", "POST", "/api/token/revoke/", {"refresh": tokens["refresh"]})
    expect(mike.get_by_role("heading", name="You were signed out")).to_be_visible()
    unsaved = mike.get_by_role("textbox", name="What was not saved: Description")
    expect(unsaved).to_have_value("The middle. Too late.")
    mike.once("dialog", lambda dialog: dialog.accept())
    mike.get_by_role("link", name="Sign in").click()
    expect(mike.get_by_role("button", name="Sign in")).to_be_visible()


# ---- files and tasks -----------------------------------------------------------------------------


def test_what_can_be_begun_is_asked_for_again_until_it_is_known(
    people: SignIn, server: Server
) -> None:
    project = new_project(server)
    put(server, project, "one.png", picture())
    jane = people("Jane Smith")
    jane.clock.install()
    jane.route("**/api/task-types/**", lambda route: route.abort(), times=1)
    with jane.expect_event("requestfailed", lambda it: "task-types" in it.url):
        jane.goto(f"{server.http}/projects/{project}")
    begin = card(jane, "one.png").get_by_role("button", name=BEGIN)
    expect(card(jane, "one.png")).to_be_visible()
    jane.clock.fast_forward(6000)
    expect(begin).to_be_visible()


def test_an_upload_that_is_stopped_while_a_token_is_exchanged_is_not_sent(
    people: SignIn, server: Server
) -> None:
    project = new_project(server)
    jane = people("Jane Smith", f"/projects/{project}")
    sent: list[Request] = []
    jane.on("request", lambda it: sent.append(it) if it.method == "POST" else None)
    expect(jane.get_by_role("button", name="Add files")).to_be_visible()
    waiting = kept(jane, "**/api/token/refresh/")
    with jane.expect_request("**/api/token/refresh/"):
        stale_tokens(jane)  # from here on, whatever the page asks for exchanges it first
        choose_files(jane, file("one.png", picture()))
    jane.get_by_role("button", name="Stop uploading one.png").click()
    with jane.expect_response("**/api/token/refresh/"):
        for route in waiting:
            route.continue_()
    # The next one is sent after the first would have been.
    jane.unroute("**/api/token/refresh/")
    choose_files(jane, file("two.png", picture()))
    expect(card(jane, "two.png")).to_be_visible()
    expect(card(jane, "one.png")).to_have_count(0)
    assert len([it for it in sent if it.url.endswith("/canvases/")]) == 1


def test_pictures_that_come_after_their_card_has_gone_are_let_go(
    people: SignIn, server: Server
) -> None:
    project = new_project(server, "Of pictures")
    put(server, project, "one.png", picture())
    jane = people("Jane Smith")
    jane.evaluate(
        """() => {
            const held = new Set();
            const say = () => document.body.setAttribute("data-held", held.size);
            const {createObjectURL, revokeObjectURL} = URL;
            URL.createObjectURL = (blob) => {
                const href = createObjectURL.call(URL, blob);
                held.add(href);
                setTimeout(say);
                return href;
            };
            URL.revokeObjectURL = (href) => {
                held.delete(href);
                setTimeout(say);
                revokeObjectURL.call(URL, href);
            };
        }"""
    )
    waiting = kept(jane, "**/thumbnail/")
    with jane.expect_request("**/thumbnail/"):
        jane.get_by_role("link", name="Of pictures").click()
    jane.get_by_role("link", name="All projects").click()
    expect(jane.get_by_role("heading", name="Projects")).to_be_visible()
    for route in waiting:
        route.continue_()
    expect(jane.locator("body")).to_have_attribute("data-held", "0")


def test_a_button_keeps_the_focus_while_its_work_is_done_and_when_that_fails(
    people: SignIn, server: Server
) -> None:
    project = new_project(server)
    put(server, project, "one.png", picture())
    jane = people("Jane Smith", f"/projects/{project}")
    begin = card(jane, "one.png").get_by_role("button", name=BEGIN)
    waiting = kept(jane, "**/canvases/*/tasks/")
    begin.focus()
    with jane.expect_request("**/canvases/*/tasks/"):
        jane.keyboard.press("Enter")
    expect(begin).to_have_attribute("aria-disabled", "true")
    expect(begin).to_be_focused()
    # A second press does nothing.
    jane.keyboard.press("Enter")
    for route in waiting:
        route.abort()
    expect(card(jane, "one.png").get_by_role("alert")).to_contain_text("cannot be reached")
    expect(begin).to_be_focused()
    assert len(waiting) == 1


def test_who_listens_by_keyboard_goes_on_from_the_player(people: SignIn, server: Server) -> None:
    project = new_project(server)
    put(server, project, "two.wav", recording())
    jane = people("Jane Smith", f"/projects/{project}")
    card(jane, "two.wav").get_by_role("button", name="Listen").focus()
    jane.keyboard.press("Enter")
    expect(jane.locator("audio")).to_be_focused()


# ---- members -------------------------------------------------------------------------------------


def test_removing_somebody_who_is_gone_already_says_so(people: SignIn, server: Server) -> None:
    project = new_project(server, mike="edit")
    jane = people("Jane Smith", f"/projects/{project}")
    jane.get_by_role("button", name="Remove Mike Wilson").click()
    call(server, "jane", "DELETE", f"/api/projects/{project}/collaborators/4/")
    jane.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(jane.get_by_role("alert")).to_have_text("Mike Wilson is no longer a member.")
    expect(jane.get_by_role("button", name="Remove Mike Wilson")).to_have_count(0)


def test_who_was_let_in_is_not_taken_for_refused_because_the_list_could_not_be_had(
    people: SignIn, server: Server
) -> None:
    project = new_project(server)
    jane = people("Jane Smith", f"/projects/{project}")
    name = jane.get_by_placeholder("User name")
    name.fill("mike")
    expect(jane.get_by_text("@jane")).to_be_visible()

    def only_add(route: Route) -> None:
        if route.request.method == "GET":
            route.abort()
        else:
            route.continue_()

    jane.route("**/collaborators/**", only_add)
    jane.get_by_role("button", name="Let in").click()
    expect(jane.get_by_text("mike was let in.")).to_be_attached()
    expect(name).to_have_value("")
    expect(jane.get_by_role("alert")).to_have_count(0)


def test_a_list_of_members_that_cannot_be_had_says_so_until_it_can(
    people: SignIn, server: Server
) -> None:
    project = new_project(server)
    jane = people("Jane Smith")
    jane.clock.install()
    jane.route("**/collaborators/**", lambda route: route.abort())
    jane.goto(f"{server.http}/projects/{project}")
    expect(jane.get_by_role("alert")).to_contain_text("The members cannot be listed.")
    jane.unroute("**/collaborators/**")
    jane.clock.fast_forward(16_000)
    expect(jane.get_by_text("@jane")).to_be_visible()
    expect(jane.get_by_role("alert")).to_have_count(0)
