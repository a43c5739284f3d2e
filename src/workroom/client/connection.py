"""The life of one connection, as decisions: no socket, no clock, no chance of its own.

idle ── start ──▶ asking ── token ──▶ connecting ── opened ──▶ open
                    ▲ no token │          │ closed           │ closed
                    │          ▼          ▼                  │
                    └────────── waiting ◀────────────────────┤
                                                             └──▶ stopped
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from workroom.client.backoff import LONGEST_WAIT, Advice, advice, backoff
from workroom.client.effects import AskToken, Drop, Effect, Open, Send, Timer
from workroom.client.errors import Problem
from workroom.client.wire import Dialect, Incoming, News, Refusal

SILENCE: Final = 30.0
"""Seconds of silence after which a connection is asked whether it still lives."""
ANSWER: Final = 10.0
"""Seconds in which something has to come after something was asked."""
FORBIDDEN: Final = 4403
TRY_LATER: Final = frozenset({408, 425, 429})
"""HTTP statuses below 500 after which the same handshake may succeed."""


class Phase(Enum):
    """Where a connection is in its life."""

    IDLE = auto()
    ASKING = auto()
    CONNECTING = auto()
    OPEN = auto()
    WAITING = auto()
    STOPPED = auto()


class Connection:
    """Decides what becomes of one connection; ``effects`` collects what is to be done.

    ``chance`` is a number from 0 to 1, drawn anew for each call.
    """

    def __init__(self, dialect: Dialect, effects: list[Effect]) -> None:
        self._dialect = dialect
        self._effects = effects
        self.phase = Phase.IDLE
        self.problem: Problem | None = None
        """Why it has stopped for good."""
        self.wait = 0.0
        """Seconds that the present (or last) wait between two attempts takes."""
        self._away = 0.0
        """Seconds waited since anything useful came, over all connections that ended."""
        self._token: str | None = None
        self._bad_token: str | None = None
        """The one that the server did not accept."""
        self._expecting = False
        """Whether an answer is being waited for."""
        self._stay_away = 0.0
        """Seconds that the server asked us to stay away."""

    def start(self) -> None:
        """Somebody wants the connection."""
        if self.phase is Phase.IDLE:
            self._connect()

    def token(self, value: str) -> None:
        """The program gave a token."""
        self._token = value
        if self.phase is Phase.OPEN:
            self._send_refresh(value)
        elif self.phase is Phase.ASKING and value != self._bad_token:
            self._connect()
        elif self.phase is Phase.ASKING:
            self._stop(Problem("no_token", "the token was refused"))

    def no_token(self, chance: float) -> None:
        """The program could not give a token now."""
        if self.phase is Phase.ASKING:
            self._wait(chance)

    def opened(self) -> None:
        """The socket is open."""
        self.phase, self._expecting = Phase.OPEN, True
        self._silence(ANSWER)

    def sent(self) -> None:
        """Something was sent that will be answered."""
        if self.phase is Phase.OPEN and not self._expecting:
            self._expecting = True
            self._silence(ANSWER)

    def heard(self, message: Incoming) -> None:
        """A message came."""
        if self.phase is not Phase.OPEN:
            return
        self._expecting = False
        self._silence(SILENCE)
        match message:
            case Refusal(problem=why, last=True):
                self._stay_away = why.retry_after or 0.0
            case Refusal():
                pass
            case News(type="token_expiring"):
                self._effects.append(AskToken())
                self._away, self._bad_token = 0.0, None
            case _:
                self._away, self._bad_token = 0.0, None

    def timer(self, name: str, chance: float) -> None:
        """A timer that was asked for has run out."""
        if name == "retry" and self.phase is Phase.WAITING:
            self._connect()
        elif name == "silence" and self.phase is Phase.OPEN and not self._expecting:
            self._expecting = True
            self._send_refresh(self._token or "")
            self._silence(ANSWER)
        elif name == "silence" and self.phase in {Phase.OPEN, Phase.CONNECTING}:
            # The socket may still believe that it is open, or will be; we do not.
            self._effects.append(Drop())
            self._wait(chance)

    def closed(self, code: int, reason: str, chance: float) -> None:
        """The socket has closed, or could not be opened."""
        if self.phase not in {Phase.OPEN, Phase.CONNECTING}:
            return
        match advice(code):
            case Advice.RENEW:
                self._renew(chance)
            case Advice.STOP:
                kind = "permission_denied" if code == FORBIDDEN else "connection_refused"
                self._stop(Problem(kind, f"closed by the server: {code} {reason}".rstrip()))
            case Advice.PAUSE:
                self._stay_away += LONGEST_WAIT
                self._wait(chance)
            case Advice.RETRY:
                self._wait(chance)

    def refused(self, status: int, retry_after: float | None, chance: float) -> None:
        """The handshake was answered by plain HTTP, and not with a WebSocket."""
        if self.phase is not Phase.CONNECTING:
            return
        if status < 500 and status not in TRY_LATER:
            message = f"the server refused the connection: HTTP status {status}"
            self._stop(Problem("connection_refused", message))
            return
        self._stay_away = retry_after or 0.0
        self._wait(chance)

    def stop(self, why: Problem) -> None:
        """The program has closed it."""
        if self.phase is not Phase.STOPPED:
            self._effects.append(Drop())
            self._stop(why)

    def _connect(self) -> None:
        self._stay_away = 0.0
        if self._token is None:
            self.phase = Phase.ASKING
            self._effects.append(AskToken())
            return
        self.phase = Phase.CONNECTING
        self._effects.append(Open(self._token))
        self._silence(ANSWER)

    def _renew(self, chance: float) -> None:
        """The token was not accepted, or ended. A second one that is refused waits its turn."""
        first = self._bad_token is None
        self._token, self._bad_token = None, self._token
        if first:
            self._connect()
        else:
            self._wait(chance)

    def _wait(self, chance: float) -> None:
        self.wait = self._stay_away + backoff(self._away, chance)
        self._away += self.wait
        self._expecting = False
        self.phase = Phase.WAITING
        self._effects.append(Timer(None, "retry", self.wait))

    def _stop(self, why: Problem) -> None:
        self.phase, self.problem = Phase.STOPPED, why

    def _send_refresh(self, token: str) -> None:
        """To go on with another token, or to see whether anybody answers."""
        self._effects.append(Send(self._dialect.refresh(token)))

    def _silence(self, seconds: float) -> None:
        self._effects.append(Timer(None, "silence", seconds))
