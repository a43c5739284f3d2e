"""The Compose example on this machine: its processes, its settings and its nginx, no containers.

What differs is what a container runtime would do: names of services become addresses here, ports
are free ones, and folders are under ``folder``.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from cli_kit import PATIENCE, Running, command, environment, serving
from deploy_files import FOLDER, compose, lines
from tests.free_ports import free_port
from tests.ports.bus_kit import Server as BusServer
from tests.postgres_kit import Postgres, postgres

SECRETS: Final = {
    "WORKROOM_SECRET": "kV9-qT2_wZ7xLm4nRb8cYd1fGh6jPs3u",
    "WORKROOM_TASK_TOKEN": "w0rk-kV9-qT2_wZ7xLm4nRb8cYd1fGh6",
    "PGPASSWORD": "not-guessed",
}


@dataclass(frozen=True)
class Proxy:
    """An nginx with the file of the example."""

    folder: Path
    ports: dict[int, int]
    """On which port of this machine each of the example's is."""

    @property
    def url(self) -> str:
        """Where everybody finds it."""
        return f"http://127.0.0.1:{self.ports[8000]}"

    @property
    def log(self) -> str:
        """What it wrote down."""
        return "".join(each.read_text() for each in self.folder.glob("*.log"))

    def config(self, nodes: Sequence[Running], changes: Mapping[str, str]) -> str:
        """The file, with addresses of here and with these ``changes`` (what is there: in place)."""
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        kept = " ".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds)
        changed = {
            "http {": f"http {{ {kept}",
            **{f"node-{at + 1}:8000": f"127.0.0.1:{node.port}" for at, node in enumerate(nodes)},
            **{f"listen {ours};": f"listen 127.0.0.1:{here};" for ours, here in self.ports.items()},
            **changes,
        }
        text = (FOLDER / "nginx.conf").read_text("utf-8")
        for there, instead in changed.items():
            assert there in text, f"the example has no {there!r} any more"
            text = text.replace(there, instead)
        return text

    async def ready(self) -> None:
        """Wait until it passes requests on."""
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as http:
            while True:
                try:
                    if (await http.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.02)


@dataclass
class Site:
    """Two nodes behind nginx, and what they share."""

    folder: Path
    database: str
    redis: str
    stack: ExitStack
    proxy: Proxy
    nodes: list[Running]

    def settings(self, service: str) -> dict[str, str]:
        """The environment of a service, as the example gives it, with addresses of here."""
        (given,) = (env for name, env, _ in compose() if name == f"compose {service}")
        settings = {**lines("workroom.env"), **SECRETS, **given}
        here = {
            "WORKROOM_DATABASE": self.database,
            "WORKROOM_REDIS": self.redis,
            "WORKROOM_FILES_DIR": str(self.folder / "files"),
            "WORKROOM_TRUSTED_PROXIES": '["127.0.0.1"]',
            "WORKROOM_SERVER_URL": f"http://127.0.0.1:{self.proxy.ports[8001]}",
        }
        assert given["WORKROOM_SERVER_URL" if service == "worker" else "WORKROOM_DATABASE"]
        return {name: here.get(name, value) for name, value in settings.items()}

    def start_node(self, at: int, **more: str) -> Running:
        """A node, where the proxy looks for it; it answers when this returns."""
        name = f"node-{at + 1}"
        (words,) = (words for name_, _, words in compose() if name_ == f"compose {name}")
        ports = {f"WORKROOM_{it}": str(free_port()) for it in ("PORT", "PROJECT_PORT")}
        settings = {**self.settings(name), **ports, **more}
        data_dir = self.folder / name
        return self.stack.enter_context(serving(data_dir, *words[2:], **settings))

    def restart_node(self, at: int) -> None:
        """Start a node again that has ended."""
        before = self.nodes[at]
        ports = {"PORT": before.port, "PROJECT_PORT": before.project_port}
        same = {f"WORKROOM_{name}": str(port) for name, port in ports.items()}
        self.nodes[at] = self.start_node(at, **same)

    def start_worker(self) -> None:
        """The worker; nobody waits for it."""
        (words,) = (words for name, _, words in compose() if name == "compose worker")
        env = environment(self.folder / "worker", **self.settings("worker"))
        self.stack.enter_context(_process(command(*words[1:]), env, self.folder / "worker.log"))

    def run(self, *arguments: str, given: str) -> str:
        """What one of the commands prints that an operator runs beside a node."""
        done = subprocess.run(
            command(*arguments),
            env=environment(self.folder / "node-1", **self.settings("node-1")),
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    async def start_proxy(self, proxy: Proxy, changes: Mapping[str, str]) -> None:
        """An nginx in front of the nodes; it passes requests on when this returns."""
        program = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
        assert program is not None, "nginx is not installed"
        folder = proxy.folder
        folder.mkdir()
        (folder / "nginx.conf").write_text(proxy.config(self.nodes, changes))
        where = ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", f"{folder}/error.log"]
        only_here = f"daemon off; pid {folder}/pid;"
        if os.geteuid() == 0:
            only_here += " user root root;"  # its usual user may not look into our folders
        words = [program, *where, "-g", only_here]
        tried = subprocess.run([*words, "-t"], capture_output=True, text=True, check=False)
        assert tried.returncode == 0, tried.stderr
        self.stack.enter_context(_process(words, None, folder / "access.log"))
        await proxy.ready()


def new_proxy(folder: Path) -> Proxy:
    """One that is not started yet."""
    return Proxy(folder, {port: free_port() for port in (8000, 8001, 8010)})


@contextmanager
def _process(words: list[str], env: Any, log: Path) -> Iterator[None]:
    """A process that ends with the block, and not before."""
    with log.open("wb") as output:
        process = subprocess.Popen(words, env=env, stdout=output, stderr=output)
        try:
            yield
            assert process.poll() is None, log.read_text()
        finally:
            process.terminate()
            process.wait(PATIENCE)


@asynccontextmanager
async def deployed(folder: Path, **settings: str) -> AsyncIterator[Site]:
    """All of it, started; ``settings`` are for the nodes."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        database = await _database(server)
        bus = BusServer(folder)
        stack.callback(bus.kill)
        await bus.start()
        site = Site(folder, database, bus.url, stack, new_proxy(folder / "proxy"), [])
        site.start_worker()
        starting = [asyncio.to_thread(site.start_node, at, **settings) for at in range(2)]
        site.nodes = [*await asyncio.gather(*starting)]
        await site.start_proxy(site.proxy, {})
        yield site


async def _database(server: Postgres) -> str:
    """Made as operators make it: a user with a password, who owns an empty database."""
    await server.do(f"CREATE ROLE workroom LOGIN PASSWORD '{SECRETS['PGPASSWORD']}'")
    await server.do("CREATE DATABASE workroom OWNER workroom ENCODING UTF8")
    rules = server.data / "pg_hba.conf"
    with rules.open("r+") as file:
        before = file.read()
        file.seek(0)
        file.write(f"local all workroom scram-sha-256\n{before}")
    await server.do("SELECT pg_reload_conf()")
    return f"postgresql://workroom@/workroom?host={server.folder}"
