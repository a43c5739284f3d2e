"""Files in memory: the same promises, except that nothing outlives the process.

For trying things out and for tests.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection

from workroom.errors import Unavailable
from workroom.ids import BlobKey


class MemoryBlobs:
    """``BlobStore`` in memory."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.kept: dict[BlobKey, tuple[bytes, float]] = {}
        """The bytes under each key, and when they were kept."""
        self.drafts = 0
        """Those that have not ended."""
        self.clock = clock
        self.error: Unavailable | None = None
        """What everybody is told from now on, when it is set."""

    async def draft(self) -> MemoryDraft:
        """Begin a new file."""
        self.check()
        return MemoryDraft(self)

    async def open(self, key: BlobKey) -> MemoryBlob | None:
        """A file that is kept."""
        self.check()
        found = self.kept.get(key)
        return None if found is None else MemoryBlob(found[0])

    async def delete(self, keys: Collection[BlobKey]) -> None:
        """Remove what is kept under these keys."""
        self.check()
        for key in keys:
            self.kept.pop(key, None)

    async def kept_before(self, seconds: float) -> list[BlobKey]:
        """Keys of what has been kept for so long."""
        self.check()
        before = self.clock() - seconds
        return [key for key, (_, at) in self.kept.items() if at <= before]

    async def close(self) -> None:
        """Nothing to do; here so that every place is used alike."""

    def check(self) -> None:
        """Raises Unavailable while told to fail."""
        if self.error is not None:
            raise self.error


class MemoryDraft:
    """``Draft``. The bytes stand in an unnamed file, because another process may have to read."""

    def __init__(self, blobs: MemoryBlobs) -> None:
        self._blobs = blobs
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - ends with the draft
        self._ended = False
        self.size = 0
        blobs.drafts += 1

    async def write(self, piece: bytes) -> None:
        """Add to the end."""
        self._blobs.check()
        self._check()
        self._file.seek(self.size)
        self._file.write(piece)
        self.size += len(piece)

    def fileno(self) -> int:
        """A descriptor from which another process can read."""
        return self._file.fileno()

    async def keep(self, key: BlobKey) -> None:
        """Keep the file under a key."""
        self._blobs.check()
        self._check()
        self._file.seek(0)
        self._blobs.kept[key] = self._file.read(), self._blobs.clock()
        self._end()

    async def discard(self) -> None:
        """Leave nothing of it, unless it was kept."""
        if not self._ended:
            self._end()

    def _check(self) -> None:
        if self._ended:
            message = "this draft has ended"
            raise ValueError(message)

    def _end(self) -> None:
        self._ended = True
        self._blobs.drafts -= 1
        self._file.close()


class MemoryBlob:
    """``Blob``."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)

    async def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset`` on."""
        return self._content[offset : offset + length]

    async def close(self) -> None:
        """Nothing to let go of."""
