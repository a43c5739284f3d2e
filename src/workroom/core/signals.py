"""What nodes tell each other of a room beside its log: who is there, and what passes by.

A room gives signals out as ``effects.Share``, and takes those of others in ``Room.heard``. They may
be lost, doubled and mixed up; a ``Roster`` now and then puts right what was.
"""

from __future__ import annotations

from workroom.core.awareness import ClientState
from workroom.core.people import User
from workroom.core.values import value
from workroom.ids import TaskId, UserId


@value
class Roster:
    """Everybody who is in the room through this node. ``watching``: some of them are editors."""

    users: tuple[User, ...]
    watching: bool = False


@value
class Arrived:
    """A user is in the room through this node."""

    user: User


@value
class Departed:
    """A user is not in the room through this node any longer, and no grace is due to them."""

    user_id: UserId


@value
class Typing:
    """A user began to type (and goes on), or stopped."""

    user: User
    typing: bool


@value
class Pointed:
    """A caret, in UTF-16 units of the text at the entry ``seq``."""

    user_id: UserId
    seq: int
    position: int
    selection_end: int | None


@value
class Shown:
    """What editors of this node show, as it was told to its own."""

    states: tuple[ClientState, ...]


@value
class Progressed:
    """How far a task is, as its worker says."""

    task_id: TaskId
    attempt: int
    percent: int
    message: str


Signal = Roster | Arrived | Departed | Typing | Pointed | Shown | Progressed
