"""Files in a folder: ``<root>/<first two digits>/<key>``, drafts in ``<root>/drafts``.

The folder and all in it are for the owner's eyes only. Nothing of what a user sends becomes part of
a path: keys are random, and checked for their form.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from workroom.errors import Misconfigured, Unavailable
from workroom.ids import BlobKey

_KEY: Final = re.compile(r"[0-9a-f]{32}(\.preview)?")
_DRAFTS: Final = "drafts"
_THREADS: Final = 4

Result = TypeVar("Result")
Held = TypeVar("Held", bound="FolderDraft | FolderBlob | None")


class FolderBlobs:
    """``BlobStore`` in a folder; see the module's text and the port."""

    def __init__(self, root: Path) -> None:
        """Makes the folder if it is not there. Raises Misconfigured when it cannot be made."""
        self._root = root.absolute()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="blobs")
        try:
            self._make_folders()
        except OSError as error:
            message = f"cannot make the folder of uploaded files {self._root}: {error.strerror}"
            raise Misconfigured(message, field="WORKROOM_FILES_DIR") from error

    def path(self, key: BlobKey) -> Path:
        """Where the file of this key is, if it is kept. For programs on the same machine."""
        if not _KEY.fullmatch(key):
            message = "this is no key of a file"
            raise ValueError(message)
        return self._root / key[:2] / key

    async def draft(self) -> FolderDraft:
        """Begin a new file."""
        return await self._obtain(lambda: FolderDraft(self, self._root / _DRAFTS))

    async def open(self, key: BlobKey) -> FolderBlob | None:
        """A file that is kept."""
        return await self._obtain(lambda: self._open(key))

    async def delete(self, keys: Collection[BlobKey]) -> None:
        """Remove what is kept under these keys."""
        paths = [self.path(key) for key in keys]
        await self.run(lambda: _unlink(paths))

    async def kept_before(self, seconds: float) -> list[BlobKey]:
        """Keys of what has been kept for so long; gives up drafts of that age."""
        return await self.run(lambda: list(self._look_through(time.time() - seconds)))

    async def close(self) -> None:
        """Finish what was begun."""
        await asyncio.to_thread(self._threads.shutdown)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do something with the disk on a thread. Raises Unavailable for what the disk refuses."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except OSError as error:
            raise _unavailable(error) from error

    def _make_folders(self) -> None:
        """All of them now, and durably: a file must not be lost with the folder that it is in."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root.chmod(0o700)
        there = {path.name for path in self._root.iterdir()}
        missing = {_DRAFTS, *(f"{number:02x}" for number in range(256))} - there
        for name in missing:
            (self._root / name).mkdir(mode=0o700, exist_ok=True)
        if missing:
            _sync_folder(self._root)
            _sync_folder(self._root.parent)

    async def _obtain(self, make: Callable[[], Held]) -> Held:
        """Something that holds a descriptor; who gives up waiting for it leaves none open."""
        making = asyncio.ensure_future(self.run(make))
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            making.add_done_callback(_let_go)
            raise

    def _open(self, key: BlobKey) -> FolderBlob | None:
        try:
            descriptor = os.open(self.path(key), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        return FolderBlob(self, descriptor)

    def _look_through(self, before: float) -> Iterator[BlobKey]:
        for path in (self._root / _DRAFTS).iterdir():
            if _older(path, before):
                path.unlink(missing_ok=True)
        for path in self._root.glob("[0-9a-f][0-9a-f]/*"):
            if _KEY.fullmatch(path.name) and _older(path, before):
                yield BlobKey(path.name)


class FolderDraft:
    """``Draft`` in a folder. The lock keeps an end from overtaking a write that was given up."""

    def __init__(self, blobs: FolderBlobs, folder: Path) -> None:
        self._blobs = blobs
        self._path = folder / secrets.token_hex(16)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(self._path, flags, 0o600)
        self._lock = threading.Lock()
        self._ended = False
        self.size = 0

    async def write(self, piece: bytes) -> None:
        """Add to the end."""
        await self._blobs.run(lambda: self._write(piece))

    def fileno(self) -> int:
        """A descriptor from which another process can read."""
        return self._descriptor

    async def keep(self, key: BlobKey) -> None:
        """Make the file durable under a key."""
        path = self._blobs.path(key)
        await self._blobs.run(lambda: self._keep(path))

    async def discard(self) -> None:
        """Leave nothing of it, unless it was kept."""
        await asyncio.shield(self._blobs.run(self.let_go))

    def _write(self, piece: bytes) -> None:
        with self._lock:
            self._check()
            view = memoryview(piece)
            while view:
                done = os.pwrite(self._descriptor, view, self.size)
                self.size += done
                view = view[done:]

    def _keep(self, path: Path) -> None:
        with self._lock:
            self._check()
            os.fsync(self._descriptor)
            self._path.rename(path)
            _sync_folder(path.parent)
            self._end()

    def let_go(self) -> None:
        """As ``discard``, without waiting for a thread."""
        with self._lock:
            if not self._ended:
                self._end()
                self._path.unlink(missing_ok=True)

    def _check(self) -> None:
        if self._ended:
            message = "this draft has ended"
            raise ValueError(message)

    def _end(self) -> None:
        self._ended = True
        os.close(self._descriptor)


class FolderBlob:
    """``Blob`` in a folder."""

    def __init__(self, blobs: FolderBlobs, descriptor: int) -> None:
        self._blobs = blobs
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    async def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset`` on."""
        # A copy: the thread may still be reading when this one was given up and closed it.
        descriptor = os.dup(self._descriptor)
        return await self._blobs.run(lambda: _read(descriptor, offset, length))

    async def close(self) -> None:
        """Let go of it."""
        self.let_go()

    def let_go(self) -> None:
        """As ``close``."""
        os.close(self._descriptor)


def _let_go(made: asyncio.Future[Any]) -> None:
    if made.exception() is None and (held := made.result()) is not None:
        held.let_go()


def _read(descriptor: int, offset: int, length: int) -> bytes:
    try:
        return os.pread(descriptor, length, offset)
    finally:
        os.close(descriptor)


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _older(path: Path, before: float) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return path.lstat().st_mtime <= before
    return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unavailable(error: OSError) -> Unavailable:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unavailable("The disk is full: files cannot be stored now")
    return Unavailable("Files cannot be stored or read now")
