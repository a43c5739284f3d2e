from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from workroom.app import App, open_app
from workroom.cli import demonstration
from workroom.config import Settings
from workroom.core.canvas import AudioFacts, ImageFacts
from workroom.demo import furnish, media
from workroom.errors import Misconfigured
from workroom.service.hub import Hub


@asynccontextmanager
async def opened(data_dir: Path) -> AsyncIterator[App]:
    app = await open_app(Settings(data_dir=data_dir))
    try:
        yield app
    finally:
        await app.close()


class PulledPlug(Exception):
    """The power went off."""


STEPS = 12
"""Calls of ``Hub.execute`` that it takes: a text, six rights, three remarks, two canvases."""


@pytest.mark.parametrize("step", range(STEPS))
async def test_a_start_that_was_cut_off_is_made_up_for(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = Hub.execute, 0

    async def execute(hub: Hub, *given: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > step:
            raise PulledPlug
        return await real(hub, *given, **more)

    async with opened(tmp_path) as app:
        monkeypatch.setattr(Hub, "execute", execute)
        with pytest.raises(PulledPlug):
            await demonstration.prepare(app)
    monkeypatch.undo()
    async with opened(tmp_path) as app:
        await demonstration.prepare(app)
        admin = (await app.store.account_named("admin")).user  # type: ignore[union-attr]
        essay = await app.library.essay(admin, 1)
        project = await app.library.project(admin, 123)
        canvases = await app.library.canvases.in_project(admin, 123, limit=10, offset=0)
        await app.library.canvases.sweep(age=-60)
        kept = await app.blobs.kept_before(-60)
    assert len(essay.state.feedback) == 3
    assert len(essay.state.rights) == len(project.state.rights) == 4
    assert essay.state.seq == 2 + 3 + 3
    files = {canvas.media.key for canvas in canvases.items}
    assert set(kept) == files | {f"{key}.preview" for key in files}
    assert len(files) == 2


async def test_the_demo_has_a_picture_and_a_recording_to_look_at(tmp_path: Path) -> None:
    async with opened(tmp_path) as app:
        await demonstration.prepare(app)
        emma = (await app.store.account_named("emma")).user  # type: ignore[union-attr]
        found = await app.library.canvases.in_project(emma, 123, limit=10, offset=0)
    picture, sound = found.items
    assert (picture.media.media_type, picture.media.facts) == (
        "image/png",
        ImageFacts(960, 600, frames=1),
    )
    assert (sound.media.media_type, sound.media.facts) == (
        "audio/wav",
        AudioFacts(8.0, 22_050, 1),
    )


def test_the_picture_and_the_recording_are_always_the_same() -> None:
    assert media.picture() == media.picture()
    assert media.recording() == media.recording()


async def test_a_finished_demo_is_not_touched_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as app:
        await demonstration.prepare(app)
        await asyncio.gather(*(demonstration.prepare(app) for _ in range(2)))
        admin = (await app.store.account_named("admin")).user  # type: ignore[union-attr]
        assert (await app.library.essay(admin, 1)).state.seq == 8


async def test_furnishing_twice_in_a_row_is_furnishing_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as app:
        for _ in range(2):
            await furnish(app.accounts, app.store, app.hub, app.library.canvases, "long enough")
        admin = (await app.store.account_named("admin")).user  # type: ignore[union-attr]
        assert (await app.library.essay(admin, 1)).state.seq == 8


async def test_a_note_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "workroom.db.demo").write_text("{}")
    async with opened(tmp_path) as app:
        with pytest.raises(Misconfigured, match=r"workroom\.db\.demo"):
            await demonstration.prepare(app)
