"""Which web pages may use this server.

Browsers say where a page comes from (``Origin``); programs say nothing, and are not concerned. No
cookie of ours exists, so this is a second lock: a page without somebody's token can do nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_THIS_MACHINE: Final = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.ASCII)
_SCHEMES: Final = ("http://", "https://")


class WebPages:
    """The origins that are let in, as ``https://app.example.org``, and ``*`` for any."""

    def __init__(self, named: Iterable[str] = (), *, of_this_machine: bool = False) -> None:
        """``of_this_machine``: let in pages at any port of this machine too.

        Only of those who reach the server by a name that means this machine. A front end is
        served by itself while it is being made, and its author should not have to know of this.
        """
        self._named = frozenset(origin.rstrip("/").lower() for origin in named)
        self._of_this_machine = of_this_machine

    @property
    def any_across(self) -> bool:
        """Whether there is an origin at all, besides that of the server, that is let in."""
        return bool(self._named) or self._of_this_machine

    def across(self, origin: str, host: str) -> bool:
        """Whether a page of ``origin`` may ask the server that it calls ``host``, another one."""
        origin = origin.lower()
        if "*" in self._named or origin in self._named:
            return True
        if not (self._of_this_machine and _THIS_MACHINE.fullmatch(host.lower())):
            return False
        return any(
            origin.startswith(scheme) and _THIS_MACHINE.fullmatch(origin.removeprefix(scheme))
            for scheme in _SCHEMES
        )

    def welcome(self, origin: str | None, host: str | None) -> bool:
        """Whether a WebSocket may be opened: by programs, by pages of ``host``, and ``across``."""
        if origin is None:
            return True
        host = host or ""
        if host and origin.lower() in {scheme + host.lower() for scheme in _SCHEMES}:
            return True
        return self.across(origin, host)
