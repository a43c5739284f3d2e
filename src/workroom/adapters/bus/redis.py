"""The bus by a Redis or Valkey server: its publish/subscribe, and keys that run out as leases.

Two connections, of which neither is mended behind our backs: whatever breaks, both are made anew,
and ``reconnected`` says that messages may have been missed. The server is asked for a sign of life
every few seconds, so that one that is stopped, or a network that swallows everything, is noticed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from redis.asyncio.connection import Connection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from workroom.errors import Misconfigured, Unavailable
from workroom.observe import log_failure, logger
from workroom.ports.bus import Ear

CONNECT_WITHIN: Final = 3.0
"""Seconds until an attempt to connect is given up."""
ANSWER_WITHIN: Final = 2.0
"""Seconds within which the server answers, or counts as down."""
PING_EVERY: Final = 1.5
SILENCE: Final = 4.0
"""Seconds without anything from the server, or an answer to a ping, after which it is down."""
LONGEST_PAUSE: Final = 1.0
"""Seconds between two attempts to connect, at most."""
MOST_WAITING: Final = 10_000
"""Commands that wait for the server; more are dropped, as anything may be."""
AT_ONCE: Final = 500
"""Commands that are sent together."""
TURN: Final = 64
"""Messages that are taken in one turn of the loop."""
AGAIN: Final = 0.05
"""Seconds until what was cancelled, and goes on, is cancelled once more."""
LONGEST_REASON: Final = 200
DOWN: Final = "the bus cannot be reached"

log = logger("bus")


@dataclass(slots=True)
class _Command:
    """What is to be sent; ``answer`` None: nobody waits for it."""

    words: tuple[Any, ...]
    answer: asyncio.Future[Any] | None = None


class RedisBus:
    """One node's connection to the bus; see ``ports.bus.Bus``."""

    def __init__(self, url: str) -> None:
        """``url``: as of redis-py, ``redis://HOST:PORT/DB``. Raises Misconfigured."""
        try:
            self._pool = ConnectionPool.from_url(
                url,
                protocol=2,
                decode_responses=False,
                retry=Retry(NoBackoff(), 0),
                socket_connect_timeout=CONNECT_WITHIN,
                socket_timeout=ANSWER_WITHIN,
                health_check_interval=0,
            )
        except (ValueError, TypeError) as error:
            message = "must be redis://HOST:PORT/DB, rediss://… or unix:///PATH"
            raise Misconfigured(message, field="WORKROOM_REDIS") from error
        self._prefix = f"workroom:{self._pool.connection_kwargs.get('db', 0)}:"
        self._ear: Ear | None = None
        self._topics: set[str] = set()
        self._confirmations: dict[str, asyncio.Future[None]] = {}
        self._waiting: deque[_Command] = deque()
        self._wake = asyncio.Event()
        self._listener: Connection | None = None
        self._heard_at = 0.0
        self._up = False
        self._task: asyncio.Task[None] | None = None

    @property
    def alone(self) -> bool:
        """Others may be there."""
        return False

    @property
    def up(self) -> bool:
        """Both connections work, as far as is known."""
        return self._up

    async def open(self, ear: Ear) -> None:
        """Begin to listen; tries for a moment before it returns."""
        self._ear = ear
        self._task = asyncio.ensure_future(self._keep_up())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_WITHIN):
                while not self._up:  # noqa: ASYNC110 - at the start alone, and for seconds at most
                    await asyncio.sleep(0.01)

    # ---- what a node says -------------------------------------------------------------------

    async def subscribe(self, topic: str) -> None:
        """Hear this topic; returns when the server says so, or when it is down."""
        self._topics.add(topic)
        listener = self._listener
        if listener is None:
            return
        confirmed = self._confirmations.setdefault(
            topic, asyncio.get_running_loop().create_future()
        )
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await listener.send_command("SUBSCRIBE", self._prefix + topic, check_health=False)
                await asyncio.shield(confirmed)
        except Exception:  # noqa: BLE001 - whatever a connection says that breaks just now
            self._confirmations.pop(topic, None)  # the next connection begins with it

    def unsubscribe(self, topic: str) -> None:
        """Do not hear it any longer."""
        self._topics.discard(topic)
        self._confirmations.pop(topic, None)
        if self._listener is not None:
            task = asyncio.ensure_future(self._stop_hearing(topic))
            task.add_done_callback(_forget)

    async def _stop_hearing(self, topic: str) -> None:
        # Not when it was asked for again meanwhile: the server would take that back.
        if self._listener is not None and topic not in self._topics:
            await self._listener.send_command(
                "UNSUBSCRIBE", self._prefix + topic, check_health=False
            )

    def publish(self, topic: str, message: bytes) -> None:
        """Say something; what cannot be sent soon is dropped."""
        if self._up:
            self._put(_Command(("PUBLISH", self._prefix + topic, message)))

    def keep(self, topic: str, node: str, message: bytes, seconds: float) -> None:
        """Have something found; what cannot be sent soon is dropped."""
        if not self._up:
            return
        key, milliseconds = self._kept(topic, node), round(seconds * 1000)
        words = ("SET", key, message, "PX", milliseconds) if milliseconds else ("DEL", key)
        self._put(_Command(words))

    async def kept(
        self, topics: Sequence[str], nodes: Sequence[str]
    ) -> Mapping[str, Sequence[bytes]]:
        """What these nodes have to say of these topics."""
        asked = list(product(topics, nodes))
        found: dict[str, list[bytes]] = {}
        if asked:
            answers = await self._ask("MGET", *(self._kept(*each) for each in asked))
            for (topic, _), message in zip(asked, answers, strict=True):
                if message:
                    found.setdefault(topic, []).append(message)
        return found

    async def renew(self, node: str, seconds: float) -> None:
        """This node lives."""
        await self._ask("SET", self._lease(node), b"1", "PX", round(seconds * 1000))

    async def give_up(self, node: str) -> None:
        """This node ends."""
        await self._ask("DEL", self._lease(node))

    async def living(self, nodes: Collection[str]) -> frozenset[str]:
        """Those of these nodes that live."""
        asked = tuple(nodes)
        if not asked:
            return frozenset()
        found = await self._ask("MGET", *map(self._lease, asked))
        return frozenset(node for node, lease in zip(asked, found, strict=True) if lease)

    def _kept(self, topic: str, node: str) -> str:
        return f"{self._prefix}{topic}:{node}"

    def _lease(self, node: str) -> str:
        return f"workroom:node:{node}"

    async def _ask(self, *words: Any) -> Any:
        if not self._up:
            raise Unavailable(DOWN)
        command = _Command(words, asyncio.get_running_loop().create_future())
        self._put(command)
        assert command.answer is not None
        return await command.answer

    def _put(self, command: _Command) -> None:
        if len(self._waiting) >= MOST_WAITING:
            _fail(self._waiting.popleft())
        self._waiting.append(command)
        self._wake.set()

    # ---- the connections --------------------------------------------------------------------

    async def _keep_up(self) -> None:
        pause = 0.05
        told = False
        while True:
            try:
                await self._serve()
            except Exception as error:  # noqa: BLE001 - whatever it was: begin anew
                why = {"error": type(error).__name__, "reason": _reason(error)}
                if not _is_loss(error):
                    log_failure(log, "bus_failed", error)
                elif self._up:
                    log.warning("bus_lost", **why)
                    pause, told = 0.05, True
                elif not told:  # it was never there: perhaps the setting is wrong
                    log.warning("bus_not_reached", **why)
                    told = True
            finally:
                self._fell()
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _serve(self) -> None:
        """Connect, and carry messages both ways until something breaks; raises what broke."""
        listener, speaker = self._connection(), self._connection()
        try:
            for connection in (listener, speaker):
                await connection.connect()  # type: ignore[no-untyped-call]
            await self._subscribe_all(listener)
            self._heard_at = asyncio.get_running_loop().time()
            await self._speak_once(speaker, [_Command(("PING",))])
            self._up = True
            log.info("bus_reached")
            if self._ear is not None:
                self._ear.reconnected()
            await _first_of(self._listen(listener), self._watch(listener), self._speak(speaker))
        finally:
            for connection in (listener, speaker):
                with contextlib.suppress(Exception):
                    await connection.disconnect(nowait=True)

    def _connection(self) -> Connection:
        made: Connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        return made

    def _fell(self) -> None:
        self._up, self._listener = False, None
        for confirmed in self._confirmations.values():
            if not confirmed.done():
                confirmed.set_result(None)
        self._confirmations.clear()
        while self._waiting:
            _fail(self._waiting.popleft())

    async def _subscribe_all(self, listener: Connection) -> None:
        """Subscribe to every topic, also to those that are asked for meanwhile."""
        done: set[str] = set()
        while topics := self._topics - done:
            names = [self._prefix + topic for topic in topics]
            await listener.send_command("SUBSCRIBE", *names, check_health=False)
            for _ in names:
                await _answer(listener)
            done |= topics
        self._listener = listener

    async def _listen(self, listener: Connection) -> None:
        loop, taken = asyncio.get_running_loop(), 0
        while True:
            answer = await listener.read_response(timeout=float("inf"), disconnect_on_error=False)
            self._heard_at = loop.time()
            kind, channel, *rest = answer
            topic = channel.decode(errors="replace").removeprefix(self._prefix)
            if kind == b"message" and self._ear is not None:
                self._ear.heard(topic, rest[0])
            elif kind == b"subscribe" and (confirmed := self._confirmations.pop(topic, None)):
                confirmed.set_result(None)
            taken += 1
            if taken % TURN == 0:
                await asyncio.sleep(0)  # others want a turn as well, however much there is to read

    async def _watch(self, listener: Connection) -> None:
        """Raises TimeoutError when the server says nothing any more."""
        while True:
            await asyncio.sleep(PING_EVERY)
            if asyncio.get_running_loop().time() - self._heard_at > SILENCE:
                raise TimeoutError
            await listener.send_command("PING", check_health=False)

    async def _speak(self, speaker: Connection) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                count = min(len(self._waiting), AT_ONCE)
                await self._speak_once(speaker, [self._waiting.popleft() for _ in range(count)])

    async def _speak_once(self, speaker: Connection, commands: list[_Command]) -> None:
        """Send these together and hear the answers. Whoever waits hears of it in any case."""
        try:
            await speaker.send_packed_command(
                speaker.pack_commands([command.words for command in commands]), check_health=False
            )
            for command in commands:
                answer = await _answer(speaker)
                if command.answer is not None and not command.answer.done():
                    command.answer.set_result(answer)
        finally:
            for command in commands:
                _fail(command)

    async def close(self) -> None:
        """Say what was to be said, and let go."""
        if self._task is None:
            return
        with contextlib.suppress(Unavailable):
            await self._ask("PING")  # everything before it has been sent then
        self._ear = None
        await _end([self._task], 4 * AGAIN)  # it ends others itself, and needs its time for that
        self._task = None


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Carry these out until one of them ends, and raise what it raises."""
    tasks = [asyncio.ensure_future(work) for work in works]
    for task in tasks:
        task.add_done_callback(_forget)  # also when this one is cancelled while it ends them
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(tasks, AGAIN)
    for task in ended:
        task.result()


async def _end(tasks: Collection[asyncio.Task[None]], again: float) -> None:
    """Cancel these until they have ended, once more after so many seconds.

    Once is not enough: before Python 3.12 ``asyncio.wait_for``, with which the client sends,
    swallows a cancellation that comes together with what was waited for.
    """
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=again)


async def _answer(connection: Connection) -> Any:
    """The next answer. Raises TimeoutError.

    The client itself says None when it gives up waiting, and the answer that comes late would then
    be taken for that of the next command.
    """
    answer = await connection.read_response(timeout=ANSWER_WITHIN)
    if answer is None:  # none of the commands that are sent here is answered with nothing
        raise TimeoutError
    return answer


def _is_loss(error: Exception) -> bool:
    """Whether the server, or the way to it, is the reason."""
    if isinstance(error, RuntimeError):  # how uvloop says that the other end closed it meanwhile
        return "closed" in str(error)
    return isinstance(error, (RedisError, OSError, TimeoutError, EOFError))


def _reason(error: Exception) -> str:
    """What a server said, for whoever has to mend a setting; it never repeats a password."""
    return str(error)[:LONGEST_REASON]


def _fail(command: _Command) -> None:
    """Whoever still waits for this is told that it came to nothing."""
    if command.answer is not None and not command.answer.done():
        command.answer.set_exception(Unavailable(DOWN))


def _forget(task: asyncio.Task[None]) -> None:
    """What became of it does not matter, or is known: let it not be logged as never looked at."""
    if not task.cancelled():
        task.exception()
