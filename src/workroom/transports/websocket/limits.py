"""What one connection may cost, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def _check(limits: DataclassInstance) -> None:
    for field in fields(limits):
        if field.name != "no_delay" and getattr(limits, field.name) <= 0:
            message = f"{field.name} must be above zero"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Limits of one WebSocket. Sizes in bytes, times in seconds.

    Raises ``ValueError`` when a limit makes no sense.
    """

    message_bytes: int = 1 << 20
    """A larger message is dropped and reported; the connection lives."""
    oversize_factor: int = 4
    """A message of more than this many times ``message_bytes`` closes the connection with 1009."""
    fragments: int = 1024
    """Fragments that any message may have, beside one for every ``bytes_per_fragment``."""
    bytes_per_fragment: int = 64
    message_seconds: float = 10.0
    """Time to finish a message that did not come in one piece, beside what its bytes earn it."""
    message_bytes_per_second: int = 32 << 10
    """The pace that a large message has to keep once ``message_seconds`` are over."""
    controls_per_second: float = 10.0
    control_burst: float = 20.0
    pong_cost: float = 0.02
    """Share of a control frame that a pong counts as: the rooms may ask for many, and a client
    that slept answers all of them at once."""
    ping_interval: float = 20.0
    pong_timeout: float = 20.0
    """Silence after a ping that ends the connection."""
    close_timeout: float = 3.0
    """How long the closing handshake may take before the connection is dropped."""
    goodbye_seconds: float = 8.0
    """When the server stops: time for the rooms to say goodbye before the transport does."""
    write_high_water: int = 64 << 10
    """Unsent bytes from which the peer counts as a slow reader."""
    notsent_lowat: int = 64 << 10
    """TCP_NOTSENT_LOWAT: without it the kernel hides megabytes that a slow reader did not take."""
    no_delay: bool = True
    timer_step: float = 0.5
    """Grain of all times here: nothing ends early, and at most two steps late."""

    def __post_init__(self) -> None:
        _check(self)

    @property
    def largest(self) -> int:
        """The size from which a message costs the connection."""
        return self.message_bytes * self.oversize_factor


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Limits of one HTTP connection. Sizes in bytes, times in seconds.

    Raises ``ValueError`` when a limit makes no sense.
    """

    head_seconds: float = 10.0
    """From the connection, or the first byte after the previous response, to the end of a head."""
    head_bytes: int = 32 << 10
    headers: int = 100
    body_seconds: float = 60.0
    """Time for a body, beside what its bytes earn it."""
    body_bytes_per_second: int = 64 << 10
    """The pace that a large body has to keep once ``body_seconds`` are over."""
    body_bytes: int = 32 << 20
    """Raw bytes of a request after its head, for any route; routes have their own limits."""
    stall_seconds: float = 60.0
    """How long a client may take nothing of a response that waits for it."""
    close_timeout: float = 3.0
    """How long the client may take to hang up once its last response has left."""
    goodbye_seconds: float = 4.0
    """When the server stops: time that a request may still take to arrive."""

    def __post_init__(self) -> None:
        _check(self)
