"""WebSockets straight on uvicorn's transports: RFC 6455, its limits, and nothing about rooms.

``protocol`` is the connection, ``handshake`` what comes before the 101, ``inbound`` the client's
bytes made into messages, ``pulse`` the one timer for all connections.
"""

from workroom.transports.websocket.limits import SocketLimits
from workroom.transports.websocket.protocol import RoomProtocol, websocket_factory
from workroom.transports.websocket.pulse import Pulse

__all__ = ["Pulse", "RoomProtocol", "SocketLimits", "websocket_factory"]
