"""A process that must not outlive the one that started it."""

from __future__ import annotations

import signal
import sys
from typing import Final

_PDEATHSIG: Final = 1
"""Of Linux's prctl."""


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies, where the kernel can (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
