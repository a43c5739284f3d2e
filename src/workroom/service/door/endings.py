"""How connections end: the stages of their life, and the close codes that say why."""

from __future__ import annotations

from enum import Enum
from typing import Final

from workroom.errors import NotAuthenticated, TooLarge, WorkroomError

BAD_TOKEN: Final = 4401
FORBIDDEN: Final = 4403
MISBEHAVED: Final = 1008
UPDATE_TOO_LARGE: Final = 4413
UPDATE_REFUSED: Final = 4422
TRY_LATER: Final = 1013
RESTARTING: Final = 1012


class Stage(Enum):
    """Where a connection is in its life."""

    AUTHENTICATING = "authenticating"
    OPEN = "open"
    LEAVING = "leaving"
    """We have closed, the client has not: what it sent before it knew is still carried out."""
    CLOSED = "closed"


def of_rejected(error: WorkroomError) -> int:
    """The code for a connection that was not let in."""
    return BAD_TOKEN if isinstance(error, NotAuthenticated) else TRY_LATER


def of_refused_update(error: WorkroomError) -> int:
    """The code for a replica whose update the room did not take."""
    return UPDATE_TOO_LARGE if isinstance(error, TooLarge) else UPDATE_REFUSED
