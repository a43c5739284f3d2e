"""Making the file of a database."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from workroom.errors import Misconfigured


def make_private_file(path: Path) -> None:
    """An empty file, and the folders above it, for the owner's eyes only; unless it is there.

    A file that exists is not even opened: closing it would let go of the locks that SQLite may hold
    on it elsewhere in this process. Raises Misconfigured when it cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise Misconfigured(f"The database file {path} cannot be made: {error.strerror}") from error
