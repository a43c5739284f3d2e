"""What tests of projects do again and again."""

from __future__ import annotations

import io
import json
import math
import struct
import urllib.request
import wave
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import call
from tests.net.live import Server

PEOPLE = {"emma": 1, "jane": 2, "sarah": 3, "mike": 4, "john_doe": 456}


def new_project(server: Server, title: str = "A project", **rights: str) -> int:
    """A fresh project of Jane's, with these people in it."""
    made = call(server, "jane", "POST", "/api/projects/", {"title": title})
    for name, right in rights.items():
        path = f"/api/projects/{made['id']}/collaborators/{PEOPLE[name]}/"
        call(server, "jane", "PUT", path, {"rights": right})
    return int(made["id"])


def picture() -> bytes:
    """A small PNG of warm and cold colours."""
    image = Image.new("RGB", (60, 40), "#d9782d")
    image.paste("#20406a", (0, 20, 60, 40))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def recording(seconds: int = 4) -> bytes:
    """A tone as WAV."""
    samples = (int(8000 * math.sin(i / 6)) for i in range(8000 * seconds))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", each) for each in samples))
    return buffer.getvalue()


def file(name: str, content: bytes) -> Any:
    """As a person chooses one."""
    kind = "audio/wav" if name.endswith(".wav") else "image/png"
    return {"name": name, "mimeType": kind, "buffer": content}


def put(server: Server, project: int, name: str, content: bytes) -> dict[str, Any]:
    """Upload a file as Jane, by REST; the canvas."""
    edge = b"edge-of-a-part-5f1c"
    # As browsers write a name there.
    escaped = name.replace('"', "%22").encode()
    head = b'Content-Disposition: form-data; name="file"; filename="' + escaped + b'"'
    body = b"--%b\r\n%b\r\n\r\n%b\r\n--%b--\r\n" % (edge, head, content, edge)
    request = urllib.request.Request(
        f"{server.http}/api/projects/{project}/canvases/", data=body, method="POST"
    )
    request.add_header("Authorization", f"Bearer {server.token('jane')}")
    request.add_header("Content-Type", f"multipart/form-data; boundary={edge.decode()}")
    with urllib.request.urlopen(request, timeout=240) as answer:
        made: dict[str, Any] = json.load(answer)
        return made


def choose_files(page: Page, *files: Any) -> None:
    """Add files by the button."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add files").click()
    chooser.value.set_files(list(files))


def drop_file(page: Page, name: str, content: bytes) -> None:
    """Drop a file onto the page, as far as scripts can."""
    page.evaluate(
        """([name, bytes]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
            for (const type of ["dragover", "drop"]) {
                const how = {dataTransfer: transfer, bubbles: true, cancelable: true};
                document.querySelector("main").dispatchEvent(new DragEvent(type, how));
            }
        }""",
        [name, list(content)],
    )


def card(page: Page, name: str) -> Locator:
    """The card of a canvas."""
    return page.get_by_role("article", name=name)


def saved(page: Page) -> None:
    """Wait until the page says so."""
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
