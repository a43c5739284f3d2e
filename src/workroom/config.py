"""Every setting, read from the environment as ``WORKROOM_…`` or given on the command line.

Only ``app.py`` and the command line read this module; everything else is handed what it needs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

_SQLITE: Final = "sqlite:///"
_POSTGRES: Final = ("postgresql://", "postgres://")
_REDIS: Final = ("redis://", "rediss://", "unix://")
_HTTP: Final = ("https://", "http://")
_ORIGIN: Final = re.compile(r"https?://[^/?#@\s]+/?", re.IGNORECASE)


class Settings(BaseSettings):
    """The settings of one server. Times are seconds, sizes bytes, unless a name says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix="WORKROOM_", frozen=True, extra="ignore", allow_inf_nan=False
    )

    env: Literal["development", "production"] = "development"
    """``production`` refuses to start with a secret that it made itself."""
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    """REST, essays and projects; 0 lets the system choose."""
    workers: int = Field(1, ge=1, le=64)
    """Processes on one port; more than one need PostgreSQL and Redis to work together."""
    project_port: int = Field(8010, ge=0, le=65535)
    """The same server again, at the port that project clients were written against."""
    data_dir: Path = Path("data")
    """Where the database, the secret and everything else is kept."""
    database: SecretStr | None = None
    """``sqlite:///path``, or ``postgresql://user:password@host/name`` as libpq takes it; by default
    ``workroom.db`` in the data directory."""
    database_connections: int = Field(8, ge=1)
    """To PostgreSQL, besides the one that appends."""
    files_dir: Path | None = None
    """The folder of uploaded files; several nodes must share it. By default beside the database."""
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    # ---- tokens
    secret: SecretStr | None = None
    """Signs our own tokens (HS256); at least 32 bytes. Made and kept in ``data_dir`` if unset."""
    auth_public_key: Path | None = None
    """PEM file: the public key of an identity service (RS256, ES256, EdDSA)."""
    auth_jwks: str | None = None
    """File or http(s) URL with the keys of an identity service."""
    auth_audience: str | None = None
    auth_issuer: str | None = None
    auth_leeway: int = Field(0, ge=0, le=30)
    auth_provision: bool = False
    """Take on users unknown here from the claims of a good token."""
    access_lifetime: int = Field(3600, ge=60)
    refresh_lifetime: int = Field(14 * 86_400, ge=60)
    login_attempts: int = Field(10, ge=1)
    """Per minute, user name and address."""
    newcomers_per_minute: int = Field(30, ge=1)
    """Different people whom one user may try to let in to rooms."""

    # ---- who may connect
    origins: tuple[str, ...] = ()
    """Web pages (``https://example.org``) that may use REST and sockets too; a JSON list."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks whose ``X-Forwarded-For`` is believed; a JSON list."""
    hsts_seconds: int = Field(0, ge=0)
    """How long browsers must insist on https; 0 leaves it open."""
    max_unauthenticated: int = Field(1000, ge=1)
    admissions_per_second: float = Field(1000.0, gt=0)
    admission_queue: int = Field(800, ge=1)
    max_connections_per_user: int = Field(20, ge=1)
    max_essays_per_connection: int = Field(20, ge=1)
    max_projects_per_connection: int = Field(100, ge=1)

    # ---- how much a connection may send
    max_message: int = Field(1024 * 1024, ge=1024)
    messages_per_second: float = Field(50.0, gt=0)
    message_burst: float = Field(100.0, ge=1)
    mistakes_per_second: float = Field(10.0, gt=0)
    mistake_burst: float = Field(300.0, ge=1)
    """Refused requests that are borne with; above, the connection is closed with 1008."""
    max_essay: int = Field(500_000, ge=1)
    """UTF-16 code units."""
    max_feedback: int = Field(10_000, ge=1)
    """Pieces of feedback and replies on one essay."""
    max_replies: int = Field(100, ge=1)
    """Replies to one piece of feedback."""
    max_thread: int = Field(100_000, ge=20_000)
    """Characters of one piece of feedback and its replies together."""
    slow_reader: float = Field(30.0, gt=0)
    ping_interval: float = Field(20.0, gt=0)
    ping_timeout: float = Field(20.0, gt=0)
    handshake_timeout: float = Field(10.0, gt=0)

    # ---- what may be uploaded
    max_upload: int = Field(25 * 1024 * 1024, ge=1024)
    max_project_files: int = Field(2 * 2**30, ge=1024)
    """Of all files of one project together."""
    max_pixels: int = Field(50_000_000, ge=1)
    """Of all frames of a picture together."""
    max_audio: float = Field(900.0, gt=0)
    """Seconds of a recording."""
    uploads_per_user: int = Field(4, ge=1)
    """At the same time."""
    decoders: int = Field(2, ge=1)
    """Processes that look into uploaded files at the same time."""
    decoder_seconds: int = Field(20, ge=1)
    """Processor time that looking into a file may take."""

    # ---- tasks
    worker: bool = True
    """Run a worker for tasks beside the server; and a private broker, unless ``redis`` is set."""
    redis: str | None = None
    """The bus between nodes, and the broker of the tasks: ``redis://HOST:PORT/DB``, ``rediss://…``
    or ``unix:///PATH``."""
    server_url: str = "http://127.0.0.1:8000"
    """Where ``workroom worker`` finds the server."""
    task_token: SecretStr | None = None
    """Lets workers in; at least 32 bytes. Made and kept in ``data_dir`` if unset."""
    task_processes: int = Field(2, ge=1)
    """Tasks that one worker carries out at the same time."""
    task_memory: int = Field(2 * 2**30, ge=2**28)
    """Address space of a task's process."""
    task_deadline: float = Field(3600.0, gt=0)
    """From the start of a task to its end, with all waiting and all attempts."""
    task_attempts: int = Field(3, ge=1)

    # ---- presence, typing, pacing
    presence_grace: float = Field(3.0, ge=0)
    typing_idle: float = Field(4.0, gt=0)
    update_quiet: float = Field(0.7, ge=0)
    update_longest_hold: float = Field(2.0, ge=0)
    update_confirm_after: float = Field(5.0, ge=0)
    feedback_pace: float = Field(0.5, ge=0)
    shutdown_notice: float = Field(0.0, ge=0)
    shutdown_spread: float = Field(3.0, ge=0)
    shutdown_return: float = Field(2.0, ge=0)

    @field_validator("database")
    @classmethod
    def _known_database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith((_SQLITE, *_POSTGRES)):
            message = "must be sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
            raise PydanticCustomError("database", message)
        return url

    @field_validator("origins")
    @classmethod
    def _real_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                message = "{origin} is no origin, as https://app.example.org: no path, no blanks"
                raise PydanticCustomError("origin", message, {"origin": repr(origin)})
        return origins

    @field_validator("redis")
    @classmethod
    def _known_redis(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(_REDIS):
            message = "must be redis://HOST:PORT/DB, rediss://… or unix:///PATH"
            raise PydanticCustomError("redis", message)
        return url

    @field_validator("server_url")
    @classmethod
    def _known_server(cls, url: str) -> str:
        if not _ORIGIN.match(url):
            message = "must be an address, as https://workroom.example.org"
            raise PydanticCustomError("server_url", message)
        return url

    @field_validator("auth_jwks")
    @classmethod
    def _known_key_set(cls, source: str | None) -> str | None:
        if source is not None and "://" in source and not source.startswith(_HTTP):
            message = "must be a file, or an https or http URL"
            raise PydanticCustomError("auth_jwks", message)
        return source

    @property
    def database_url(self) -> str:
        """Where the database is, with the password: not for anybody's eyes."""
        if self.database is None:
            return f"{_SQLITE}{self.data_dir / 'workroom.db'}"
        return self.database.get_secret_value()

    @property
    def database_path(self) -> Path | None:
        """The SQLite file; None for a database on a server."""
        url = self.database_url
        return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None

    @property
    def database_name(self) -> str:
        """The database, for people to read: a path, or an address without user and password."""
        path = self.database_path
        if path is not None:
            return str(path)
        scheme, _, rest = self.database_url.partition("://")
        address = rest.partition("?")[0].rpartition("@")[2]
        return f"{scheme}://{address}"

    def beside_database(self, suffix: str) -> Path:
        """A file or folder that belongs to that database and to no other."""
        path = self.database_path
        if path is None:
            last = self.database_name.rpartition("/")[2]
            path = self.data_dir / ("".join(filter(str.isalnum, last)) or "database")
        return path.with_name(f"{path.name}.{suffix}")

    @property
    def files_path(self) -> Path:
        """The folder of uploaded files."""
        return self.files_dir or self.beside_database("files")
