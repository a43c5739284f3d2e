"""What people do with a project on the page."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.project_steps import (
    card,
    choose_files,
    drop_file,
    file,
    new_project,
    picture,
    put,
    recording,
    saved,
)
from tests.browser.steps import SignIn, call, holds
from tests.net.live import Server


def test_two_people_edit_one_project_at_once_and_nothing_of_either_is_lost(
    people: SignIn, server: Server
) -> None:
    project = new_project(server, "Harbour", mike="edit")
    call(server, "jane", "PATCH", f"/api/projects/{project}/", {"description": "The middle."})
    jane, mike = (people(name, f"/projects/{project}") for name in ("Jane Smith", "Mike Wilson"))
    hers, his = (page.get_by_role("textbox", name="Description") for page in (jane, mike))
    for field in (hers, his):
        expect(field).to_have_value("The middle.")
    hers.focus()
    jane.keyboard.press("Control+Home")
    his.focus()
    mike.keyboard.press("Control+End")
    for one, two in zip("This is Jane's. ", " That is Mike's.", strict=True):
        jane.keyboard.type(one)
        mike.keyboard.type(two)
    jane.get_by_role("textbox", name="Title").fill("Harbour lights")
    mike.get_by_label("Status").select_option("Archived")
    want = "This is Jane's. The middle. That is Mike's."
    for field in (hers, his):
        expect(field).to_have_value(want)
    for page in (jane, mike):
        saved(page)
        expect(page.get_by_role("textbox", name="Title")).to_have_value("Harbour lights")
        expect(page.get_by_label("Status")).to_have_value("archived")
    stored = call(server, "jane", "GET", f"/api/projects/{project}/")
    assert stored["description"] == want
    assert (stored["title"], stored["status"]) == ("Harbour lights", "archived")


def test_the_caret_stays_with_its_words_while_others_type_before_it(
    people: SignIn, server: Server
) -> None:
    project = new_project(server)
    call(server, "jane", "PATCH", f"/api/projects/{project}/", {"description": "One two."})
    jane = people("Jane Smith", f"/projects/{project}")
    field = jane.get_by_role("textbox", name="Description")
    expect(field).to_have_value("One two.")
    field.focus()
    jane.keyboard.press("Control+End")
    call(server, "jane", "PATCH", f"/api/projects/{project}/", {"description": "Zero. One two."})
    expect(field).to_have_value("Zero. One two.")
    jane.keyboard.type(" Three.")
    expect(field).to_have_value("Zero. One two. Three.")


def test_an_empty_title_is_not_saved_and_the_page_says_so(people: SignIn, server: Server) -> None:
    project = new_project(server, "Kept")
    jane = people("Jane Smith", f"/projects/{project}")
    title = jane.get_by_role("textbox", name="Title")
    expect(title).to_have_value("Kept")
    title.fill("")
    expect(jane.get_by_text("A project needs a title")).to_be_visible()
    expect(jane.get_by_text("Not saved", exact=True)).to_be_visible()
    assert call(server, "jane", "GET", f"/api/projects/{project}/")["title"] == "Kept"
    title.fill("New")
    saved(jane)
    assert call(server, "jane", "GET", f"/api/projects/{project}/")["title"] == "New"


def test_files_are_added_by_button_and_by_dropping_them_and_everybody_sees_them(
    people: SignIn, server: Server
) -> None:
    project = new_project(server, emma="view")
    jane, emma = (people(name, f"/projects/{project}") for name in ("Jane Smith", "Emma Brown"))
    choose_files(jane, file("one.png", picture()), file("two.wav", recording()))
    drop_file(jane, "three.png", picture())
    for page in (jane, emma):
        for name in ("one.png", "three.png"):
            image = card(page, name).get_by_role("img", name=f"Thumbnail of {name}")
            expect(image).to_be_visible()
            assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 60
        expect(card(page, "two.wav").get_by_role("img", name="Waveform of two.wav")).to_be_visible()
        expect(card(page, "two.wav")).to_contain_text("0:04, WAV")
    card(emma, "two.wav").get_by_role("button", name="Listen").click()
    player = emma.locator("audio")
    expect(player).to_be_visible()
    assert (
        player.evaluate(
            """player => new Promise(done => {
            if (player.readyState > 0) done(player.duration);
            player.onloadedmetadata = () => done(player.duration);
        })"""
        )
        == 4
    )
    with emma.expect_download() as download:
        card(emma, "one.png").get_by_role("button", name="Save one.png").click()
    assert download.value.suggested_filename == "one.png"
    assert download.value.path().read_bytes() == picture()


def test_a_file_that_is_refused_says_why_in_plain_words_and_the_rest_goes_on(
    people: SignIn, server: Server
) -> None:
    project = new_project(server)
    jane = people("Jane Smith", f"/projects/{project}")
    choose_files(
        jane,
        file("notes.png", b"just words"),
        file("broken.png", picture()[:-30]),
        file("good.png", picture()),
        file("huge.wav", recording() + b"\0" * 26_500_000),
    )
    uploads = jane.get_by_role("list", name="Uploads")
    for name, why in (
        ("notes.png", "This is no picture or recording that can be opened here."),
        ("broken.png", "This file is damaged or cut off"),
        ("huge.wav", "This file is too large: it may have 25 MB at most."),
    ):
        row = uploads.get_by_role("listitem").filter(has_text=name)
        expect(row).to_contain_text(why)
    expect(card(jane, "good.png")).to_be_visible()
    uploads.get_by_role("button", name="Dismiss notes.png").click()
    expect(uploads.get_by_role("listitem")).to_have_count(2)


def test_a_canvas_is_deleted_after_asking_and_by_keyboard_alone(
    people: SignIn, server: Server
) -> None:
    project = new_project(server)
    put(server, project, "one.png", picture())
    jane = people("Jane Smith", f"/projects/{project}")
    delete = card(jane, "one.png").get_by_role("button", name="Delete one.png")
    delete.focus()
    jane.keyboard.press("Enter")
    dialog = jane.get_by_role("dialog", name="Delete “one.png”?")
    expect(dialog.get_by_role("button", name="Keep")).to_be_focused()
    jane.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(delete).to_be_focused()
    jane.keyboard.press("Enter")
    jane.keyboard.press("Tab")
    jane.keyboard.press("Enter")
    expect(card(jane, "one.png")).to_have_count(0)
    assert call(server, "jane", "GET", f"/api/projects/{project}/canvases/")["count"] == 0


def test_a_viewer_cannot_edit(people: SignIn, server: Server) -> None:
    project = new_project(server, "To look at", emma="view")
    put(server, project, "one.png", picture())
    emma = people("Emma Brown", f"/projects/{project}")
    expect(emma.get_by_role("heading", name="To look at")).to_be_visible()
    expect(emma.get_by_text("You may look", exact=True)).to_be_visible()
    expect(card(emma, "one.png")).to_be_visible()
    for role in ("textbox", "combobox"):
        expect(emma.get_by_role(role)).to_have_count(0)
    for name in ("Add files", "Delete one.png", "Let in", re.compile("Analyse"), "Remove"):
        expect(emma.get_by_role("button", name=name)).to_have_count(0)
    drop_file(emma, "two.png", picture())
    call(server, "jane", "PUT", f"/api/projects/{project}/collaborators/1/", {"rights": "edit"})
    title = emma.get_by_role("textbox", name="Title")
    expect(title).to_have_value("To look at")
    assert call(server, "jane", "GET", f"/api/projects/{project}/canvases/")["count"] == 1
    title.fill("Emma was let in")
    saved(emma)
    assert call(server, "jane", "GET", f"/api/projects/{project}/")["title"] == "Emma was let in"


def test_an_owner_lets_people_in_and_takes_their_rights_away(
    people: SignIn, server: Server
) -> None:
    project = new_project(server, "Ours")
    sarah = people("Dr. Sarah Johnson", f"/projects/{project}")
    expect(sarah.get_by_role("heading", name="You may not see this project")).to_be_visible()
    jane = people("Jane Smith", f"/projects/{project}")
    name = jane.get_by_placeholder("User name")
    name.fill("nobody")
    jane.get_by_role("button", name="Let in").click()
    expect(jane.get_by_text("There is nobody with this user name.")).to_be_visible()
    name.fill("sarah")
    jane.get_by_role("button", name="Let in").click()
    rights = jane.get_by_label("What Dr. Sarah Johnson may do")
    expect(rights).to_have_value("edit")
    sarah.get_by_role("link", name="To your projects").click()
    sarah.get_by_role("link", name=re.compile("Ours")).click()
    expect(sarah.get_by_role("textbox", name="Title")).to_be_visible()
    here = jane.get_by_role("list", name="Here now").get_by_role("listitem")
    expect(here).to_have_count(2)
    rights.select_option("view")
    expect(sarah.get_by_role("heading", name="Ours")).to_be_visible()
    expect(sarah.get_by_role("textbox", name="Title")).to_have_count(0)
    jane.get_by_role("button", name="Remove Dr. Sarah Johnson").click()
    jane.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(sarah.get_by_role("heading", name="You may not see this project")).to_be_visible()
    expect(here).to_have_count(1)


def test_the_lists_show_who_is_where(people: SignIn, server: Server) -> None:
    project = new_project(server, "Busy", mike="view")
    jane = people("Jane Smith")
    row = jane.get_by_role("listitem").filter(has=jane.get_by_role("link", name=re.compile("Busy")))
    expect(row).to_be_visible()
    expect(row.get_by_role("list", name="Here now")).to_have_count(0)
    mike = people("Mike Wilson", f"/projects/{project}")
    here = row.get_by_role("list", name="Here now")
    # The list is looked up anew every eight seconds.
    expect(here).to_contain_text("Mike Wilson")
    mike.get_by_role("button", name="Sign out").click()
    expect(here).to_have_count(0)


def test_a_project_is_begun_and_described_by_keyboard_alone(people: SignIn, server: Server) -> None:
    jane = people("Jane Smith")
    jane.get_by_role("button", name="New project").focus()
    jane.keyboard.press("Enter")
    jane.keyboard.type("By keyboard")
    jane.keyboard.press("Enter")
    jane.wait_for_url("**/projects/*")
    title = jane.get_by_role("textbox", name="Title")
    expect(title).to_have_value("By keyboard")
    title.focus()
    jane.keyboard.press("Tab")
    expect(jane.get_by_label("Status")).to_be_focused()
    jane.keyboard.press("Tab")
    jane.keyboard.type("No mouse was needed.")
    jane.keyboard.press("Tab")
    expect(jane.get_by_role("button", name="Add files")).to_be_focused()
    saved(jane)
    with jane.expect_file_chooser() as chooser:
        jane.keyboard.press("Space")
    chooser.value.set_files([file("one.png", picture())])
    expect(card(jane, "one.png")).to_be_visible()
    number = int(jane.url.rpartition("/")[2])
    stored = call(server, "jane", "GET", f"/api/projects/{number}/")
    assert (stored["title"], stored["description"]) == ("By keyboard", "No mouse was needed.")


def test_at_the_end_of_a_narrow_page_nothing_is_covered_while_the_connection_is_gone(
    people: SignIn, server: Server
) -> None:
    path = f"/projects/{new_project(server)}"
    jane = people("Jane Smith", path, viewport={"width": 390, "height": 600})
    last = jane.get_by_role("button", name="Let in")
    last.wait_for()
    jane.context.set_offline(True)
    gone = jane.get_by_text("No connection.")
    expect(gone).to_be_visible()
    jane.evaluate("() => scrollTo(0, document.body.scrollHeight)")

    def clear() -> bool:
        button, strip = last.bounding_box(), gone.bounding_box()
        return bool(button and strip and button["y"] + button["height"] <= strip["y"])

    holds(jane, clear, True)


def test_what_is_typed_without_a_server_is_kept_and_merged_when_it_is_back(
    people: SignIn, server: Server
) -> None:
    project = new_project(server, "Offline", mike="edit")
    jane, mike = (people(name, f"/projects/{project}") for name in ("Jane Smith", "Mike Wilson"))
    hers, his = (page.get_by_role("textbox", name="Description") for page in (jane, mike))
    hers.fill("Both had this.")
    expect(his).to_have_value("Both had this.")
    saved(jane)
    server.kill()
    for page in (jane, mike):
        expect(page.get_by_text("No connection.")).to_be_visible()
    hers.press("Control+Home")
    jane.keyboard.type("Jane too. ")
    his.press("Control+End")
    mike.keyboard.type(" Mike too.")
    expect(jane.get_by_text("Offline, not saved")).to_be_visible()
    server.start()
    want = "Jane too. Both had this. Mike too."
    for page, field in ((jane, hers), (mike, his)):
        expect(field).to_have_value(want)
        saved(page)
    assert call(server, "jane", "GET", f"/api/projects/{project}/")["description"] == want
