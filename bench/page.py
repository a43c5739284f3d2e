"""The page in Chromium: how heavy it is, and how fast for somebody who types or looks back.

    python -m bench.page [--words 20000] [--highlights 200] [--keys 200] [--revisions 10000]

Starts ``workroom demo`` on fresh data and drives the Chromium of the system, headless, with real
key events. ``--revisions 0`` leaves the history out, whose making takes most of the time. Prints:

* *weight*: bytes that a browser that has nothing yet loads for an essay, as they come (gzip);
* *glyph*: from a key to its letter, in the middle of a long essay with highlights. *Work* is what
  the page takes for it: from the time stamp of the key event until everything that it sets off has
  run, and style, layout and paint of the next frame. *Frame* is until that frame is done, and so
  has the wait for it in it, up to 16.7 ms at 60 Hz;
* *other*: from a key until the frame in which the letter stands in another person's browser,
  through the server and its disk;
* *history*: in an essay of that many versions, from the click on History until the text is there;
  and from one move of the slider, to a random place, until that version is shown.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.servers import HOST, Server, free_port

KINDS = ("content", "grammar", "structure", "style", "general")
PATIENCE = 120_000
GAP = 60
"""Milliseconds between two keys: a fast typist's."""
LOOKS = 30

_WATCH_KEYS = """() => {
    window.work = []; window.frame = [];
    const after = (then) => {
        const {port1, port2} = new MessageChannel();
        port1.onmessage = then;
        port2.postMessage(0);
    };
    addEventListener("keydown", ({timeStamp}) => {
        let handled = 0;
        // The editor hears of its text in a microtask, and has done what is to be done in there.
        addEventListener("input", () => queueMicrotask(() => queueMicrotask(() => {
            handled = performance.now();
        })), {once: true});
        requestAnimationFrame(() => {
            const began = performance.now();
            after(() => {
                const done = performance.now();
                frame.push(done - timeStamp);
                // Before the frame and in it; what was before is in `done` where it was not.
                work.push(handled && handled < began ? handled - timeStamp + done - began
                    : done - timeStamp);
            });
        });
    }, true);
}"""

_WATCH_LINE = """() => {
    window.seen = [];
    const line = () => document.querySelectorAll(".cm-line")[1];
    const letters = () => line().textContent.split("|").length - 1;
    let before = letters();
    new MutationObserver(() => {
        const now = letters();
        if (now <= before) return;
        const more = now - before;
        before = now;
        requestAnimationFrame(() => {
            const {port1, port2} = new MessageChannel();
            port1.onmessage = () => {
                const now = performance.timeOrigin + performance.now();
                seen.push(...Array(more).fill(now));
            };
            port2.postMessage(0);
        });
    }).observe(document.querySelector(".cm-content"),
        {subtree: true, childList: true, characterData: true});
}"""

_WATCH_STROKES = """() => {
    window.struck = [];
    addEventListener("keydown", ({key, timeStamp}) => {
        if (key === "|") struck.push(performance.timeOrigin + timeStamp);
    }, true);
}"""


@dataclass(frozen=True, slots=True)
class World:
    """A running demo and those who work in it."""

    url: str
    browser: Browser
    tokens: dict[str, str]

    def rest(self, who: str) -> httpx.Client:
        """Requests of somebody."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def open(self, name: str, path: str) -> Page:
        """Somebody's browser at an address; they may write."""
        page = self.browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(self.url + path)
        page.get_by_role("button", name=name).click()
        expect(page.get_by_text("Saved", exact=True)).to_be_visible()
        return page


def main() -> None:
    """Measure, and print what came out."""
    asked = _arguments()
    expect.set_options(timeout=PATIENCE)
    with _world() as world:
        _show_weight(world)
        with world.rest("emma") as emma:
            essay = _long_essay(emma, asked.words, asked.highlights)
        _show_typing(world, essay, asked.keys)
        _show_other(world, 1, asked.keys, "of 600 words")
        _show_other(
            world, essay, asked.keys, f"of {asked.words} words, {asked.highlights} highlights"
        )
        if asked.revisions:
            _show_history(world, asked.revisions)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    for name, value in (("words", 20_000), ("highlights", 200), ("keys", 200)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--revisions", type=int, default=10_000)
    return parser.parse_args()


@contextmanager
def _world() -> Iterator[World]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if chromium is None:
        sys.exit("The page is measured in Chromium (on Debian and Ubuntu: apt install chromium).")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            {
                "WORKROOM_DATA_DIR": folder,
                "WORKROOM_PORT": str(port),
                "WORKROOM_PROJECT_PORT": "0",
                "WORKROOM_WORKER": "0",
                "WORKROOM_LOGIN_ATTEMPTS": "1000",
            }
        )
        url = f"http://{HOST}:{port}"
        with (
            Server("workroom", [sys.executable, "-m", "workroom", "demo"], port).ready(),
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            yield World(url, browser, _tokens(url))
            browser.close()


def _tokens(url: str) -> dict[str, str]:
    password = httpx.get(f"{url}/demo.json").json()["password"]
    found = {}
    for who in ("emma", "jane"):
        body = {"username": who, "password": password}
        found[who] = httpx.post(f"{url}/api/token/", json=body).json()["access"]
    return found


# ---- what is measured ----------------------------------------------------------------------------


def _show_weight(world: World) -> None:
    sizes: dict[str, int] = {}
    page = world.browser.new_context().new_page()
    page.on("requestfinished", lambda it: sizes.update({it.url: it.sizes()["responseBodySize"]}))
    page.goto(world.url + "/essays/1")
    page.get_by_role("button", name="Emma Brown").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    loaded = sum(size for url, size in sizes.items() if "/api/" not in url)
    before = len(sizes)
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("slider", name="Version")).to_be_enabled()
    more = sum(size for url, size in list(sizes.items())[before:] if "/api/" not in url)
    print(f"weight: essay {loaded / 1000:.1f} kB, history {more / 1000:.1f} kB more")
    page.context.close()


def _show_typing(world: World, essay: int, keys: int) -> None:
    page = world.open("Emma Brown", f"/essays/{essay}")
    page.locator(".mark").first.wait_for()
    page.locator(".cm-line").nth(3).click()
    _type(page, "ab cd ", 30)
    page.evaluate(_WATCH_KEYS)
    _type(page, "many small words ", keys)
    page.wait_for_timeout(500)
    print(f"glyph:  work  {_spread(page.evaluate('work'))}")
    print(f"        frame {_spread(page.evaluate('frame'))}")
    page.context.close()


def _show_other(world: World, essay: int, keys: int, size: str) -> None:
    emma = world.open("Emma Brown", f"/essays/{essay}")
    jane = world.open("Jane Smith", f"/essays/{essay}")
    jane.locator(".mark").first.wait_for()
    jane.evaluate(_WATCH_LINE)
    emma.locator(".cm-line").nth(1).click()
    emma.evaluate(_WATCH_STROKES)
    _type(emma, "|", keys, 2 * GAP)
    expect(emma.get_by_text("Saved", exact=True)).to_be_visible()
    jane.wait_for_timeout(500)
    struck, seen = emma.evaluate("struck"), jane.evaluate("seen")
    if len(seen) != len(struck):
        sys.exit(f"{len(struck)} letters were typed, {len(seen)} were seen")
    print(f"other:  {_spread([b - a for a, b in zip(struck, seen, strict=True)])}, {size}")
    for page in (emma, jane):
        page.context.close()


def _show_history(world: World, revisions: int) -> None:
    essay = _much_edited(world, revisions)
    page = world.open("Emma Brown", f"/essays/{essay}")
    text = page.get_by_role("textbox", name="Text of this version")
    began = time.perf_counter()
    page.get_by_role("link", name="History").click()
    expect(text).to_contain_text("Written")
    opened = time.perf_counter() - began
    slider = page.get_by_role("slider", name="Version")
    most = int(slider.get_attribute("max") or 0)
    moved = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        slider.fill(str(random.randrange(2, most)))
        page.locator(".reader[aria-busy=true]").wait_for()
        page.locator(".reader[aria-busy=false]").wait_for()
        moved.append(1000 * (time.perf_counter() - began))
    print(f"history: {most + 1} versions, opened in {1000 * opened:.0f} ms; {_spread(moved)}")
    page.context.close()


def _type(page: Page, words: str, keys: int, gap: int = GAP) -> None:
    """Keys are held, as fingers hold them.

    Chromium puts scripts off after a key has moved, until the next frame. Were a key let go of
    right after the frame that shows its letter, what is measured would end a frame later.
    """
    for at in range(keys):
        letter = words[at % len(words)]
        key = "Space" if letter == " " else letter
        page.keyboard.down(key)
        page.wait_for_timeout(gap / 2)
        page.keyboard.up(key)
        page.wait_for_timeout(gap / 2)


def _spread(milliseconds: list[float]) -> str:
    found = sorted(milliseconds)
    p95 = found[int(0.95 * (len(found) - 1))]
    return (
        f"p50 {statistics.median(found):.1f} ms, p95 {p95:.1f} ms, longest {found[-1]:.1f} ms "
        f"of {len(found)}"
    )


# ---- essays --------------------------------------------------------------------------------------


def _long_essay(emma: httpx.Client, words: int, highlights: int) -> int:
    draw = random.Random(1)
    some = ["the", "study", "of", "many", "small", "things", "that", "people", "write", "about"]
    paragraphs = [" ".join(draw.choices(some, k=100)) for _ in range(words // 100)]
    content = "\n".join(paragraphs)
    essay = int(_ok(emma.post("/api/essays/", json={"title": "Long", "content": content}))["id"])
    _ok(emma.put(f"/api/essays/{essay}/collaborators/2/", json={"rights": "edit"}))
    for at in range(highlights):
        start = at * (len(content) // (highlights + 1)) + 5
        remark = {
            "type": draw.choice(KINDS),
            "comment": f"Remark {at}, about these words.",
            "highlight_start": start,
            "highlight_end": start + 30,
        }
        _ok(emma.post(f"/api/essays/{essay}/feedback/", json=remark))
    return essay


def _much_edited(world: World, revisions: int) -> int:
    """Two people by turns, so that each edit is a version of its own."""
    with world.rest("emma") as emma, world.rest("jane") as jane:
        essay = int(_ok(emma.post("/api/essays/", json={"title": "Old", "content": "0"}))["id"])
        path = f"/api/essays/{essay}/"
        _ok(emma.put(f"{path}collaborators/2/", json={"rights": "edit"}))
        seq = int(_ok(emma.get(path))["seq"])
        words = ["Written"] + ["word"] * 800
        for at in range(revisions):
            words[at * 7 % 800 + 1] = f"w{at}"
            body = {"content": " ".join(words), "base_seq": seq}
            seq = int(_ok((emma, jane)[at % 2].patch(path, json=body))["seq"])
    return essay


def _ok(answer: httpx.Response) -> dict[str, Any]:
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


if __name__ == "__main__":
    main()
