"""Makes docs/page.png anew: the demo's essay, as Emma sees it while Jane writes in it.

    make page && .venv/bin/python -m tools.picture [--fonts FOLDER]

Fonts in ``--fonts`` are used beside those of the system: what the page looks best in (Noto Serif
and Noto Sans will do) need not be installed. The picture has two pixels for each of the page's.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from bench.servers import HOST, Server, free_port
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

PICTURE: Final = Path(__file__).parents[1] / "docs" / "page.png"
SIZE: Final = {"width": 1280, "height": 840}
COLOURS: Final = 256
"""As many as a picture of text needs; more would make the file three times as large."""
ESSAY: Final = "/essays/1"
EDITOR: Final = "Text of the essay"
COMMENTS: Final = (
    (
        *("sarah", "style", "carried like a sleeping child"),
        "The best picture in the essay. Keep it, whatever else goes.",
    ),
    (
        *("jane", "content", "we do not fix things for you, we fix things with you"),
        "Your title comes from here. Could the board come back at the end?",
    ),
)
ANSWER: Final = "Good idea! I will close with it."


@contextmanager
def demo() -> Iterator[str]:
    """A fresh demo; its address."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        env = {
            "WORKROOM_DATA_DIR": folder,
            "WORKROOM_PORT": str(port),
            "WORKROOM_PROJECT_PORT": "0",
            "WORKROOM_WORKER": "0",
        }
        with Server("workroom", [sys.executable, "-m", "workroom", "demo"], port, **env).ready():
            yield f"http://{HOST}:{port}"


def opened(browser: Browser, url: str, name: str) -> Page:
    """The essay in the browser of somebody of the demo, once it can be written in."""
    page = browser.new_context(
        viewport=SIZE,  # type: ignore[arg-type] # a dict of the right keys
        device_scale_factor=2,
        reduced_motion="reduce",
    ).new_page()
    page.goto(f"{url}{ESSAY}")
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("textbox", name=EDITOR)).to_have_attribute("aria-readonly", "false")
    return page


def write_after(page: Page, words: str, text: str) -> None:
    """Put the caret behind these words, and type."""
    page.evaluate(
        """words => {
            const walker = document.createTreeWalker(
                document.querySelector(".cm-content"), NodeFilter.SHOW_TEXT);
            for (let node; (node = walker.nextNode());) {
                const at = node.data.indexOf(words);
                if (at < 0) continue;
                getSelection().collapse(node, at + words.length);
                return;
            }
            throw new Error(`these words stand nowhere: ${words}`);
        }""",
        words,
    )
    page.keyboard.type(text, delay=20)


def discuss(url: str) -> None:
    """What the coaches have said about the beginning, and Emma's answer."""
    with httpx.Client(base_url=url, trust_env=False) as rest:
        password = rest.get("/demo.json").json()["password"]

        def post(who: str, path: str, **body: str) -> int:
            asked = {"username": who, "password": password}
            token = rest.post("/api/token/", json=asked).json()["access"]
            headers = {"Authorization": f"Bearer {token}"}
            made = rest.post(f"/api{path}", json=body, headers=headers).raise_for_status()
            number: int = made.json()["id"]
            return number

        for who, kind, quote, comment in COMMENTS:
            remark = {"type": kind, "quote": quote, "comment": comment}
            thread = post(who, f"{ESSAY}/feedback/", **remark)
        post("emma", f"/feedback/{thread}/replies/", comment=ANSWER)


def scene(browser: Browser, url: str) -> Page:
    """Emma has opened a coach's comment; the coach is writing."""
    discuss(url)
    emma = opened(browser, url, "Emma Brown")
    jane = opened(browser, url, "Jane Smith")
    thread = emma.locator("article", has_text=COMMENTS[-1][3])
    thread.get_by_role("button").first.click()
    expect(emma.get_by_text(ANSWER)).to_be_visible()
    write_after(jane, "He did not touch the radio", " at all")
    expect(emma.get_by_text("Jane Smith is typing…")).to_be_visible()
    emma.evaluate("scrollTo(0, 0)")
    return emma


def keep(page: Page) -> None:
    """The picture, in few colours."""
    page.mouse.move(0, 0)
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    print(f"{PICTURE.name}: {PICTURE.stat().st_size} bytes")


def main() -> None:
    """Start a demo, set the scene, and keep the picture."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--fonts", type=Path, help="a folder with more fonts")
    fonts = options.parse_args().fonts
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with demo() as url, fonts_from(fonts) as env, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"], env=env
        )
        keep(scene(browser, url))
        browser.close()


@contextmanager
def fonts_from(folder: Path | None) -> Iterator[dict[str, str | float | bool]]:
    """The environment of a browser that has these fonts as well."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        more = "" if folder is None else f"<dir>{folder.resolve()}</dir>"
        system = '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
        file.write(f"<fontconfig>{system}{more}</fontconfig>")
        file.flush()
        yield {**os.environ, "FONTCONFIG_FILE": file.name}


if __name__ == "__main__":
    main()
