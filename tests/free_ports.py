"""Ports for servers that have to come back where they were, or are told apart by their address."""

from __future__ import annotations

import random
import socket
from typing import Final

LOWEST: Final = 10_000
HIGHEST: Final = 32_000
"""Below the ports that systems give to whoever asks for any: nobody gets one of ours by chance,
neither before its server has it nor while that is down."""

_chance = random.SystemRandom()


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    while True:
        port = _chance.randrange(LOWEST, HIGHEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
