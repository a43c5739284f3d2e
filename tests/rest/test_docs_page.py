"""The readable page: all of it from this server, and all of the document on it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rest_kit import House
from workroom.transports.rest.problem import KINDS

DOM = Path(__file__).with_name("page_dom.mjs")


async def _render(server: House, address: str = "") -> dict[str, Any]:
    """What a reader finds on the page, after everything on it was tried."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    script = (await server.nobody("GET", "/api/docs/page.js")).text
    schema = await server.nobody.get("/api/schema")
    given = json.dumps({"script": script, "schema": schema, "hash": address})
    done = subprocess.run(
        [node, str(DOM)], input=given, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"schema": schema}


async def test_the_page_loads_nothing_from_elsewhere(quick: House) -> None:
    comments = re.compile(r"^\s*//.*$|/\*.*?\*/", re.MULTILINE | re.DOTALL)
    for path in ("/api/docs", "/api/docs/page.js", "/api/docs/page.css"):
        text = (await quick.nobody("GET", path)).text
        assert "//" not in comments.sub("", text), path
        assert "innerHTML" not in text
        assert "@import" not in text
    page = (await quick.nobody("GET", "/api/docs")).text
    assert set(re.findall(r'(?:src|href)="([^"#][^"]*)"', page)) == {
        "/api/docs/page.js",
        "/api/docs/page.css",
        "/api/schema",
    }
    assert not re.search(r"<script>|<style>|\son\w+=|style=", page)


async def test_the_page_shows_every_operation_and_every_error(quick: House) -> None:
    found = await _render(quick)
    for path, item in found["schema"]["paths"].items():
        for operation in item.values():
            assert path in found["text"]
            assert operation["operationId"] in found["ids"]
            assert f"#{operation['operationId']}" in found["links"]
            assert operation["summary"] in found["text"]
    for code, kind in KINDS.items():
        assert f"error-{code}" in found["ids"]
        assert kind.about in found["text"]
    assert "undefined" not in found["text"]
    assert "[object" not in found["text"]


async def test_what_is_tried_goes_to_the_right_address_with_the_token(quick: House) -> None:
    found = await _render(quick)
    sent = {f"{one['method']} {one['path']}": one for one in found["sent"]}
    assert len(sent) == sum(len(item) for item in found["schema"]["paths"].values())
    changed = sent["PATCH /api/essays/a%20b/"]
    assert changed["headers"]["Authorization"] == "Bearer secret"
    assert changed["headers"]["Content-Type"] == "application/json"
    example = sent["POST /api/essays/"]["body"].encode()
    made = await quick.as_("emma")("POST", "/api/essays/", example)
    assert made.status_code == 201
    assert sent["GET /api/essays/"]["body"] is None


@pytest.mark.parametrize("place", ["error-conflict", "read_essay"])
async def test_an_address_with_a_place_leads_there(quick: House, place: str) -> None:
    assert (await _render(quick, f"#{place}"))["shown"] == place
