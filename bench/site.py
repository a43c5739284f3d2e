"""Equal nodes on one database: started, ended or killed, and started again where they were."""

from __future__ import annotations

import re
import signal
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.machine import cpu_seconds
from bench.servers import HOST, Server, free_port
from bench.stores import Stores


def server(data_dir: Path, port: int, database: str | None, **more: str) -> Server:
    """``workroom serve`` as delivered, but for what one machine cannot help, and for ``more``."""
    settings = {
        "WORKROOM_DATA_DIR": str(data_dir),
        "WORKROOM_PORT": str(port),
        "WORKROOM_PROJECT_PORT": str(port),
        "WORKROOM_WORKER": "0",
        "WORKROOM_LOG_LEVEL": "warning",
        **({} if database is None else {"WORKROOM_DATABASE": database}),
        **more,
    }
    return Server("workroom", [sys.executable, "-m", "workroom", "serve"], port, **settings)


class Site:
    """The nodes: one, or two when they have a bus."""

    def __init__(self, data_dir: Path, stores: Stores, stack: ExitStack, **more: str) -> None:
        """``stack`` ends what runs at last; ``more``: settings of every node."""
        self._data_dir = data_dir
        self._more = more
        self._stores = stores
        self._stack = stack
        self.ports = [free_port() for _ in range(1 if stores.redis is None else 2)]
        self._nodes: list[Server] = []

    def start(self) -> None:
        """All of them; they answer when it returns."""
        self._nodes = [self._started(port) for port in self.ports]
        for node in self._nodes:
            node.ready()

    def restart(self, at: int) -> float:
        """End one in good order, and start it again; how many seconds its end took.

        It answers when this returns. Raises RuntimeError when it did not end in good order.
        """
        begun = time.monotonic()
        if self._nodes[at].stop(signal.SIGTERM) != 0:
            message = "the server did not end in good order"
            raise RuntimeError(message)
        took = time.monotonic() - begun
        self.revive([at])
        return took

    def kill(self, which: Sequence[int]) -> None:
        """End these by ``kill -9``."""
        for at in which:
            self._nodes[at].stop(signal.SIGKILL)

    def revive(self, which: Sequence[int]) -> None:
        """Start these again; they answer when it returns."""
        for at in which:
            self._nodes[at] = self._started(self.ports[at])
        for at in which:
            self._nodes[at].ready()

    def cpu_seconds(self, which: Sequence[int] | None = None) -> float:
        """CPU time of these, their starts included; None: of all."""
        chosen = range(len(self._nodes)) if which is None else which
        return sum(cpu_seconds(self._nodes[at].pid) for at in chosen)

    def reads(self, which: Sequence[int]) -> Counter[str]:
        """How often these read from the database for those who come, by what they read."""
        found: Counter[str] = Counter()
        for at in which:
            address = f"http://{HOST}:{self.ports[at]}/metrics"
            with urllib.request.urlopen(address, timeout=20) as answer:
                text = answer.read().decode()
            for what, value in re.findall(r'workroom_reads_total\{what="(\w+)"\} (\S+)', text):
                found[what] += int(float(value))
        return found

    def _started(self, port: int) -> Server:
        redis = self._stores.redis
        bus = {} if redis is None else {"WORKROOM_REDIS": redis}
        return self._stack.enter_context(
            server(self._data_dir, port, self._stores.database, **bus, **self._more)
        )
