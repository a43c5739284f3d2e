"""How much one connection may ask, and how long its mistakes are borne with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GOLDEN: Final = 0.618033988749895
"""Its multiples, without their whole part, lie evenly between 0 and 1, however many they are."""
BYTES_A_MESSAGE: Final = 64 * 1024
"""A large message counts as several: one more for each so many bytes."""
RETURN_MARGIN: Final = 10.0
"""Seconds that the end of a server, and letting everybody in again, may take besides."""
LABORIOUS: Final = 0.02
"""Seconds of work for one binary message after which its sender is not read for a while."""
REST: Final = 50
"""How many times as long as the work took."""


@dataclass(slots=True)
class Bucket:
    """A token bucket: ``capacity`` at once, ``rate`` a second thereafter. Time is handed in."""

    rate: float
    capacity: float
    level: float
    at: float

    def take(self, tick: float, cost: float = 1.0) -> float:
        """Take ``cost`` (at most all of it); 0.0 when it was there, else seconds until it is."""
        cost = min(cost, self.capacity)
        self.level = min(self.capacity, self.level + (tick - self.at) * self.rate)
        self.at = tick
        if self.level >= cost:
            self.level -= cost
            return 0.0
        return (cost - self.level) / self.rate

    def overdraw(self, cost: float) -> None:
        """Take what ``take`` said is not there yet: it will be missing until then."""
        self.level -= min(cost, self.capacity)


@dataclass(frozen=True, slots=True)
class ConnectionRules:
    """Limits of one connection, and of all of them. The contract's defaults."""

    messages_per_second: float = 50.0
    message_burst: float = 100.0
    mistakes_per_second: float = 10.0
    mistake_burst: float = 300.0
    """A connection whose refused requests exceed these is closed (1008)."""
    connections_per_user: int = 20
    unauthenticated: int = 1000
    """Connections whose token is still being checked, over the whole node."""
    admissions_per_second: float = 1000.0
    admission_queue: int = 800
    """Connections that may wait for the check of their token; more are told when to come back."""
    waiting_messages: int = 64
    """Messages that may arrive while the token is being checked."""
    slow_reader_seconds: float = 30.0
    """A connection that reads nothing for so long is closed (1013: come back later)."""
    expiry_warning: int = 60
    """Seconds before the token's end at which ``token_expiring`` is sent."""
    shutdown_spread: float = 3.0
    """Seconds over which the closes are spread when the server stops."""
    shutdown_return: float = 2.0
    """Seconds after which clients are then advised to come back, on average."""

    def time_to_return(self, away: float) -> float:
        """Seconds after a restart in which everybody should be back; ``away``: how long it took.

        The first to be told waited for the spread as well, and as advised; and who knocked in vain
        waits, by the rules of our clients, for up to as long as they have waited already.
        """
        return RETURN_MARGIN + self.shutdown_spread + 1.5 * self.shutdown_return + away
