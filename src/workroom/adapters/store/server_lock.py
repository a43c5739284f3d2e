"""One server to one SQLite file: two would each decide for the same rooms, unseen by the other.

Several servers on one database need a bus to hear of each other, and PostgreSQL.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from workroom.errors import AlreadyServed, Misconfigured


@contextmanager
def sole_server(database: Path) -> Iterator[None]:
    """Hold the database against every other server, of this machine or on the same volume.

    The kernel lets go when the process ends, however that happens. The file beside the database
    stays, because one that is removed while another opens it would be locked by both.

    Raises AlreadyServed, and Misconfigured when the file system knows no locks.
    """
    path = database.resolve()
    path = path.with_name(f"{path.name}.lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unlockable(path, error) from error
    try:
        _lock(descriptor, database, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, database: Path, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # Empty for the moment between locking and writing.
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace") or "another"
        message = f"{database} is served already, by process {holder}"
        raise AlreadyServed(message) from None
    except OSError as error:
        raise _unlockable(path, error) from error
    with suppress(OSError):  # on a full disk, nobody learns who it is
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)


def _unlockable(path: Path, error: OSError) -> Misconfigured:
    return Misconfigured(f"{path} cannot be locked: {error.strerror}")
