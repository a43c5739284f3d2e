"""Why a file could not be analysed; each message is fit for the person who uploaded it.

``AnalysisError`` is the root. Its kinds: ``UnsupportedMedia``, ``DamagedMedia``, ``EmptyMedia``,
``MediaTooLarge``.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from workroom.errors import WorkroomError

DECODER_FAULTS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What decoders raise when they are fed nonsense. Not every ``Exception``: a time limit that
strikes while one is at work is not the file's fault, and has to be passed on."""


class AnalysisError(WorkroomError):
    """The file gives no result, now or later: trying again is of no use."""

    code = "analysis_failed"


class UnsupportedMedia(AnalysisError):
    """Not one of the formats that are read, told by the content and not by the name."""

    code = "unsupported_media"


class DamagedMedia(AnalysisError):
    """The file ends too early, or its content contradicts its header."""

    code = "damaged_media"


class EmptyMedia(AnalysisError):
    """A recording without a single sample."""

    code = "empty_media"


class MediaTooLarge(AnalysisError):
    """Over a limit; ``field`` is ``pixels``, ``scans``, ``seconds``, ``samples`` or ``memory``."""

    code = "media_too_large"
