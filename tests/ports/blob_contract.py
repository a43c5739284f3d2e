"""What every place for files promises; each adapter's test module runs this class on its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from workroom.ids import BlobKey
from workroom.ports.blobs import BlobStore

KEY = BlobKey("0123456789abcdef" * 2)
OTHER = BlobKey("fedcba9876543210" * 2)


async def keep(blobs: BlobStore, content: bytes, key: BlobKey = KEY) -> None:
    """Write a file and keep it."""
    draft = await blobs.draft()
    await draft.write(content)
    await draft.keep(key)


async def content(blobs: BlobStore, key: BlobKey = KEY) -> bytes | None:
    """All of a file; None when there is none."""
    blob = await blobs.open(key)
    if blob is None:
        return None
    try:
        return await blob.read(0, blob.size)
    finally:
        await blob.close()


class BlobStoreContract:
    """Keeping, reading, deleting, and finding what nobody needs."""

    async def test_what_was_kept_is_read_back_in_any_part(self, blobs: BlobStore) -> None:
        draft = await blobs.draft()
        for piece in (b"some", b"", b"thing ", bytes(range(256)) * 1_000):
            await draft.write(piece)
        assert draft.size == 10 + 256_000
        await draft.keep(KEY)

        blob = await blobs.open(KEY)
        assert blob is not None
        assert blob.size == 10 + 256_000
        assert await blob.read(0, 9) == b"something"
        assert await blob.read(10 + 255, 3) == b"\xff\x00\x01"
        assert await blob.read(blob.size - 2, 100) == b"\xfe\xff"
        assert await blob.read(blob.size, 1) == b""
        await blob.close()

    async def test_nothing_is_there_until_it_is_kept(self, blobs: BlobStore) -> None:
        draft = await blobs.draft()
        await draft.write(b"half")

        assert await blobs.open(KEY) is None
        assert await blobs.kept_before(-60) == []

        await draft.discard()
        assert await blobs.open(KEY) is None

    async def test_a_preview_is_kept_beside_its_file(self, blobs: BlobStore) -> None:
        preview = BlobKey(f"{KEY}.preview")
        await keep(blobs, b"large")
        await keep(blobs, b"small", preview)

        assert await content(blobs) == b"large"
        assert await content(blobs, preview) == b"small"
        assert set(await blobs.kept_before(-60)) == {KEY, preview}

    async def test_discarding_what_was_kept_undoes_nothing(self, blobs: BlobStore) -> None:
        draft = await blobs.draft()
        await draft.write(b"kept")
        await draft.keep(KEY)

        await draft.discard()
        await draft.discard()

        assert await content(blobs) == b"kept"

    async def test_a_draft_that_has_ended_takes_nothing(self, blobs: BlobStore) -> None:
        draft = await blobs.draft()
        await draft.discard()

        with pytest.raises(ValueError, match="ended"):
            await draft.write(b"late")
        with pytest.raises(ValueError, match="ended"):
            await draft.keep(KEY)

    async def test_another_process_can_read_a_draft(self, blobs: BlobStore) -> None:
        draft = await blobs.draft()
        await draft.write(b"for your eyes")
        os.lseek(draft.fileno(), 0, os.SEEK_SET)
        read = "import sys; sys.stdout.write(sys.stdin.read())"

        done = subprocess.run(
            [sys.executable, "-c", read], stdin=draft.fileno(), capture_output=True, check=True
        )

        assert done.stdout == b"for your eyes"
        await draft.write(b" only")
        await draft.keep(KEY)
        assert await content(blobs) == b"for your eyes only"

    async def test_deleted_files_are_gone_and_unknown_ones_do_no_harm(
        self, blobs: BlobStore
    ) -> None:
        await keep(blobs, b"a")
        await keep(blobs, b"b", OTHER)

        await blobs.delete([KEY, BlobKey("c" * 32)])

        assert await content(blobs) is None
        assert await content(blobs, OTHER) == b"b"
        assert await blobs.kept_before(-60) == [OTHER]

    async def test_who_reads_a_file_while_it_is_deleted_reads_on(self, blobs: BlobStore) -> None:
        await keep(blobs, b"still here")
        blob = await blobs.open(KEY)
        assert blob is not None

        await blobs.delete([KEY])

        assert await blob.read(0, 5) == b"still"
        assert await blob.read(5, 5) == b" here"
        await blob.close()

    async def test_young_files_are_not_among_the_old_ones(self, blobs: BlobStore) -> None:
        await keep(blobs, b"young")

        assert await blobs.kept_before(3600) == []
        assert await blobs.kept_before(-60) == [KEY]

    async def test_many_files_are_written_at_once(self, blobs: BlobStore) -> None:
        keys = [BlobKey(f"{number:032x}") for number in range(50)]

        await asyncio.gather(*(keep(blobs, key.encode() * 100, key) for key in keys))

        found = await asyncio.gather(*(content(blobs, key) for key in keys))
        assert found == [key.encode() * 100 for key in keys]
