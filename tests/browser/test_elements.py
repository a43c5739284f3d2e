"""The drop-in pieces, on their example pages, under a policy as strict as can be."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE
from tests.browser.hostile_strings import HOSTILE
from tests.browser.liar import AT, Wire, person
from tests.browser.steps import call, holds, serious
from tests.net.live import Server

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "tests" / "tasks" / "plugin"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src *; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
Opens = Callable[..., Page]


class Files(SimpleHTTPRequestHandler):
    """The files of the repository, under the policy."""

    def end_headers(self) -> None:
        """Add it."""
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's
        """Nobody reads it."""


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    """The address of somebody else's web server, with the examples."""
    built = ROOT / "web/packages/client/dist/elements/textarea.js"
    assert built.is_file(), "the client has to be built first: make web"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(ROOT)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, pages: str) -> Iterator[Server]:
    """The demo, which lets those pages in, with a worker."""
    env = {
        "WORKROOM_ORIGINS": f'["{pages}"]',
        "WORKROOM_WORKER": "1",
        "PYTHONPATH": str(PLUGIN),
    }
    server = Server(tmp_path_factory.mktemp("data"), env=env)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def example(browser: Browser, server: Server, pages: str) -> Iterator[Opens]:
    """Opens an example as somebody. Nothing may go wrong there."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def opens(name: str, who: str, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda message: (
                faults.append(message.text)
                if message.type == "error" and "favicon" not in str(message.location)
                else None
            ),
        )
        token = server.token(who)
        page.goto(f"{pages}/examples/elements/{name}.html#url={server.http}&token={token}")
        return page

    yield opens
    for context in contexts:
        context.close()
    assert not faults, "\n".join(faults)


def test_two_who_type_into_a_textarea_at_once_keep_every_word(
    example: Opens, server: Server
) -> None:
    emma, jane = (example("textarea", who) for who in ("emma", "jane"))
    hers, theirs = (page.get_by_role("textbox", name="The essay") for page in (emma, jane))
    for field in (hers, theirs):
        expect(field).to_be_editable()
    # It goes again a while after the last letter: what was there is noted.
    emma.locator("[part=typing]").evaluate(
        """line => {
            window.said = [];
            const note = () => window.said.push(line.textContent);
            new MutationObserver(note).observe(line, { childList: true });
        }"""
    )
    hers.press("Control+Home")
    theirs.press("Control+End")
    for one, two in zip("Emma types fast. ", " So does Jane ...", strict=True):
        emma.keyboard.type(one)
        jane.keyboard.type(two)
    holds(emma, lambda: "Jane Smith is typing…" in emma.evaluate("window.said"), True)
    both = re.compile(r"^Emma types fast\. (.|\n)* So does Jane \.\.\.$")
    for page, field in ((emma, hers), (jane, theirs)):
        expect(field).to_have_value(both)
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert hers.input_value() == theirs.input_value()
    assert call(server, "emma", "GET", "/api/essays/1/")["content"] == hers.input_value()
    expect(emma.get_by_text("Jane Smith is typing…")).to_have_count(0)


def coloured(page: Page) -> set[int]:
    """The letters of the text that lie on a highlight; one may lie over another."""
    parts = page.locator(".layer").evaluate(
        "layer => [...layer.childNodes].map(part => [part.textContent, part.nodeName === 'MARK'])"
    )
    found, at = set(), 0
    for text, on in parts:
        found |= set(range(at, at + len(text))) if on else set()
        at += len(text)
    return found


def letters_of(quotes: list[str], text: str) -> set[int]:
    """Where these words stand."""
    starts = [(text.index(quote), len(quote)) for quote in quotes]
    return {start + i for start, length in starts for i in range(length)}


def test_highlights_lie_under_their_words_and_move_with_them(
    example: Opens, server: Server
) -> None:
    emma = example("textarea", "emma")
    field = emma.get_by_role("textbox", name="The essay")
    marks, layer = emma.locator("mark"), emma.locator(".layer")
    expect(marks.first).to_be_attached()
    found = call(server, "emma", "GET", "/api/essays/1/feedback/")
    quotes = [each["quote"] for each in found["results"] if each["quote"]]
    assert len(quotes) == 3
    holds(emma, lambda: coloured(emma), letters_of(quotes, field.input_value()))
    comments = emma.get_by_role("list", name="Comments").get_by_role("listitem")
    expect(comments).to_have_count(found["count"])
    for quote in quotes:
        expect(comments.filter(has_text=quote)).to_have_count(1)
    field.press("Control+Home")
    emma.keyboard.type("A word before all of them. ")
    expect(layer).to_contain_text("A word before all of them.")
    holds(emma, lambda: coloured(emma), letters_of(quotes, field.input_value()))
    for width in (1100, 700, 420):
        emma.set_viewport_size({"width": width, "height": 700})
        # The same words in the same lines: both are as high as each other, and scroll together.
        emma.wait_for_function(
            """() => {
                const field = document.querySelector("textarea");
                const layer = document.querySelector("workroom-textarea")
                    .shadowRoot.querySelector(".layer");
                field.scrollTop = field.scrollHeight;
                return Math.abs(layer.scrollHeight - field.scrollHeight) <= 1
                    && Math.abs(layer.scrollTop - field.scrollTop) <= 1
                    && layer.clientWidth === field.clientWidth;
            }"""
        )


def test_who_may_only_look_cannot_type_into_the_textarea(example: Opens) -> None:
    mike = example("textarea", "mike")
    expect(mike.locator("mark").first).to_be_attached()
    expect(mike.get_by_role("textbox", name="The essay")).not_to_be_editable()


def test_a_piece_that_is_taken_out_lets_go_and_comes_back(example: Opens) -> None:
    emma = example("textarea", "emma")
    expect(emma.locator("mark").first).to_be_attached()
    emma.evaluate(
        """() => {
            window.piece = document.querySelector("workroom-textarea");
            window.piece.remove();
        }"""
    )
    emma.evaluate("document.querySelector('main').append(window.piece)")
    expect(emma.locator("mark").first).to_be_attached()
    emma.evaluate("window.piece.room = null")
    expect(emma.locator("mark")).to_have_count(0)


def test_avatars_show_who_is_in_a_room(example: Opens) -> None:
    jane = example("avatars", "jane")
    people = jane.get_by_role("list", name="Here now").get_by_role("listitem")
    expect(people).to_have_text([re.compile("jane")])
    others = [example("avatars", who) for who in ("emma", "mike", "john_doe")]
    expect(people).to_have_count(4)
    example("avatars", "admin")
    expect(people.last).to_have_text("+2")
    for page in others:
        page.close()
    expect(people).to_have_count(2)


def test_tasks_are_shown_while_they_go_on_and_cancelled(example: Opens, server: Server) -> None:
    jane, emma = (example("tasks", who) for who in ("jane", "emma"))
    expect(jane.get_by_text("Nothing is being done right now.")).to_be_visible()
    page = call(server, "jane", "GET", "/api/projects/123/canvases/")
    path = f"/api/canvases/{page['results'][0]['id']}/tasks/"
    begin_when_there_is_a_worker(server, path, "never_end", jane)
    for each in (jane, emma):
        bar = each.get_by_role("progressbar", name="Never end")
        expect(bar).to_have_attribute("value", re.compile("^[1-9]"))
        expect(each.get_by_text("Still at it")).to_be_visible()
    expect(emma.get_by_role("button", name="Cancel")).to_have_count(0)
    jane.get_by_role("button", name="Cancel Never end").click()
    for each in (jane, emma):
        expect(each.get_by_role("listitem")).to_contain_text("Cancelled")
        expect(each.get_by_role("status")).to_have_text("Never end: Cancelled")
    call(server, "jane", "POST", path, {"task_type": "refuse"})
    failed = emma.get_by_role("listitem").filter(has_text="Failed: There is nothing to see in")
    expect(failed).to_be_visible()


def begin_when_there_is_a_worker(server: Server, path: str, task: str, page: Page) -> None:
    """Begin a task; a worker may have to start first."""
    for _ in range(600):
        status, _body = server.rest("POST", path, "jane", {"task_type": task})
        if status == 202:
            return
        page.wait_for_timeout(100)
    pytest.fail("there is no worker")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("name", ["textarea", "avatars", "tasks"])
def test_axe_finds_nothing_serious_in_a_piece(example: Opens, name: str, colours: str) -> None:
    page = example(name, "jane", color_scheme=colours)
    page.locator(f"workroom-{name} :is(li, [part=empty])").first.wait_for(state="attached")
    assert serious(page, name) == []


def test_hostile_texts_are_shown_as_texts_by_the_pieces(example: Opens, server: Server) -> None:
    emma = example("textarea", "emma")
    expect(emma.locator("mark").first).to_be_attached()
    comments = emma.get_by_role("list", name="Comments").get_by_role("listitem")
    before = call(server, "emma", "GET", "/api/essays/1/feedback/")["count"]
    for each in HOSTILE:
        body = {"type": "general", "comment": each}
        call(server, "jane", "POST", "/api/essays/1/feedback/", body)
    expect(comments).to_have_count(before + len(HOSTILE))
    said = comments.all_text_contents()
    assert [each for each in HOSTILE if not any(each in one for one in said)] == []
    assert emma.evaluate("window.hacked") is None


def rewired(page: Page, kind: str) -> Wire:
    """The page once more, on a wire that tests write to."""
    wire = Wire(page, kind)
    page.reload()
    live = "() => document.querySelector('main > :last-child').room?.state.phase === 'live'"
    page.wait_for_function(live)
    return wire


def test_hostile_names_and_attributes_are_taken_for_nothing_else(example: Opens) -> None:
    jane = example("textarea", "jane")
    wire = rewired(jane, "essays")
    for number, name in enumerate(HOSTILE):
        wire.tell("typing_start", essay_id=1, user=person(number, name), timestamp=AT)
    line = jane.locator("[part=typing]")
    expect(line).to_contain_text("are typing…")
    holds(jane, lambda: [it for it in HOSTILE if it not in (line.text_content() or "")], [])
    faces = example("avatars", "jane")
    wire = rewired(faces, "projects")
    for number, name in enumerate(HOSTILE):
        wire.tell_project("user_joined", project_id=123, user_id=1000 + number, username=name)
    expect(faces.locator("li")).to_have_count(4)
    for each in (*HOSTILE, "1e9"):
        faces.evaluate(
            """value => {
                const piece = document.querySelector("workroom-avatars");
                for (const name of ["most", "title", "part"]) piece.setAttribute(name, value);
                return new Promise(requestAnimationFrame);
            }""",
            each,
        )
    expect(faces.locator("li")).to_have_count(len(HOSTILE) + 1)
    assert set(HOSTILE) <= set(faces.locator("li .unseen").all_text_contents())
    for page in (jane, faces):
        assert page.evaluate("window.hacked") is None


def test_hostile_tasks_are_shown_as_texts(example: Opens) -> None:
    jane = example("tasks", "jane")
    wire = rewired(jane, "projects")
    for number, kind in enumerate(HOSTILE):
        task: dict[str, Any] = {"project_id": 123, "task_id": f"t{number}"}
        begun = {"canvas_id": 1, "requested_by": 2, "seq": wire.next_seq()}
        wire.tell_project("task_started", **task, task_type=kind, **begun)
        wire.tell_project("task_progress", **task, progress=5, message=kind, attempt=1)
    messages = jane.locator("li [part=message]")
    holds(jane, lambda: sorted(messages.all_text_contents()), sorted(HOSTILE))
    named = [each[0].upper() + each[1:].replace("_", " ") for each in HOSTILE]
    assert sorted(jane.locator("li .name").all_text_contents()) == sorted(named)
    for number, kind in enumerate(HOSTILE):
        result = {"canvas_id": 1, "status": "failed", "error": kind}
        task = {"project_id": 123, "task_id": f"t{number}", "task_type": kind}
        wire.tell_project("task_completed", **task, result=result, seq=wire.next_seq())
        expect(jane.get_by_role("status")).to_contain_text(" ".join(f"Failed: {kind}".split()))
    assert jane.evaluate("window.hacked") is None
