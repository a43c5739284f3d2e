"""What pycrdt tells of a transaction, and what that says of the text."""

from __future__ import annotations

from typing import Any, Final

from workroom.core.text.change import Builder, Change

EMPTY_UPDATE: Final = b"\x00\x00"
"""The update that changes nothing."""


class Recorder:
    """What pycrdt tells during one transaction."""

    __slots__ = ("_wanted", "changed", "delta", "update")

    def __init__(self) -> None:
        self.start(local=False)

    def start(self, *, local: bool, wanted: bool = True) -> None:
        """Forget the last transaction. ``wanted``: the next one as an update."""
        self._wanted = wanted
        # An edit of our own that fails half way is not seen to have changed anything: assume it.
        self.changed = local
        self.delta: list[dict[str, Any]] = []
        self.update = EMPTY_UPDATE

    def text_changed(self, event: Any) -> None:
        """A peer's update changed the text: what it changed is wanted."""
        self.changed = True
        self.delta = event.delta

    def committed(self, event: Any) -> None:
        """Not called for an update that brought nothing new. Encoding it costs something."""
        if self._wanted:
            self.update = event.update


def observed(delta: list[dict[str, Any]], before: str) -> tuple[Change, int]:
    """The change that pycrdt observed, and by how many bytes the text grew.

    The delta counts bytes of the text ``before``. Raises ValueError when it puts other things than
    letters into the text.
    """
    build = Builder()
    reach = sum([part.get("retain", 0) + part.get("delete", 0) for part in delta])
    # A code point has one byte at least, so no more than ``reach`` of them are concerned.
    raw = None if before.isascii() else before[:reach].encode()
    at = offset = growth = 0
    for part in delta:
        inserted = part.get("insert")
        if inserted is not None:
            if not isinstance(inserted, str):
                raise ValueError("the update puts something else than letters into the text")
            build.insert(inserted)
            growth += len(inserted.encode())
            continue
        kept = "retain" in part
        size = part["retain" if kept else "delete"]
        count = size if raw is None else len(raw[offset : offset + size].decode())
        (build.keep if kept else build.delete)(count)
        growth -= 0 if kept else size
        offset += size
        at += count
    build.keep(len(before) - at)
    return build.change(), growth
