"""The version that a client says its text was written from (``base_seq``)."""

from __future__ import annotations

from workroom.core.commands import SaveText
from workroom.core.text import NOBODY, Candidate, Mirror, Reader, clean_text, grown
from workroom.errors import Conflict


def bases_named(save: SaveText, reader: Reader, newest: int) -> list[Candidate]:
    """The texts that a client can mean by the version that it names; none without one.

    ``newest`` is the room's last entry. Raises Conflict (``base_seq``) for a version that there is
    not, or that nobody remembers.
    """
    seq = save.base_seq
    if seq is None:
        return []
    if seq > newest:
        message = f"there is no version {seq} yet, the newest is {newest}"
        raise Conflict(message, field="base_seq")
    if bases := reader.versions(seq):
        return bases
    if save.base_text is None:
        message = f"version {seq} is too old to be merged; read the essay again"
        raise Conflict(message, field="base_seq")
    return [_long_ago(clean_text(save.base_text), seq, reader.mirror)]


def _long_ago(text: str, seq: int, head: Mirror) -> Candidate:
    """A version that the mirror has forgotten: what came of it is seen from the head alone."""
    bridge, bridge_authors = grown(text, head.text, head.authors)
    return Candidate(
        text=text,
        authors=NOBODY * len(text),
        seq=head.seq,
        number=-1,
        sent_at=float("-inf"),
        bridge=bridge,
        bridge_authors=bridge_authors,
        root=seq,
    )
