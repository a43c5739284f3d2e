"""200 texts that would do something if they were taken for anything but texts."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.hostile_strings import HOSTILE, WITNESS
from tests.browser.steps import SignIn, call, holds, lines, writer
from tests.net.live import Server

REPORTS = "window.reports"


def watched(page: Page) -> None:
    """From here on, note what the policy of the page forbids."""
    page.add_init_script(
        """window.reports = [];
        addEventListener("securitypolicyviolation", event => {
            window.reports.push(`${event.violatedDirective}: ${event.sample || event.blockedURI}`);
        });"""
    )


def harmless(page: Page) -> None:
    """No script of theirs ran, and the policy never had to step in."""
    assert page.evaluate(f"window.{WITNESS}") is None
    assert page.evaluate(REPORTS) == []
    assert page.evaluate("document.querySelectorAll('script').length") == 1
    # The editor has images without a source at the edges of what cannot be edited.
    strangers = (
        "iframe, object, embed, form[action], base, meta[http-equiv], "
        "img:not([src='/favicon.svg'], .cm-widgetBuffer:not([src]))"
    )
    assert page.locator(strangers).count() == 0


def test_hostile_texts_in_every_field_of_an_essay_are_shown_as_texts(
    people: SignIn, server: Server
) -> None:
    everything = "\n".join(["A line.", *HOSTILE])
    body = {"title": HOSTILE[0], "prompt": "\n".join(HOSTILE), "content": everything}
    made = call(server, "emma", "POST", "/api/essays/", body)
    path, start = f"/api/essays/{made['id']}", len("A line.\n")
    threads = []
    for remark in HOSTILE:
        end = start + units(remark)
        place = {"highlight_start": start, "highlight_end": end}
        feedback = {"type": "general", "comment": remark, **place}
        threads.append(call(server, "emma", "POST", f"{path}/feedback/", feedback))
        start = end + 1
    assert [each["quote"] for each in threads] == list(HOSTILE)
    for at, remark in enumerate(HOSTILE):
        # A thread has 100 replies at most.
        thread = f"/api/feedback/{threads[at % 2]['id']}"
        call(server, "emma", "POST", f"{thread}/replies/", {"comment": remark})
    emma = people("Emma Brown", viewport={"width": 400, "height": 900})
    watched(emma)
    emma.goto(f"{server.http}/essays/{made['id']}")
    writer(emma)
    expect(emma.get_by_role("heading", name=HOSTILE[0])).to_be_visible()
    expect(emma.locator(".prompt")).to_contain_text(HOSTILE[-1])
    emma.get_by_role("button", name="Comments (200)").click()
    comments = emma.locator("article .comment")
    holds(emma, lambda: sorted(comments.all_text_contents()), sorted(HOSTILE))
    answers = []
    for thread in threads[:2]:
        emma.locator(f"#feedback-{thread['id']}").click()
        expect(emma.locator("article .reply")).to_have_count(100)
        answers += emma.locator("article .reply .comment").all_text_contents()
    assert sorted(answers) == sorted(HOSTILE)
    emma.get_by_role("button", name="Close comments").click()
    seen: set[str] = set()
    emma.mouse.move(200, 400)
    for step in range(400):
        seen.update(lines(emma))
        if len(seen) >= len(set(everything.split("\n"))):
            break
        emma.mouse.wheel(0, 500 if step < 200 else -500)
        emma.evaluate("new Promise(requestAnimationFrame)")
    assert set(everything.split("\n")) <= seen
    seq = call(server, "emma", "GET", f"{path}/")["seq"]
    call(server, "emma", "PATCH", f"{path}/", {"content": "A line.", "base_seq": seq})
    emma.get_by_role("button", name="Comments (200)").click()
    expect(emma.locator("details blockquote")).to_have_count(200)
    quotes = emma.locator("details blockquote").all_text_contents()
    assert sorted(quotes) == sorted(HOSTILE)
    harmless(emma)
    emma.goto(f"{server.http}/essays/{made['id']}/history")
    expect(emma.get_by_role("slider", name="Version")).to_be_enabled()
    emma.get_by_text("Comments at that time").click()
    expect(emma.locator("blockquote")).to_have_count(200)
    harmless(emma)


def units(text: str) -> int:
    """As offsets are counted."""
    return len(text.encode("utf-16-le")) // 2


def test_every_hostile_title_and_name_is_shown_as_text(people: SignIn, server: Server) -> None:
    made = call(server, "emma", "POST", "/api/essays/", {"title": "x", "content": "A line."})
    path = f"/api/essays/{made['id']}/"
    emma = people("Emma Brown")
    watched(emma)
    emma.goto(f"{server.http}/essays/{made['id']}/history")
    expect(emma.get_by_role("slider", name="Version")).to_be_enabled()
    for title in HOSTILE:
        seq = call(server, "emma", "PATCH", path, {"title": title})["seq"]
        call(server, "emma", "PATCH", f"{path}revisions/{seq}/", {"name": title[:100]})
    emma.reload()
    expect(emma.get_by_text("402 / 402")).to_be_visible()
    names = emma.get_by_label("Named versions").locator("option")
    expect(names).to_have_count(101)
    rows = emma.get_by_role("list", name="Versions, the newest first")
    expect(rows.get_by_text(HOSTILE[-1][:100], exact=True)).to_be_visible()
    expect(emma.get_by_role("heading", name=HOSTILE[-1])).to_be_visible()
    harmless(emma)
    emma.goto(server.http)
    expect(emma.get_by_role("link").filter(has_text=HOSTILE[-1])).to_be_visible()
    harmless(emma)


def test_hostile_texts_that_are_typed_are_shown_as_texts(
    people: SignIn, server: Server, essay: int
) -> None:
    emma = people("Emma Brown")
    watched(emma)
    emma.goto(f"{server.http}/essays/{essay}")
    jane = people("Jane Smith")
    watched(jane)
    jane.goto(f"{server.http}/essays/{essay}")
    writer(jane)
    writer(emma).click()
    emma.keyboard.press("Control+A")
    emma.keyboard.insert_text("\n".join(HOSTILE))
    expect(emma.get_by_text("Saved", exact=True)).to_be_visible()
    jane.get_by_role("button", name="Comment on the whole essay").click()
    for remark in ("\n".join(HOSTILE[::2]), "\n".join(HOSTILE[1::2])):
        jane.get_by_role("textbox", name="Comment").fill(remark)
        jane.keyboard.press("Control+Enter")
        for page in (emma, jane):
            written = page.locator("article .comment").get_by_text(remark, exact=True)
            expect(written).to_be_visible()
        card = emma.locator("article").last
        card.get_by_role("button").first.click()
        card.get_by_role("textbox", name="Reply").fill(remark)
        emma.keyboard.press("Control+Enter")
        expect(jane.locator("article", has_text="1 reply")).to_have_count(1)
        jane.locator("article", has_text="1 reply").get_by_role("button").first.click()
        expect(jane.locator("article .reply .comment")).to_have_text(remark)
        jane.get_by_role("button", name="Comment on the whole essay").click()
    content = call(server, "emma", "GET", f"/api/essays/{essay}/")["content"]
    assert content == "\n".join(HOSTILE)
    for page in (emma, jane):
        harmless(page)
