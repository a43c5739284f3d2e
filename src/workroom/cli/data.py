"""Commands on the data itself, whether or not a server runs on it at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from workroom.cli.failures import Complaint
from workroom.cli.options import (
    naming_the_database,
    prepare_directory,
    read_settings,
    require_data,
)

if TYPE_CHECKING:
    from workroom.app import App
    from workroom.config import Settings
    from workroom.core.people import User

Result = TypeVar("Result")


def on_data(
    work: Callable[[App], Awaitable[Result]],
    *,
    database: str | None,
    data_dir: Path | None,
    make: bool = False,
) -> Result:
    """Open the application, do one thing, close it. ``make``: also where there is no data yet.

    Raises WorkroomError.
    """
    from workroom.cli import logs

    settings = read_settings(database=database, data_dir=data_dir)
    logs.set_up(settings.log_format, "warning")
    if not make:
        require_data(settings)
    prepare_directory(settings)

    async def opened() -> Result:
        async with open_data(settings) as app:
            return await work(app)

    return asyncio.run(opened())


@asynccontextmanager
async def open_data(settings: Settings) -> AsyncIterator[App]:
    """The application on its data, without a server. Raises WorkroomError."""
    from workroom.app import open_app

    with naming_the_database(settings):
        app = await open_app(settings)
    try:
        yield app
    finally:
        await app.close()


async def user_named(app: App, username: str) -> User:
    """The user of that name. Raises Complaint when there is none, or they may not come in."""
    account = await app.store.account_named(username)
    if account is None:
        message = f"there is no user {username!r}; `workroom user list` shows who there is"
        raise Complaint(message)
    if account.disabled:
        message = f"the account of {username!r} is disabled"
        raise Complaint(message)
    return account.user
