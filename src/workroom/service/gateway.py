"""The door of the server: who may open a WebSocket, and every connection that is open."""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import Final
from urllib.parse import parse_qs

from workroom.ids import ConnectionId, SessionId, UserId
from workroom.observe import CONNECTIONS, REFUSALS, logger
from workroom.ports.clock import Clock
from workroom.protocol.dialect import SUBPROTOCOL, Form
from workroom.protocol.registry import Registry, Route
from workroom.service.accounts import Accounts, Authenticated
from workroom.service.admission import Admission
from workroom.service.connections import Connection
from workroom.service.hub import Hub
from workroom.service.manners import GOLDEN, ConnectionRules
from workroom.service.outlet import Accept, Handshake, Outlet, Peer, Reject
from workroom.service.web_pages import WebPages

_BEARER = "bearer."
GOODBYE_SECONDS: Final = 0.25
"""Between a goodbye and the close behind it: what is on its way to us may arrive."""
ELSEWHERE: Final = 0.2
"""Seconds after which clients had best come back, on average, when another node goes on serving:
time for a load balancer to notice."""
MOST_SPENT: Final = 10_000
"""Users remembered for having said a lot; all is forgiven within seconds."""

log = logger("gateway")


class Gateway:
    """Implements ``outlet.Door``. One per node; all methods run on the event loop's thread."""

    def __init__(
        self,
        hub: Hub,
        accounts: Accounts,
        registry: Registry,
        clock: Clock,
        rules: ConnectionRules,
        *,
        max_message_bytes: int,
        pages: WebPages,
        first_connection: int = 1,
    ) -> None:
        """``first_connection``: where their numbers begin; no two nodes may meet there."""
        self.hub = hub
        self.accounts = accounts
        self.clock = clock
        self.rules = rules
        self.max_message_bytes = max_message_bytes
        self.admission = Admission(clock, rules.admissions_per_second, rules.admission_queue)
        self._registry = registry
        self._pages = pages
        self._numbers = count(first_connection)
        self._unauthenticated: set[Connection] = set()
        self._open: set[Connection] = set()
        self._by_user: dict[UserId, set[Connection]] = {}
        self._by_session: dict[SessionId, set[Connection]] = {}
        self._spent: dict[UserId, tuple[float, float]] = {}
        """Users who left when they had said a lot: when, and what they could still have said."""
        self._stopping = self._refusing = False
        accounts.on_revoked(self._revoked)
        accounts.on_user_revoked(self.expel)

    # ---- the handshake ----------------------------------------------------------------------

    def answer(self, handshake: Handshake) -> Accept | Reject:
        """Decide before the 101; the token is checked after it, so that a browser can read why."""
        if self._refusing:
            return self._turn_away(503, "unavailable", "the server is restarting", 2)
        route = self._registry.match(handshake.path)
        if route is None:
            return self._turn_away(404, "not_found", "there is no WebSocket at this path")
        if not self._pages.welcome(handshake.origin, handshake.host):
            return self._turn_away(403, "origin_not_allowed", "this Origin may not connect here")
        if len(self._unauthenticated) >= self.rules.unauthenticated:
            return self._turn_away(503, "rate_limited", "too many connections are arriving", 1)
        if _only_bearer(handshake):
            message = f"offer the subprotocol {SUBPROTOCOL} beside the one with the token"
            return self._turn_away(400, "invalid_handshake", message)
        form = Form.EXTENDED if SUBPROTOCOL in handshake.subprotocols else Form.PLAIN
        token = _token_of(handshake)
        chosen = SUBPROTOCOL if form is Form.EXTENDED else None
        return Accept(chosen, lambda outlet: self._opened(outlet, route, form, token))

    def _turn_away(
        self, status: int, code: str, message: str, retry_after: int | None = None
    ) -> Reject:
        REFUSALS.labels("handshake", code).inc()
        return Reject(status, code, message, retry_after)

    def _opened(self, outlet: Outlet, route: Route, form: Form, token: str | None) -> Peer:
        connection = Connection(
            self, ConnectionId(next(self._numbers)), outlet, route.dialect, form, route.room
        )
        self._unauthenticated.add(connection)
        CONNECTIONS.labels(connection.dialect_name).inc()
        connection.authenticate(token)
        return connection

    # ---- the connections --------------------------------------------------------------------

    def enter(self, connection: Connection) -> bool:
        """An authenticated connection comes in; False when its user has too many already."""
        self._unauthenticated.discard(connection)
        of_user = self._by_user.setdefault(connection.user_id, set())
        if len(of_user) >= self.rules.connections_per_user:
            return False
        of_user.add(connection)
        if (level := self._left_to_say(connection.user_id)) is not None:
            connection.inherit(level)
        self._open.add(connection)
        if connection.session is not None:
            self._by_session.setdefault(connection.session, set()).add(connection)
        self.hub.replies.enter(connection)
        return True

    def renew(self, connection: Connection, who: Authenticated) -> None:
        """A connection goes on with a new token."""
        self._forget_session(connection)
        connection.user, connection.session, connection.expires = who.user, who.session, who.expires
        if who.session is not None:
            self._by_session.setdefault(who.session, set()).add(connection)

    def exit(self, connection: Connection) -> None:
        """A socket has gone, whatever it had come to."""
        CONNECTIONS.labels(connection.dialect_name).dec()
        self._unauthenticated.discard(connection)
        if connection not in self._open:
            return
        self._open.discard(connection)
        self._forget_session(connection)
        self._remember(connection)
        of_user = self._by_user[connection.user_id]
        of_user.discard(connection)
        if not of_user:
            del self._by_user[connection.user_id]
        self.hub.replies.exit(connection.id)

    def _left_to_say(self, user: UserId) -> float | None:
        """None when all is forgiven."""
        at, level = self._spent.get(user, (0.0, self.rules.message_burst))
        level += (self.clock.now().tick - at) * self.rules.messages_per_second
        if level < self.rules.message_burst:
            return level
        self._spent.pop(user, None)
        return None

    def _remember(self, connection: Connection) -> None:
        """A user who hangs up and comes back must not be better off than one who stays."""
        level, user = connection.left_to_say, connection.user_id
        if level < self.rules.message_burst / 2:
            known = self._left_to_say(user)
            level = level if known is None else min(level, known)
            self._spent[user] = (self.clock.now().tick, level)
        if len(self._spent) > MOST_SPENT:
            for spender in tuple(self._spent):
                self._left_to_say(spender)

    def _forget_session(self, connection: Connection) -> None:
        session = connection.session
        of_session = self._by_session.get(session) if session is not None else None
        if session is not None and of_session is not None:
            of_session.discard(connection)
            if not of_session:
                del self._by_session[session]

    def _revoked(self, session: SessionId) -> None:
        for connection in tuple(self._by_session.get(session, ())):
            connection.expelled()

    def expel(self, user_id: UserId) -> None:
        """End every connection of a user."""
        for connection in tuple(self._by_user.get(user_id, ())):
            connection.expelled()

    def users(self) -> tuple[UserId, ...]:
        """Everybody who is connected."""
        return tuple(self._by_user)

    # ---- the end ----------------------------------------------------------------------------

    def give_notice(self) -> None:
        """The server will stop soon: send nobody here any more."""
        self._stopping = True

    @property
    def stopping(self) -> bool:
        """The server is about to end, and should be left alone."""
        return self._stopping

    @property
    def refusing(self) -> bool:
        """The server is ending: nothing new is begun."""
        return self._refusing

    def shut(self) -> None:
        """The server is stopping: refuse every new handshake, say goodbye to everybody.

        The closes are spread over ``rules.shutdown_spread`` seconds, and so is the advice when to
        come back, so that the clients do not all come back in the same moment. Whoever heeds the
        goodbye has its answers to all that it sent before; the close comes a moment later.
        """
        if self._refusing:
            return
        self._stopping = self._refusing = True
        self.hub.attendance.hold(host.room for host in self.hub.hosts())
        if self.hub.neighbours is not None:
            self.hub.neighbours.leave()
        leaving = [*self._unauthenticated, *self._open]
        tick = self.clock.now().tick
        for number, connection in enumerate(leaving):
            at = tick + self.rules.shutdown_spread * number / len(leaving)
            self.clock.call_at(at, partial(self._say_goodbye, connection, number))
            self.clock.call_at(at + GOODBYE_SECONDS, connection.leave)

    def hurry(self) -> None:
        """Close what is still open at once."""
        for number, connection in enumerate([*self._unauthenticated, *self._open]):
            self._say_goodbye(connection, number)
            connection.leave()

    def _say_goodbye(self, connection: Connection, number: int) -> None:
        """With advice when to come back: spread evenly, half either way.

        Whether another node is there is looked at for each: the others may end meanwhile.
        """
        seconds, neighbours = self.rules.shutdown_return, self.hub.neighbours
        if neighbours is not None and neighbours.accompanied:
            seconds = min(seconds, ELSEWHERE)
        connection.say_goodbye(seconds * (0.5 + number * GOLDEN % 1.0))

    @property
    def connections(self) -> int:
        """How many sockets there are."""
        return len(self._open) + len(self._unauthenticated)


def _only_bearer(handshake: Handshake) -> bool:
    """Nothing could be chosen without sending the token back, and browsers insist on a choice."""
    offered = handshake.subprotocols
    return SUBPROTOCOL not in offered and any(name.startswith(_BEARER) for name in offered)


def _token_of(handshake: Handshake) -> str | None:
    """The token, from the query or from the subprotocol pair; None when there is none."""
    for offered in handshake.subprotocols:
        if offered.startswith(_BEARER):
            return offered[len(_BEARER) :]
    try:
        values = parse_qs(handshake.query, max_num_fields=50).get("token")
    except ValueError:
        return None
    return values[0] if values else None
