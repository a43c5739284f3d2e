"""Hostile texts that no server should let through, from one that does: they stay texts as well."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

from tests.browser.hostile_strings import HOSTILE, WITNESS
from tests.browser.liar import AT, EVERYTHING, Wire, person, refuse
from tests.browser.project_steps import card, new_project, picture, put
from tests.browser.steps import SignIn, call, holds, writer
from tests.net.live import Server

ALL = sorted(HOSTILE)
LONGEST = 190
"""Characters that are looked for at once; the field takes 200 UTF-16 units."""


def unharmed(page: Page) -> None:
    """No script of theirs ran, and nothing of theirs became an element."""
    assert page.evaluate(f"window.{WITNESS}") is None
    made = "script:not([src^='/assets/']), iframe, object, embed, marquee, form[action], base"
    assert page.locator(made).count() == 0
    # That the policy was never asked to step in is checked by the fixture.


def say(shown: Locator, want: list[str]) -> None:
    """Wait until they say this, in any order: the page draws while more is on its way to it."""
    holds(shown.page, lambda: sorted(shown.all_text_contents()), want)


def sentence(text: str) -> str:
    """As the page makes one of a reason."""
    first = text[0].upper() + text[1:]
    return first if first[-1] in ".!?…" else f"{first}."


def test_kinds_messages_and_failures_of_tasks(people: SignIn, server: Server) -> None:
    project = new_project(server, "Tasks")
    canvas = put(server, project, "dusk.png", picture())["id"]
    jane = people("Jane Smith")
    wire = Wire(jane, "projects")
    jane.goto(f"{server.http}/projects/{project}")
    here = card(jane, "dusk.png")
    expect(here).to_be_visible()
    for number, kind in enumerate(HOSTILE):
        task: dict[str, Any] = {"project_id": project, "task_id": f"t{number}"}
        begun = {"canvas_id": canvas, "requested_by": 2, "seq": wire.next_seq()}
        wire.tell_project("task_started", **task, task_type=kind, **begun)
        wire.tell_project("task_progress", **task, progress=5, message=kind, attempt=1)
    say(here.locator(".task > p.quiet"), ALL)
    named = sorted(sentence(each.replace("_", " "))[:-1] for each in HOSTILE)
    say(here.locator(".task h4"), named)
    for number, kind in enumerate(HOSTILE):
        task = {"project_id": project, "task_id": f"t{number}", "task_type": kind}
        result = {"canvas_id": canvas, "status": "failed", "error": kind}
        wire.tell_project("task_completed", **task, result=result, seq=wire.next_seq())
    say(here.locator(".task .why span"), sorted(map(sentence, HOSTILE)))
    unharmed(jane)


def test_names_of_people_in_a_project(people: SignIn, server: Server) -> None:
    project = new_project(server, "Guests")
    jane = people("Jane Smith")
    wire = Wire(jane, "projects")
    jane.goto(f"{server.http}/projects/{project}")
    expect(jane.locator(".members").get_by_text(", here now")).to_be_visible()
    for number, name in enumerate(HOSTILE):
        wire.tell_project("user_joined", project_id=project, user_id=1000 + number, username=name)
    shown = jane.locator(".members .who:has(.quiet:text-is('here now')) > bdi")
    say(shown, sorted(f"@{name}" for name in HOSTILE))
    unharmed(jane)


def test_names_of_people_in_an_essay_and_whatever_their_comments_say(
    people: SignIn, server: Server, essay: int
) -> None:
    jane = people("Jane Smith")
    wire = Wire(jane, "essays")
    jane.goto(f"{server.http}/essays/{essay}")
    writer(jane)
    replies = []
    for number, name in enumerate(HOSTILE):
        who = person(number, name)
        replies.append({"id": number + 1, "comment": name, "author": who, "created_at": AT})
        wire.tell("user_joined", essay_id=essay, user=who, timestamp=AT)
        wire.tell("typing_start", essay_id=essay, user=who, timestamp=AT)
        wire.tell("new_feedback", essay_id=essay, feedback=orphan(number, name, who), seq=5)
    thread = {**orphan(999, "Read on.", person(0, "Somebody")), "replies": replies}
    wire.tell("new_feedback", essay_id=essay, feedback=thread, seq=5)
    typing = jane.locator("header .typing")
    expect(typing).to_contain_text("are typing…")
    holds(jane, lambda: [it for it in HOSTILE if it not in (typing.text_content() or "")], [])
    orphans = jane.locator("details article").filter(has_not_text="Read on.")
    say(orphans.locator("blockquote"), ALL)
    say(orphans.locator(".comment"), ALL)
    say(orphans.locator(".who strong"), ALL)
    jane.locator("article", has_text="Read on.").locator(".head").click()
    say(jane.locator("article .reply strong"), ALL)
    say(jane.locator("article .reply .comment"), ALL)
    for number, name in enumerate(HOSTILE):
        who = person(number, name)
        done = {**orphan(number, name, who), "status": "resolved", "resolved_by": who}
        wire.tell("feedback_update", essay_id=essay, feedback=done, timestamp=AT, seq=6)
    jane.get_by_role("button", name="Show resolved (200)").click()
    say(jane.locator("article.resolved .done bdi"), ALL)
    unharmed(jane)


def orphan(number: int, text: str, author: dict[str, Any]) -> dict[str, Any]:
    """A comment on words that are gone."""
    return {
        "id": 1_000_000 + number,
        "type": "general",
        "comment": text,
        "highlight_start": 0,
        "highlight_end": 0,
        "author": author,
        "created_at": AT,
        "anchor": "orphaned",
        "quote": text,
        "status": "open",
        "resolved_by": None,
        "resolved_at": None,
        "replies": [],
    }


def test_reasons_for_which_something_was_refused(people: SignIn, server: Server) -> None:
    project = new_project(server, "Reasons")
    put(server, project, "dusk.png", picture())
    jane = people("Jane Smith")
    alert = jane.get_by_role("alert")
    refuse(jane, "/api/projects/")
    refuse(jane, f"/api/projects/{project}/collaborators/")
    refuse(jane, "/api/canvases/*/", "DELETE")
    refuse(jane, "/api/token/")
    jane.get_by_role("button", name="New project").click()
    jane.get_by_role("textbox", name="Title").fill("A title")
    jane.keyboard.press("Enter")
    expect(alert).to_have_text(EVERYTHING, use_inner_text=False)
    jane.goto(f"{server.http}/projects/{project}")
    jane.get_by_role("textbox", name="Let somebody in").fill("mike")
    jane.keyboard.press("Enter")
    expect(alert).to_contain_text(HOSTILE[-1])
    card(jane, "dusk.png").get_by_role("button", name="Delete").click()
    jane.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(card(jane, "dusk.png").get_by_role("alert")).to_contain_text(HOSTILE[-1])
    unharmed(jane)
    jane.get_by_role("button", name="Sign out").click()
    jane.get_by_role("button", name="Jane Smith").click()
    expect(alert).to_have_text(EVERYTHING)
    unharmed(jane)


def test_what_is_looked_for(people: SignIn) -> None:
    emma = people("Emma Brown")
    field = emma.get_by_role("searchbox")
    nothing = emma.locator(".looked-for").first
    few: list[str] = []
    for each in [*HOSTILE, None]:
        if each is not None and len(" ".join([*few, each])) <= LONGEST:
            few.append(each)
            continue
        field.fill(looked_for := " ".join(few))
        field.press("Enter")
        expect(nothing).to_have_text(" ".join(looked_for.split()))
        few = [] if each is None else [each]
    unharmed(emma)


def test_addresses(people: SignIn, server: Server, essay: int) -> None:
    jane = people("Jane Smith", f"/essays/{essay}")
    writer(jane)
    jane.evaluate(
        """async all => {
            for (const each of all) {
                history.pushState(null, "", `?next=${encodeURIComponent(each)}#${each}`);
                dispatchEvent(new PopStateEvent("popstate"));
                location.hash = each;
                await new Promise(requestAnimationFrame);
            }
        }""",
        HOSTILE,
    )
    for each in ("javascript:window.hacked=1", HOSTILE[8], HOSTILE[-1]):
        jane.goto(f"{server.http}/?next={each}&url={each}#{each}")
        expect(jane.get_by_role("heading", name="Essays")).to_be_visible()
        unharmed(jane)
    for each in HOSTILE:
        status, body = server.rest("GET", f"/essays/{quote(each, safe='')}")
        assert (status, body["code"]) == (404, "not_found"), each
    assert call(server, "jane", "GET", f"/api/essays/{essay}/")["title"] == "On lines"
