"""What connections find where they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from workroom.ports.clock import Clock
from workroom.service.accounts.accounts import Accounts, Authenticated
from workroom.service.door.admission import Admission
from workroom.service.door.manners import ConnectionRules
from workroom.service.hub import Hub

if TYPE_CHECKING:
    from workroom.service.door.connections import Connection


class Lobby(Protocol):
    """Where a connection comes in, and finds what all of them share (``gateway.Gateway``)."""

    hub: Hub
    accounts: Accounts
    clock: Clock
    rules: ConnectionRules
    admission: Admission
    max_message_bytes: int

    def enter(self, connection: Connection) -> bool:
        """An authenticated connection comes in; False when its user has too many already."""

    def renew(self, connection: Connection, who: Authenticated) -> None:
        """A connection goes on with a new token."""

    def exit(self, connection: Connection) -> None:
        """A socket has gone, whatever it had come to."""
