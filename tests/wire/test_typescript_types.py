"""The types of the TypeScript client are made from the schema of the server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from workroom.protocol.schema import json_schema

ROOT = Path(__file__).parents[2]
TYPES = ROOT / "web" / "packages" / "client" / "src" / "protocol.gen.ts"


def test_the_types_of_the_typescript_client_are_fresh() -> None:
    tool = [sys.executable, str(ROOT / "tools" / "protocol_types.py"), "--check"]
    done = subprocess.run(tool, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr


def test_every_message_and_every_part_of_one_has_a_type() -> None:
    named = re.findall(r"^export (?:interface|type) (\w+)", TYPES.read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(json_schema()["$defs"])
