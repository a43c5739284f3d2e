"""What Workroom needs of a place for files: whole files under random keys, which never change.

The promise: what ``Draft.keep`` has returned from survives a crash of the process and of the
machine; what was not kept leaves nothing that anybody could read. Nothing here knows who may see a
file: whoever asks has checked that.

Every coroutine raises Unavailable when the place cannot be reached, or is full.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from workroom.ids import BlobKey


class Draft(Protocol):
    """A file that is being written. Ends with ``keep`` or ``discard``, once."""

    @property
    def size(self) -> int:
        """Bytes written so far."""

    async def write(self, piece: bytes) -> None:
        """Add to the end."""

    def fileno(self) -> int:
        """A descriptor from which another process can read all that was written.

        Good until the draft has ended; its position is nobody's: seek first.
        """

    async def keep(self, key: BlobKey) -> None:
        """Make the file durable under a key that no other has. It is there on return."""

    async def discard(self) -> None:
        """Leave nothing of it; also when it was kept or discarded before, which this undoes not."""


class Blob(Protocol):
    """A file that is kept, open for reading. Stays readable when it is deleted meanwhile."""

    @property
    def size(self) -> int:
        """Bytes."""

    async def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset`` on; fewer at the end only."""

    async def close(self) -> None:
        """Let go of it."""


class BlobStore(Protocol):
    """Where files are kept."""

    async def draft(self) -> Draft:
        """Begin a new file."""

    async def open(self, key: BlobKey) -> Blob | None:
        """A file that is kept; None when there is none under this key."""

    async def delete(self, keys: Collection[BlobKey]) -> None:
        """Remove what is kept under these keys; one that is not there does no harm."""

    async def kept_before(self, seconds: float) -> list[BlobKey]:
        """The keys of all files that have been kept for at least so long.

        Drafts that have not been written to for as long are given up on the way: their process
        has died.
        """
