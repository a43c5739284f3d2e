"""Every place for files keeps the promises of the port; a folder keeps those of a folder too."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.ports.blob_contract import KEY, BlobStoreContract, content, keep
from workroom.adapters.blobs import FolderBlobs, MemoryBlobs
from workroom.errors import Misconfigured, Unavailable
from workroom.ids import BlobKey


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _age(path: Path, seconds: float) -> None:
    """Make a file look so much older."""
    at = path.stat().st_mtime - seconds
    os.utime(path, (at, at))


def _open_files() -> int:
    """How many files this process has open, as far as the system tells."""
    return sum(1 for _ in Path("/dev/fd").iterdir())


class TestMemoryBlobs(BlobStoreContract):
    @pytest.fixture
    def blobs(self) -> MemoryBlobs:
        return MemoryBlobs()


class TestFolderBlobs(BlobStoreContract):
    @pytest.fixture
    async def blobs(self, tmp_path: Path) -> AsyncIterator[FolderBlobs]:
        made = FolderBlobs(tmp_path / "files")
        yield made
        await made.close()

    async def test_files_and_folders_are_for_their_owner_only(self, blobs: FolderBlobs) -> None:
        await keep(blobs, b"private")

        path = blobs.path(KEY)
        assert _mode(path) == 0o600
        assert _mode(path.parent) == 0o700
        assert _mode(path.parent.parent) == 0o700

    async def test_a_folder_that_others_could_read_is_closed(self, tmp_path: Path) -> None:
        (tmp_path / "open").mkdir(mode=0o755)

        await FolderBlobs(tmp_path / "open").close()

        assert _mode(tmp_path / "open") == 0o700

    @pytest.mark.parametrize(
        "key", ["../" * 10, "a" * 31, "A" * 32, f"{KEY}.png", f"{KEY}\n", f"/{KEY}", "", "%2e" * 11]
    )
    async def test_what_is_no_key_never_becomes_a_path(self, blobs: FolderBlobs, key: str) -> None:
        with pytest.raises(ValueError, match="no key"):
            blobs.path(BlobKey(key))

    async def test_links_are_not_followed(self, blobs: FolderBlobs, tmp_path: Path) -> None:
        (tmp_path / "secret").write_bytes(b"not for you")
        path = blobs.path(KEY)
        path.symlink_to(tmp_path / "secret")

        with pytest.raises(Unavailable):
            await blobs.open(KEY)

    async def test_files_outlive_the_process(self, blobs: FolderBlobs, tmp_path: Path) -> None:
        await keep(blobs, b"still here")

        again = FolderBlobs(tmp_path / "files")
        assert await content(again) == b"still here"
        await again.close()

    async def test_a_draft_leaves_no_file_and_no_descriptor(
        self, blobs: FolderBlobs, tmp_path: Path
    ) -> None:
        await keep(blobs, b"warm up")
        before = _open_files()
        for _ in range(20):
            draft = await blobs.draft()
            await draft.write(b"x" * 100_000)
            await draft.discard()

        assert list((tmp_path / "files/drafts").iterdir()) == []
        assert _open_files() == before

    async def test_giving_up_at_any_moment_leaves_nothing(
        self, blobs: FolderBlobs, tmp_path: Path
    ) -> None:
        async def upload(turns: int) -> None:
            task = asyncio.ensure_future(blobs.draft())
            for _ in range(turns):
                await asyncio.sleep(0)
            if not task.done():
                task.cancel()
                return
            draft = task.result()
            writing = asyncio.ensure_future(draft.write(b"x" * 1_000_000))
            await asyncio.sleep(0)
            writing.cancel()
            await draft.discard()

        for turns in range(40):
            await upload(turns)
        await blobs.close()
        await asyncio.sleep(0)

        assert list((tmp_path / "files/drafts").iterdir()) == []

    async def test_drafts_of_a_process_that_died_are_given_up_when_they_are_old(
        self, blobs: FolderBlobs, tmp_path: Path
    ) -> None:
        code = (
            "import asyncio, os, sys, pathlib\n"
            "from workroom.adapters.blobs import FolderBlobs\n"
            "async def main():\n"
            "    draft = await FolderBlobs(pathlib.Path(sys.argv[1])).draft()\n"
            "    await draft.write(b'half')\n"
            "    os._exit(0)\n"
            "asyncio.run(main())\n"
        )
        subprocess.run([sys.executable, "-c", code, tmp_path / "files"], check=True)
        (left,) = (tmp_path / "files/drafts").iterdir()

        await blobs.kept_before(3600)
        assert left.exists()

        _age(left, 3601)
        await blobs.kept_before(3600)
        assert not left.exists()

    async def test_a_disk_that_refuses_is_a_clear_error(
        self, blobs: FolderBlobs, tmp_path: Path
    ) -> None:
        draft = await blobs.draft()
        await draft.write(b"x")
        path = blobs.path(KEY)
        path.parent.rmdir()
        path.parent.write_bytes(b"a file where a folder has to be")

        with pytest.raises(Unavailable, match="cannot be stored"):
            await draft.keep(KEY)
        await draft.discard()

        assert list((tmp_path / "files/drafts").iterdir()) == []

    async def test_a_folder_that_cannot_be_made_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "taken").write_bytes(b"")

        with pytest.raises(Misconfigured, match="taken"):
            FolderBlobs(tmp_path / "taken")
