"""The composition root: the only place that reads the settings and builds things."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, nullcontext, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workroom import wiring
from workroom.adapters.attendance import leave_note, take_note
from workroom.adapters.auth.jwt import JwtIssuer, JwtVerifier
from workroom.adapters.auth.keys import TASK_TOKEN_KEPT_IN, load_secret
from workroom.adapters.auth.passwords import Argon2Hasher
from workroom.adapters.blobs import FolderBlobs
from workroom.adapters.clock import LoopClock
from workroom.adapters.queue.celery_queue import CeleryQueue
from workroom.adapters.queue.embedded import Broker, Crew, WorkerRules, broker_program
from workroom.adapters.store.choice import make_store
from workroom.adapters.store.server_lock import sole_server
from workroom.adapters.store.sql_store import SqlStore
from workroom.config import Settings
from workroom.core.text import assert_pycrdt_behaves
from workroom.errors import Misconfigured, WorkroomError
from workroom.ids import MAX_ID, BlobKey
from workroom.observe import LOOP_LAG_SECONDS, logger
from workroom.ports.clock import Clock
from workroom.protocol.essays import EssayDialect
from workroom.protocol.projects import ProjectDialect
from workroom.protocol.registry import Registry
from workroom.service.accounts.accounts import Accounts
from workroom.service.accounts.throttle import NewcomerThrottle
from workroom.service.collector import Collector
from workroom.service.door.gateway import Gateway
from workroom.service.drain import drain
from workroom.service.hub import Hub
from workroom.service.library.canvases import Canvases
from workroom.service.library.library import Library
from workroom.service.nodes.bulletins import Scribe
from workroom.service.rooms.receipts import ALONE, Receipts
from workroom.service.tasks.desk import TaskDesk
from workroom.service.tasks.tasks import Tasks
from workroom.service.tasks.watchdog import Watchdog
from workroom.tasks.types import known_types

if TYPE_CHECKING:
    from workroom.adapters.auth.jwks import Jwks
    from workroom.transports.page import Visitors
    from workroom.transports.server import DrainingServer

TRANSPORTS: Final = ("page", "rest.gate", "server", "websocket.serving")
"""What a server needs and no other command does."""
LAG_EVERY: Final = 0.5
"""Seconds between two looks at how late the event loop is."""
HOUSEKEEPING_EVERY: Final = 60.0
SWEEP_EVERY: Final = 3600.0
LARGEST_BODY: Final = 32 * 1024 * 1024
"""Bytes of a request, for any route, however small the limit of files is."""
AROUND_A_FORM: Final = 1024 * 1024
"""Bytes of a request besides the file in it, before the connection is given up."""
LEARN_EVERY: Final = 2.0
"""Seconds within which a log-out made by another process (the command line) is noticed."""
CONNECTION_IDS: Final = 2**40
"""Each node numbers its connections from anywhere below this; editors see them by these numbers."""
ANSWER_SECONDS: Final = 4.0
"""How long REST may still take to answer, once the server stops."""
REMEMBER_ANSWERS: Final = 25 * 3600
"""Seconds for which the answer to a request is kept: more than the 24 hours that are promised."""

log = logger("app")


@dataclass(frozen=True, slots=True)
class Work:
    """What carries tasks out, and is told of it."""

    tasks: Tasks
    desk: TaskDesk
    token: bytes = field(repr=False)
    queue: CeleryQueue | None
    broker: Broker | None
    """Where the private broker listens, unless there is none."""

    async def close(self) -> None:
        """Let go of the broker."""
        if self.queue is not None:
            await self.queue.close()
        if self.broker is not None:
            self.broker.remove()


@dataclass(frozen=True, slots=True)
class App:
    """Everything that a server, or a command on its data, needs."""

    settings: Settings
    clock: Clock
    store: SqlStore
    blobs: FolderBlobs
    accounts: Accounts
    hub: Hub
    library: Library
    gateway: Gateway
    work: Work
    keys: Jwks | None = None
    """The keys of an identity service, where they are fetched."""

    async def close(self) -> None:
        """Let go of everything; what was accepted is stored."""
        await self.work.close()
        if self.hub.receipts is not None:
            await self.hub.receipts.close()
        await self.hub.stop()
        if self.keys is not None:
            await self.keys.close()
        await self.blobs.close()
        await self.store.close()


async def open_app(settings: Settings) -> App:
    """Build the application on its data.

    Raises Misconfigured for settings that cannot be, Unavailable for a store that cannot be used.
    """
    assert_pycrdt_behaves()
    clock = LoopClock(asyncio.get_running_loop())
    async with AsyncExitStack() as undo:
        store = await _open_store(settings)
        undo.push_async_callback(store.close)
        blobs = FolderBlobs(settings.files_path)
        undo.push_async_callback(blobs.close)
        keys = await _open_keys(settings, clock)
        secret = wiring.secret(settings)
        accounts = await _open_accounts(settings, store, clock, keys, secret)
        registry = Registry(
            EssayDialect(max_rooms=settings.max_essays_per_connection),
            ProjectDialect(max_rooms=settings.max_projects_per_connection),
        )
        hub = Hub(store, clock, wiring.room_rules(settings), _new_client_id, store.users)
        neighbours = hub.meet(wiring.new_node(), wiring.bus(settings), Scribe(secret))
        neighbours.log_ins = accounts
        accounts.on_ended_here(neighbours.ended)
        undo.push_async_callback(hub.stop)
        await hub.start()
        canvases = Canvases(
            hub, blobs, wiring.inspector(settings), _new_key, wiring.upload_rules(settings)
        )
        work = _open_work(settings, hub, store, blobs)
        node = ALONE if neighbours.alone else neighbours.node
        hub.receipts = Receipts(store, clock, hub.send, node)
        newcomers = NewcomerThrottle(settings.newcomers_per_minute)
        library = Library(hub, store, accounts, _new_client_id, canvases, work.tasks, newcomers)
        gateway = Gateway(
            hub,
            accounts,
            registry,
            clock,
            wiring.connection_rules(settings),
            max_message_bytes=settings.max_message,
            pages=wiring.web_pages(settings),
            first_connection=secrets.randbelow(CONNECTION_IDS) + 1,
        )
        undo.pop_all()
    return App(settings, clock, store, blobs, accounts, hub, library, gateway, work, keys)


async def serve(
    settings: Settings,
    *,
    prepare: Callable[[App], Awaitable[None]] | None = None,
    announce: Callable[[App, Sequence[tuple[str, int]]], Awaitable[None]] | None = None,
    visitors: Callable[[App], Awaitable[Visitors | None]] | None = None,
) -> None:
    """Open the application and serve it on both ports until SIGINT or SIGTERM.

    ``prepare`` runs before the ports are opened, then ``visitors`` (whom one may be on the page by
    one click), ``announce`` (with the addresses) when requests are answered. Raises as
    ``open_app``, AlreadyServed when another server has the SQLite file, and Misconfigured when a
    port cannot be had.
    """
    _import_transports()
    path = settings.database_path
    with nullcontext() if path is None else sole_server(path):  # before anything is changed there
        app = await open_app(settings)
        try:
            if prepare is not None:
                await prepare(app)
            await _serve(app, announce, await visitors(app) if visitors is not None else None)
        finally:
            await app.close()


def _import_transports() -> None:
    """Before anything is opened: on a cold disk it takes seconds, for which the loop stands still.

    A node that is on the bus by then would be taken for dead. Commands that only look at the data
    do without.
    """
    for name in TRANSPORTS:
        import_module(f"workroom.transports.{name}")


async def _serve(
    app: App,
    announce: Callable[[App, Sequence[tuple[str, int]]], Awaitable[None]] | None,
    visitors: Visitors | None,
) -> None:
    from workroom.transports.server import listen

    settings = app.settings
    crew: Crew | None = None
    ending: list[asyncio.Future[None]] = []

    def shutting() -> None:
        if crew is not None:  # it takes its time as well: beside the goodbyes, not after them
            ending.append(asyncio.ensure_future(crew.stop()))

    server = _server(app, visitors, shutting)
    # Not before it can answer: after a crash thousands knock, and whoever gets in line now and
    # gives up while it starts is work for nothing.
    ports = settings.port, settings.project_port
    sockets = listen(settings.host, *ports, shared=settings.workers > 1)
    if app.hub.neighbours is None or app.hub.neighbours.alone:
        present, away = take_note(settings.data_dir, app.clock.now().wall)
        app.hub.attendance.expect(present, app.gateway.rules.time_to_return(away))
    chores = [
        asyncio.ensure_future(_watch_lag(app.clock)),
        asyncio.ensure_future(_keep_house(app)),
        asyncio.ensure_future(_learn_of_log_outs(app)),
        asyncio.ensure_future(_sweep_files(app)),
    ]
    collector = _tune_interpreter(app.clock)
    if app.work.queue is not None:
        chores.append(asyncio.ensure_future(_watch_tasks(app, app.work.queue)))
        chores.append(asyncio.ensure_future(app.work.tasks.turns.run()))
    serving = asyncio.ensure_future(server.serve(sockets=sockets))
    try:
        await server.up(serving)
        addresses = [(settings.host, sock.getsockname()[1]) for sock in sockets]
        crew = _crew(app, addresses[0])
        log.info("listening", host=settings.host, ports=[port for _, port in addresses])
        if announce is not None:
            await announce(app, addresses)
        await serving
    finally:
        for sock in sockets:
            sock.close()
        await _hand_over(app)
        for chore in chores:
            chore.cancel()
        await asyncio.wait(chores)  # what they use is closed next
        collector.stop()
        await asyncio.gather(*ending)
        if crew is not None:
            await crew.stop()


def _tune_interpreter(clock: Clock) -> Collector:
    # Threads that hash and commit hand the interpreter over more often, so that the loop never
    # waits 5 ms for it (the default interval) in the middle of a fan-out.
    sys.setswitchinterval(0.0005)
    collector = Collector(clock, time.thread_time)
    collector.start()
    return collector


async def _hand_over(app: App) -> None:
    """Have everything stored that was asked, and leave word of who was here."""
    await drain(app.hub, app.clock)
    neighbours = app.hub.neighbours
    if app.gateway.refusing and (neighbours is None or neighbours.alone):
        present = app.hub.attendance.present(host.room for host in app.hub.hosts())
        leave_note(app.settings.data_dir, present, app.clock.now().wall)


def _server(app: App, visitors: Visitors | None, shutting: Callable[[], None]) -> DrainingServer:
    from workroom.transports.page import Page, PageSettings
    from workroom.transports.rest import Readiness, RestSettings, create_api
    from workroom.transports.rest.gate import Workers
    from workroom.transports.server import DrainingServer, Ending
    from workroom.transports.websocket.limits import HttpLimits, SocketLimits
    from workroom.transports.websocket.serving import server_config

    settings, gateway = app.settings, app.gateway
    readiness = Readiness(
        {"database": app.store.check},
        notes=lambda: _notes(app),
        stopping=lambda: gateway.stopping,
        refusing=lambda: gateway.refusing,
    )

    def hurrying() -> None:
        readiness.deadlines.hurry(ANSWER_SECONDS)
        shutting()

    limits = SocketLimits(
        message_bytes=settings.max_message,
        ping_interval=settings.ping_interval,
        pong_timeout=settings.ping_timeout,
        goodbye_seconds=settings.shutdown_spread + 2.0,
    )
    rest = RestSettings(
        wiring.web_pages(settings), settings.hsts_seconds, max_upload=settings.max_upload
    )
    workers = Workers(app.work.desk, app.work.token)
    api = create_api(app.library, app.accounts, readiness, rest, workers)
    config = server_config(
        Page(api, PageSettings(visitors=visitors, hsts_seconds=settings.hsts_seconds)),
        app.gateway,
        sockets=limits,
        http=HttpLimits(
            head_seconds=settings.handshake_timeout,
            body_bytes=max(LARGEST_BODY, settings.max_upload + AROUND_A_FORM),
        ),
        trusted_proxies=settings.trusted_proxies,
        loop="none",
        lifespan="off",
        timeout_graceful_shutdown=None,  # the server's own deadline waits for a loop that is late
    )
    config.load()
    ending = Ending(settings.shutdown_notice, settings.shutdown_spread)
    return DrainingServer(config, gateway, ending, hurrying)


def _notes(app: App) -> dict[str, str]:
    """A bus that is down is no reason to turn people away: all nodes would at once."""
    neighbours = app.hub.neighbours
    return {} if neighbours is None or neighbours.alone else {"bus": neighbours.bus}


# ---- parts -------------------------------------------------------------------------------------


async def _open_store(settings: Settings) -> SqlStore:
    store = make_store(
        settings.database_path,
        settings.database_url,
        settings.database_name,
        connections=settings.database_connections,
    )
    await store.open()
    return store


async def _open_accounts(
    settings: Settings, store: SqlStore, clock: Clock, keys: Jwks | None, secret: bytes
) -> Accounts:
    verifier = JwtVerifier(
        clock,
        secret=secret,
        public_key=wiring.identity_key(settings),
        jwks=keys,
        audience=settings.auth_audience,
        issuer=settings.auth_issuer,
        leeway=settings.auth_leeway,
    )
    accounts = Accounts(
        store,
        verifier,
        JwtIssuer(secret, clock),
        Argon2Hasher(),
        clock,
        access_lifetime=settings.access_lifetime,
        refresh_lifetime=settings.refresh_lifetime,
        provision=settings.auth_provision,
        login_attempts=settings.login_attempts,
    )
    await accounts.load()
    return accounts


def _open_work(settings: Settings, hub: Hub, store: SqlStore, blobs: FolderBlobs) -> Work:
    configured = settings.task_token.get_secret_value() if settings.task_token else None
    token = load_secret(
        configured,
        settings.data_dir,
        production=False,  # a worker on the same machine reads it from the data directory
        setting="WORKROOM_TASK_TOKEN",
        kept_in=TASK_TOKEN_KEPT_IN,
    )
    try:
        types = known_types()
    except ValueError as error:
        raise Misconfigured(str(error)) from None
    broker = None
    if settings.redis is None and settings.worker and broker_program() is not None:
        broker = Broker(settings.data_dir)
    url = settings.redis or (None if broker is None else broker.url)
    queue = None if url is None else CeleryQueue(url)
    tasks = Tasks(hub, store, queue, types)
    desk = TaskDesk(hub, store, store, blobs, tasks.turns)
    return Work(tasks, desk, token, queue, broker)


def _crew(app: App, address: tuple[str, int]) -> Crew | None:
    """Start the worker beside the server, and its broker; nobody waits for them."""
    settings, work = app.settings, app.work
    if not settings.worker or work.queue is None:
        if settings.worker:
            log.warning("no_broker", message="there is no Redis or Valkey server to run tasks with")
        return None
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(address[0], address[0])  # noqa: S104
    environment = {
        "WORKROOM_SERVER_URL": f"http://{host}:{address[1]}",
        "WORKROOM_DATA_DIR": str(settings.data_dir.resolve()),
    }
    if settings.task_token is not None:
        environment["WORKROOM_TASK_TOKEN"] = settings.task_token.get_secret_value()
    command = socket_path = None
    if work.broker is not None:
        command, socket_path = work.broker.command(broker_program() or ""), work.broker.socket
    rules = WorkerRules(settings.task_processes, settings.task_memory)
    redis = settings.redis or (work.broker.url if work.broker is not None else "")
    crew = Crew(redis, rules, environment, command, socket_path)
    crew.start()
    return crew


async def _open_keys(settings: Settings, clock: Clock) -> Jwks | None:
    """The identity service's keys. A file must be readable now; a URL may be down for a while."""
    if settings.auth_jwks is None:
        return None
    from workroom.adapters.auth.jwks import FileSource, Jwks, UrlSource

    where = settings.auth_jwks
    remote = where.startswith(("http://", "https://"))
    setting = "WORKROOM_AUTH_JWKS"
    source = UrlSource(where, setting=setting) if remote else FileSource(Path(where))
    keys = Jwks(source, clock)
    await keys.start(required=not remote)
    return keys


def _new_key() -> BlobKey:
    """The name of a file: random, so that nobody can guess or choose one."""
    return BlobKey(secrets.token_hex(16))


def _new_client_id() -> int:
    """A Yjs client id: random, because two lives of a text must never share one."""
    return secrets.randbelow(MAX_ID) + 1


# ---- chores ------------------------------------------------------------------------------------


async def _watch_lag(clock: Clock) -> None:
    while True:
        expected = clock.now().tick + LAG_EVERY
        await asyncio.sleep(LAG_EVERY)
        LOOP_LAG_SECONDS.observe(max(0.0, clock.now().tick - expected))


async def _watch_tasks(app: App, queue: CeleryQueue) -> None:
    await queue.warm_up()
    work = app.work
    await Watchdog(app.hub, app.store, queue, work.tasks, work.desk).run()


async def _learn_of_log_outs(app: App) -> None:
    """Log-outs made by another process on the same data: ``workroom user passwd``, say."""
    while True:
        await asyncio.sleep(LEARN_EVERY)
        with suppress(WorkroomError):  # the store says so itself; it is asked again soon
            await app.accounts.load()


async def _sweep_files(app: App) -> None:
    """Files that a crash left without a canvas: at the start, and now and then."""
    while True:
        with suppress(WorkroomError):  # the store says so itself; the next sweep finds them
            await app.library.canvases.sweep()
        await asyncio.sleep(SWEEP_EVERY)


async def _keep_house(app: App) -> None:
    """Forget what need not be remembered any longer; notice accounts that were closed."""
    while True:
        await asyncio.sleep(HOUSEKEEPING_EVERY)
        app.accounts.forget_expired()
        before = app.clock.now().wall - REMEMBER_ANSWERS * 1000
        with suppress(WorkroomError):
            await app.store.forget_answers(before)
            await app.accounts.recheck(app.gateway.users())
