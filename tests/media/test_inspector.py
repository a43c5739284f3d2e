"""Looking into a file costs no more than it may, whatever the file."""

from __future__ import annotations

import asyncio
import os
import resource
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from tests.media.good import audio, good_files, image
from tests.media.hostile import flat_png, gif, passes
from workroom.adapters.media.inspector import ChildInspector, MediaRules
from workroom.core.canvas import ImageFacts, sniffed
from workroom.errors import DamagedFile, TooComplex, Unavailable, UnsupportedFile

MANY_FRAMES = gif(1, 1, 1_500_000)
"""22 MB that take many seconds to count."""


@contextmanager
def stored(content: bytes) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file


def _children() -> set[str]:
    return set(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split())


@pytest.fixture
async def no_child_left() -> AsyncIterator[None]:
    """Whatever happens, every child has ended and was waited for."""
    before = _children()
    yield
    assert _children() <= before


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not done():
            await asyncio.sleep(0.005)


async def test_a_picture_of_too_many_passes_is_not_decoded() -> None:
    """Each takes a twentieth of a second here: all of them would be 20 seconds."""
    inspector = ChildInspector(MediaRules(cpu_seconds=5))
    too_many = pytest.raises(TooComplex, match="more than 100 passes")
    with stored(passes(400, side=7_000)) as file, too_many:
        await inspector.inspect(file.fileno(), "image/jpeg")


async def test_the_place_in_the_file_does_not_matter() -> None:
    content, media_type = good_files()["picture.png"]
    inspector = ChildInspector(MediaRules())
    with stored(content) as file:
        for place in (0, 10, len(content)):
            file.seek(place)
            finding = await inspector.inspect(file.fileno(), media_type)
            assert finding.facts == ImageFacts(64, 48, 1)


@pytest.mark.usefixtures("no_child_left")
async def test_a_file_that_takes_too_much_work_is_given_up() -> None:
    with stored(MANY_FRAMES) as file, pytest.raises(TooComplex) as caught:
        await ChildInspector(MediaRules(cpu_seconds=1)).inspect(file.fileno(), "image/gif")
    assert caught.value.field == "file"


async def test_what_a_decoder_may_take_of_memory_is_bounded() -> None:
    rules = MediaRules()
    largest = flat_png(7_071)
    with stored(largest) as file:
        finding = await ChildInspector(rules).inspect(file.fileno(), "image/png")
    assert finding.facts == ImageFacts(7_071, 7_071, 1)
    with stored(image("WEBP", size=(7_000, 7_000))) as file:
        await ChildInspector(rules).inspect(file.fileno(), "image/webp")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(f"the largest decoder took {peak / 2**20:.0f} MiB")
    assert peak < 2**30 * 1.8


@pytest.mark.usefixtures("no_child_left")
async def test_who_gives_up_waiting_ends_the_decoder() -> None:
    before = _children()
    with stored(MANY_FRAMES) as file:
        asking = asyncio.ensure_future(
            ChildInspector(MediaRules()).inspect(file.fileno(), "image/gif")
        )
        await until(lambda: _children() > before)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


@pytest.mark.usefixtures("no_child_left")
async def test_so_many_files_at_once_and_the_next_ones_wait_their_turn() -> None:
    inspector = ChildInspector(MediaRules(at_once=1, wait_seconds=0.05))
    with stored(MANY_FRAMES) as slow, stored(good_files()["picture.gif"][0]) as quick:
        before = _children()
        first = asyncio.ensure_future(inspector.inspect(slow.fileno(), "image/gif"))
        await until(lambda: _children() > before)

        with pytest.raises(Unavailable) as caught:
            await inspector.inspect(quick.fileno(), "image/gif")
        assert caught.value.retry_after

        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert (await inspector.inspect(quick.fileno(), "image/gif")).media_type == "image/gif"


async def test_a_library_that_is_missing_is_not_the_files_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "soundfile.py").write_text("raise ImportError('not here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with stored(audio("WAV")) as file, pytest.raises(Unavailable):
        await ChildInspector(MediaRules()).inspect(file.fileno(), "audio/wav")


async def test_only_the_decoder_of_its_kind_sees_a_file() -> None:
    inspector = ChildInspector(MediaRules())
    with stored(image("TIFF")) as file, pytest.raises(DamagedFile):
        await inspector.inspect(file.fileno(), "image/png")
    with stored(audio("AIFF")) as file, pytest.raises(UnsupportedFile):
        await inspector.inspect(file.fileno(), "audio/wav")


@pytest.mark.parametrize("name", good_files())
def test_the_first_bytes_tell_every_kind(name: str) -> None:
    content, media_type = good_files()[name]
    assert sniffed(content[:12]) == media_type


@pytest.mark.parametrize("head", [b"", b"R", b"RIFF", b"RIFF1234AVI ", b"<!DOCTYPE ht", b"\xff"])
def test_other_first_bytes_tell_nothing(head: bytes) -> None:
    assert sniffed(head) is None
