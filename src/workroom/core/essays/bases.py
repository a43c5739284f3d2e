"""The version that a client says its text was written from (``base_seq``)."""

from __future__ import annotations

from typing import NoReturn

from workroom.core.commands import SaveText
from workroom.core.text import NOBODY, Candidate, Reader, clean_text
from workroom.errors import Conflict


def bases_named(save: SaveText, reader: Reader, newest: int) -> list[Candidate]:
    """The texts that a client can mean by the version that it names; none without one.

    ``newest`` is the room's last entry. Raises Conflict (``base_seq``) for a version that there is
    not, or that nobody remembers.
    """
    seq = save.base_seq
    if seq is None:
        return []
    require_past(seq, newest)
    if bases := reader.versions(seq):
        return bases
    if save.base_text is None:
        forgotten(seq)
    text = clean_text(save.base_text)
    return [Candidate(text, NOBODY * len(text), seq, number=-1, sent_at=float("-inf"))]


def require_past(seq: int | None, newest: int) -> None:
    """Raise Conflict (``base_seq``) for a version that there is not yet."""
    if seq is not None and seq > newest:
        message = f"there is no version {seq} yet, the newest is {newest}"
        raise Conflict(message, field="base_seq")


def forgotten(seq: int) -> NoReturn:
    """Raise Conflict (``base_seq``) for a version that nobody remembers."""
    message = f"version {seq} is too old to be merged; read the essay again"
    raise Conflict(message, field="base_seq")
