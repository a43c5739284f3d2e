"""Plain clients: a page that knows nothing of versions, over a WebSocket that may break."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from bench.merging.clients import Client
from bench.merging.scenarios import Scenario
from bench.mixed.links import HOST, Link
from bench.mixed.people import Person, Setting

_OPENING: Final = 5.0


class Page(Person):
    """Somebody in front of a page, which connects again whenever the link breaks."""

    def __init__(
        self, setting: Setting, name: str, kind: str, link: Link, seed: str, token: str
    ) -> None:
        super().__init__(setting, name, kind, link, seed)  # type: ignore[arg-type]
        self._url = f"ws://{HOST}:{link.port}/ws/essays/{setting.essay}/?token={token}"
        self._socket: ClientConnection | None = None
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._is_cut = False
        self._screen = Screen(self)

    async def lives(self) -> None:
        """Stay connected, until cancelled."""
        while True:
            self._is_cut = False
            try:
                async with connect(self._url, max_size=None, open_timeout=_OPENING) as socket:
                    if not self._is_cut:
                        await self._talk(socket)
            except (OSError, TimeoutError, WebSocketException):
                pass
            finally:
                self._socket = None
            await asyncio.sleep(self.chance.uniform(0.05, 0.8))

    async def _talk(self, socket: ClientConnection) -> None:
        self._socket, self._outbox = socket, asyncio.Queue()
        self.send({"action": "subscribe_essay", "essay_id": self.setting.essay})
        self._screen.client.flush()
        sending = asyncio.ensure_future(self._post(socket))
        try:
            async for data in socket:
                if self._socket is socket:  # and not one that was left behind
                    self._hear(json.loads(data))
        finally:
            sending.cancel()

    async def _post(self, socket: ClientConnection) -> None:
        while True:
            await socket.send(await self._outbox.get())

    def _hear(self, message: dict[str, object]) -> None:
        if message["type"] == "essay_update":
            text = str(message["content"])
            self.setting.account.told(text.split())
            self._screen.receive(text)
        elif message["type"] not in {"user_joined", "user_left", "typing_start", "typing_stop"}:
            raise RuntimeError(f"{self.name} was sent {message}")

    def send(self, message: dict[str, object]) -> bool:
        """Put a message on the wire; False when there is none, also before anybody notices."""
        if not self._connected:
            return False
        self._outbox.put_nowait(json.dumps(message, ensure_ascii=False))
        return True

    @property
    def _connected(self) -> bool:
        return self._socket is not None and not self._is_cut

    def shows(self, text: str) -> None:
        """The screen shows this."""
        self.text = text

    def cut(self, seconds: float) -> None:
        """The link breaks. What is sent from then on is not on its way, though nobody may know."""
        super().cut(seconds)
        self._is_cut = True

    def reloads(self) -> None:
        """Load the page again, if all was saved: what was on the screen is gone."""
        if self._connected and self._screen.saved and self._outbox.empty():
            self._screen.alive = False
            self._screen = Screen(self)
            closing, self._socket = self._socket, None
            assert closing is not None  # it is connected
            self._closing = asyncio.ensure_future(closing.close())


class Screen:
    """A page from one load to the next: the surroundings of a simulated client, in real time."""

    def __init__(self, page: Page) -> None:
        self._page, self.alive = page, True
        self.chance: random.Random = page.chance
        kept = "stubborn" if page.kind == "stubborn" else "replace"
        self.scenario = Scenario(page.name, pausing=True, for_=page.setting.seconds)
        self._unsent: set[str] = set()
        self._cut: set[str] = set()
        self._received = 0
        self.client = Client(self, 0, kept)  # type: ignore[arg-type]

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self._page.setting.now

    @property
    def saved(self) -> bool:
        """Whether nothing waits for the link to come back."""
        return not self._unsent and not self._cut

    def after(self, delay: float, action: Callable[[], object]) -> None:
        """Do something later, unless the page was loaded again."""

        def later() -> None:
            if self.alive:
                action()
                self._page.shows(self.client.text)

        asyncio.get_running_loop().call_later(delay, later)

    def receive(self, text: str) -> None:
        """The server's text has arrived."""
        self._received += 1
        self.client.receive(self._received, text)
        self._page.shows(self.client.text)

    def new_word(self) -> str:
        """A word that is nobody else's."""
        return self._page.new_word()

    def place(self, length: int) -> int:
        """Where somebody begins."""
        return self.chance.randint(0, length)

    def was_typed(self, word: str) -> bool:
        """Whether somebody has typed this word in this run."""
        known = self._page.setting.account.words.get(word)
        return known is not None and known.author != ""

    def typed(self, words: set[str]) -> None:
        """These words go out with the next save."""
        self._unsent |= words

    def deleted(self, words: set[str]) -> None:
        """So does a text without these."""
        self._cut |= words

    def save(self, client: Client, text: str, caret: int | None, *_base: object) -> None:
        """Send a text to the server; when there is no link, it waits until there is."""
        setting = self._page.setting
        message: dict[str, object] = {
            "action": "update_essay",
            "essay_id": setting.essay,
            "content": text,
        }
        if caret is not None:
            message["cursor_position"] = len(text[:caret].encode("utf-16-le")) // 2
        if not self._page.send(message):
            client.keep()
            return
        self._page.saves += 1
        account, name = setting.account, self._page.name
        account.sent(name, {*self._unsent, *account.unconfirmed(name, text)})
        account.deleted(name, self._cut & account.words.keys())
        self._unsent, self._cut = set(), set()
