from __future__ import annotations

import json

from pydantic_core import PydanticUndefined

from docs_kit import read, rows
from workroom.cli.options import OF_COMMANDS
from workroom.config import Settings

LISTED = rows(read("docs", "settings.md"))
SETTINGS = {f"WORKROOM_{name.upper()}": field for name, field in Settings.model_fields.items()}


def shown(default: object) -> str:
    """A default as the page writes it: as one would set it, or none."""
    if default is None:
        return "none"
    if isinstance(default, bool | tuple):
        return f"`{json.dumps(default)}`"
    return f"`{default}`"


def test_every_setting_is_on_the_page_and_nothing_else() -> None:
    assert set(LISTED) == set(SETTINGS) | OF_COMMANDS


def test_every_default_is_the_real_one() -> None:
    for name, field in SETTINGS.items():
        assert field.default is not PydanticUndefined
        assert LISTED[name][0] == shown(field.default), name


def test_every_setting_is_explained() -> None:
    for name, cells in LISTED.items():
        assert len(cells) == 2, name
        assert cells[1].endswith("."), name


def test_the_readme_names_no_setting_that_does_not_exist() -> None:
    for name, (default, _) in rows(read("README.md")).items():
        if name.startswith("WORKROOM_"):
            field = SETTINGS[name]
            assert default == shown(field.default) or field.default is None
