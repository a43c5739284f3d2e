"""REST and WebSockets on one port: how uvicorn has to be set for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import uvicorn

from workroom.service.door.outlet import Door
from workroom.transports.http import http_protocol
from workroom.transports.websocket.limits import HttpLimits, SocketLimits
from workroom.transports.websocket.protocol import websocket_factory
from workroom.transports.websocket.pulse import Pulse


def server_config(
    app: Any,
    door: Door,
    *,
    sockets: SocketLimits | None = None,
    http: HttpLimits | None = None,
    trusted_proxies: Sequence[str] = (),
    **more: Any,
) -> uvicorn.Config:
    """How uvicorn has to be set for REST and WebSockets on one port.

    ``more`` goes to ``uvicorn.Config`` and wins. Raises ``ValueError`` for a bad proxy address.
    """
    sockets, http = sockets or SocketLimits(), http or HttpLimits()
    pulse = Pulse(sockets.timer_step)
    ws = websocket_factory(door, sockets, pulse=pulse, trusted_proxies=trusted_proxies)
    goodbye = max(
        sockets.goodbye_seconds + sockets.close_timeout, http.goodbye_seconds + http.close_timeout
    )
    settings: dict[str, Any] = {
        "http": http_protocol(http, pulse),
        "ws": ws,
        "proxy_headers": bool(trusted_proxies),
        "forwarded_allow_ips": list(trusted_proxies),
        "access_log": False,
        "server_header": False,
        "log_config": None,
        "backlog": 4096,
        # After it uvicorn cancels what is left. The transports are done by then.
        "timeout_graceful_shutdown": math.ceil(goodbye + 4 * sockets.timer_step) + 1,
    }
    return uvicorn.Config(app, **{**settings, **more})
