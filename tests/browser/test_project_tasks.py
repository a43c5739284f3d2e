"""Tasks of a project on the page, with a real broker and worker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hostile_strings import HOSTILE
from tests.browser.project_steps import (
    card,
    choose_files,
    file,
    new_project,
    picture,
    put,
    recording,
)
from tests.browser.steps import SignIn, serious
from tests.net.live import Server

PLUGIN = Path(__file__).parents[1] / "tasks" / "plugin"
PATIENCE = 60_000
"""Milliseconds: a worker may have to start first."""


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the task ``say`` says, line by line."""
    return tmp_path_factory.mktemp("say") / "lines.txt"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, lines: Path) -> Iterator[Server]:
    """The demo with a worker, which also knows tasks that misbehave."""
    server = Server(
        tmp_path_factory.mktemp("data"),
        env={
            "WORKROOM_LOGIN_ATTEMPTS": "1000",
            "WORKROOM_WORKER": "1",
            "PYTHONPATH": str(PLUGIN),
            "TEST_LINES": str(lines),
        },
    )
    server.start()
    yield server
    server.stop()


def begin(page: Page, name: str, task: str) -> Locator:
    """Press the button of a task, as soon as a worker is there; what is shown of the task."""
    here = card(page, name)
    button = here.get_by_role("button", name=f"{task} ({name})")
    shown = here.get_by_role("region", name=f"{re.sub('^Analyse ', '', task)}, {name}".capitalize())
    if not button.is_visible():
        here.get_by_text("More that can be done").click()
    while not shown.is_visible():
        button.click()
        expect(shown.or_(here.get_by_role("alert")).first).to_be_visible(timeout=PATIENCE)
        if here.get_by_role("alert").is_visible():
            expect(here.get_by_role("alert")).to_contain_text("nothing was begun")
    return shown


def test_a_picture_is_uploaded_analysed_and_its_result_is_seen_as_a_picture(
    people: SignIn, server: Server
) -> None:
    project = new_project(server, mike="edit", emma="view")
    jane, emma = (people(name, f"/projects/{project}") for name in ("Jane Smith", "Emma Brown"))
    choose_files(jane, file("dusk.png", picture()))
    expect(card(jane, "dusk.png")).to_be_visible()
    shown = begin(jane, "dusk.png", "Analyse colours and mood")
    theirs = card(emma, "dusk.png").get_by_role("region", name="Colours and mood, dusk.png")
    for task in (shown, theirs):
        plane = task.get_by_role("img", name=re.compile("^Mood plane: "))
        expect(plane).to_be_visible(timeout=PATIENCE)
        palette = task.get_by_role("img", name=re.compile("^Main colours: "))
        expect(palette).to_have_accessible_name(re.compile("#d9782d 50 %"))
        for word in ("Pleasure", "Arousal", "Dominance", "Light and dark", "50 % warm"):
            expect(task).to_contain_text(word)
    expect(shown).not_to_contain_text("{")
    expect(shown.get_by_role("button", name="Do it again")).to_be_visible()
    expect(theirs.get_by_role("button")).to_have_count(0)
    mike = people("Mike Wilson", f"/projects/{project}")
    late = card(mike, "dusk.png").get_by_role("img", name=re.compile("^Mood plane: "))
    expect(late).to_be_visible()


def test_a_recording_is_analysed_and_its_result_is_seen_as_a_picture(
    people: SignIn, server: Server
) -> None:
    project = new_project(server)
    put(server, project, "tone.wav", recording())
    jane = people("Jane Smith", f"/projects/{project}")
    shown = begin(jane, "tone.wav", "Analyse sound and mood")
    plane = shown.get_by_role("img", name=re.compile("^Mood plane: "))
    expect(plane).to_be_visible(timeout=PATIENCE)
    for words in ("LUFS", "Tempo", "Loudness range", "Brightness", "Silence"):
        expect(shown).to_contain_text(words)
    wave = card(jane, "tone.wav").get_by_role("img", name="Waveform of tone.wav")
    expect(wave).to_be_visible()


def test_progress_is_seen_by_everybody_and_a_task_is_cancelled(
    people: SignIn, server: Server
) -> None:
    project = new_project(server, emma="view")
    put(server, project, "one.png", picture())
    jane, emma = (people(name, f"/projects/{project}") for name in ("Jane Smith", "Emma Brown"))
    shown = begin(jane, "one.png", "Never end")
    theirs = card(emma, "one.png").get_by_role("region", name="Never end, one.png")
    for task in (shown, theirs):
        expect(task).to_contain_text("Still at it", timeout=PATIENCE)
        bar = task.get_by_role("progressbar", name="Never end, one.png")
        expect(bar).to_have_attribute("value", re.compile(r"^[1-9]"))
    late = people("Jane Smith", f"/projects/{project}")
    expect(card(late, "one.png")).to_contain_text("Still at it")
    shown.get_by_role("button", name="Cancel (Never end").click()
    for task in (shown, theirs):
        expect(task).to_contain_text("Cancelled.", timeout=PATIENCE)
        expect(task.get_by_role("progressbar")).to_have_count(0)
    shown.get_by_role("button", name="Try again (Never end").click()
    expect(theirs).to_contain_text("Still at it", timeout=PATIENCE)
    shown.get_by_role("button", name="Cancel (Never end").click()
    expect(theirs).to_contain_text("Cancelled.", timeout=PATIENCE)


def test_a_task_that_fails_says_why_and_can_be_tried_again(people: SignIn, server: Server) -> None:
    project = new_project(server, emma="view")
    put(server, project, "one.png", picture())
    jane, emma = (people(name, f"/projects/{project}") for name in ("Jane Smith", "Emma Brown"))
    shown = begin(jane, "one.png", "Refuse")
    why = f"There is nothing to see in these {len(picture())} bytes."
    theirs = card(emma, "one.png").get_by_role("region", name="Refuse, one.png")
    for task in (shown, theirs):
        expect(task).to_contain_text(why, timeout=PATIENCE)
    expect(theirs.get_by_role("button")).to_have_count(0)
    begins = re.compile("/api/canvases/[0-9]+/tasks/")
    with jane.expect_response(begins) as answer:
        shown.get_by_role("button", name="Try again (Refuse").click()
    again = answer.value.json()["task_id"]
    for page in (jane, emma):
        expect(page.locator(f"#task-{again}")).to_contain_text(why, timeout=PATIENCE)


def test_who_begins_and_cancels_a_task_by_keyboard_stays_with_it(
    people: SignIn, server: Server
) -> None:
    project = new_project(server)
    put(server, project, "one.png", picture())
    jane = people("Jane Smith", f"/projects/{project}")
    # So that a worker is there.
    begin(jane, "one.png", "Refuse")
    never = card(jane, "one.png").get_by_role("button", name="Never end (one.png)")
    expect(never).to_have_attribute("aria-disabled", "false")
    never.focus()
    jane.keyboard.press("Enter")
    shown = card(jane, "one.png").get_by_role("region", name="Never end, one.png")
    expect(shown).to_be_focused()
    expect(shown).to_contain_text("Still at it", timeout=PATIENCE)
    jane.keyboard.press("Tab")
    expect(shown.get_by_role("button", name="Cancel (Never end")).to_be_focused()
    jane.keyboard.press("Enter")
    expect(shown).to_contain_text("Cancelled.", timeout=PATIENCE)
    expect(shown).to_be_focused()


def test_hostile_texts_of_workers_are_shown_as_texts(
    people: SignIn, server: Server, lines: Path
) -> None:
    project = new_project(server)
    put(server, project, "one.png", picture())
    jane = people("Jane Smith", f"/projects/{project}")
    lines.write_text("\n".join(HOSTILE), "utf-8")
    shown = begin(jane, "one.png", "Say")
    expect(shown.locator("dd")).to_have_count(len(HOSTILE), timeout=PATIENCE)
    assert shown.locator("dd").all_text_contents() == list(HOSTILE)
    lines.write_text(HOSTILE[0] + "\n", "utf-8")
    shown.get_by_role("button", name="Do it again").click()
    expect(shown).to_contain_text(HOSTILE[0] + ".", timeout=PATIENCE)
    assert jane.evaluate("window.hacked") is None


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_project(
    people: SignIn, server: Server, colours: str
) -> None:
    project = new_project(server, "Axe", mike="edit")
    put(server, project, "one.png", picture())
    put(server, project, "two.wav", recording())
    jane = people("Jane Smith", f"/projects/{project}", color_scheme=colours)
    expect(card(jane, "one.png").get_by_role("img")).to_be_visible()
    found = serious(jane, "fresh")
    running = begin(jane, "one.png", "Never end")
    begin(jane, "one.png", "Refuse")
    image = begin(jane, "one.png", "Analyse colours and mood")
    sound = begin(jane, "two.wav", "Analyse sound and mood")
    for task in (image, sound):
        plane = task.get_by_role("img", name=re.compile("^Mood"))
        expect(plane).to_be_visible(timeout=PATIENCE)
    expect(running).to_contain_text("Still at it", timeout=PATIENCE)
    choose_files(jane, file("notes.png", b"words"))
    uploads = jane.get_by_role("list", name="Uploads")
    expect(uploads.get_by_text("This is no picture or recording")).to_be_visible()
    image.get_by_text("What this means").click()
    jane.get_by_role("textbox", name="Title").fill("")
    expect(jane.get_by_text("A project needs a title")).to_be_visible()
    found += serious(jane, "at work")
    running.get_by_role("button", name="Cancel").click()
    expect(running).to_contain_text("Cancelled.", timeout=PATIENCE)
    card(jane, "one.png").get_by_role("button", name="Delete one.png").click()
    expect(jane.get_by_role("dialog")).to_be_visible()
    found += serious(jane, "asking")
    jane.get_by_role("button", name="Keep").click()
    jane.set_viewport_size({"width": 360, "height": 740})
    found += serious(jane, "phone")
    assert jane.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no scrolling aside"
    jane.get_by_role("textbox", name="Title").fill("Axe")
    jane.get_by_role("link", name="All projects").click()
    expect(jane.get_by_role("heading", name="Projects")).to_be_visible()
    found += serious(jane, "lists")
    assert jane.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no scrolling aside"
    assert not found
