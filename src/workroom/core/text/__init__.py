"""The text of an essay: changes, what moves along them, and the Yjs document below.

Everything counts code points; ``units`` converts to the wire. ``ytext`` and ``standing`` alone
know pycrdt.
"""

from workroom.core.text.change import Change, Hunk, Side
from workroom.core.text.diff import diff
from workroom.core.text.highlights.highlight import Anchor, Highlight, attach
from workroom.core.text.highlights.highlight_set import HighlightSet, move, move_all
from workroom.core.text.merging.candidates import Candidate, grown
from workroom.core.text.merging.inference import Reader
from workroom.core.text.mirror import NOBODY, Mirror, Version
from workroom.core.text.rebase import Rebased, rebase, signed
from workroom.core.text.units import (
    clean_text,
    clean_with_carets,
    clean_with_cursor,
    from_utf16,
    to_utf16,
    to_utf16_many,
    utf16_length,
    word_count,
)
from workroom.core.text.yjs.meetings import edges, meetings
from workroom.core.text.yjs.mending import mending
from workroom.core.text.yjs.past import Past
from workroom.core.text.yjs.places import Element, Places
from workroom.core.text.yjs.seams import seams
from workroom.core.text.yjs.ytext import (
    EMPTY_UPDATE,
    TooLaborious,
    TooManyPieces,
    UpdateAhead,
    YText,
    assert_pycrdt_behaves,
    check_update,
)

__all__ = [
    "EMPTY_UPDATE",
    "NOBODY",
    "Anchor",
    "Candidate",
    "Change",
    "Element",
    "Highlight",
    "HighlightSet",
    "Hunk",
    "Mirror",
    "Past",
    "Places",
    "Reader",
    "Rebased",
    "Side",
    "TooLaborious",
    "TooManyPieces",
    "UpdateAhead",
    "Version",
    "YText",
    "assert_pycrdt_behaves",
    "attach",
    "check_update",
    "clean_text",
    "clean_with_carets",
    "clean_with_cursor",
    "diff",
    "edges",
    "from_utf16",
    "grown",
    "meetings",
    "mending",
    "move",
    "move_all",
    "rebase",
    "seams",
    "signed",
    "to_utf16",
    "to_utf16_many",
    "utf16_length",
    "word_count",
]
