"""Which dialect is spoken at a path, and which room a connection there is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from workroom.ids import MAX_ID, RoomId, essay_room
from workroom.protocol.dialect import Dialect
from workroom.protocol.essays import EssayDialect
from workroom.protocol.projects import ProjectDialect
from workroom.protocol.yjs import YjsDialect

_ESSAY: Final = re.compile(r"/ws/essays/([1-9][0-9]{0,15})/?")
_YJS: Final = re.compile(r"/yjs/essays/([1-9][0-9]{0,15})/?")
_PROJECTS: Final = frozenset({"/", "/ws/projects", "/ws/projects/"})


@dataclass(frozen=True, slots=True)
class Route:
    """What a path stands for. ``room`` is subscribed on connecting; None: the client joins some."""

    dialect: Dialect
    room: RoomId | None


class Registry:
    """All paths of the server where a WebSocket may be opened."""

    def __init__(self, essays: Dialect | None = None, projects: Dialect | None = None) -> None:
        """Speak these dialects; with the default limits unless given."""
        self.essays = essays or EssayDialect()
        self.projects = projects or ProjectDialect()
        self.yjs: Dialect = YjsDialect()

    def match(self, path: str) -> Route | None:
        """The route of a percent-decoded path without its query; None when there is none.

        An essay's number has one spelling: no leading zero, no sign, at most 2**53 - 1.
        """
        if path in _PROJECTS:
            return Route(self.projects, None)
        for dialect, pattern in ((self.essays, _ESSAY), (self.yjs, _YJS)):
            found = pattern.fullmatch(path)
            if found is not None and int(found[1]) <= MAX_ID:
                return Route(dialect, essay_room(int(found[1])))
        return None
