"""Limits by key: so many a minute and no more, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from ipaddress import IPv6Address, IPv6Network, ip_address
from unicodedata import normalize

from workroom.errors import RateLimited


class Throttle:
    """At most ``limit`` uses of a key within any ``window`` seconds, exactly.

    Time (``tick``, seconds on a monotonic clock) is handed in. At most ``max_keys`` keys are
    remembered; the one that was not used for longest is forgotten first.
    """

    def __init__(self, limit: int, window: float, *, max_keys: int = 10_000) -> None:
        self._limit = limit
        self._window = window
        self._max_keys = max_keys
        self._uses: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        """The number of keys remembered."""
        return len(self._uses)

    def wait(self, key: str, tick: float) -> float:
        """Seconds until the key may be used; 0 when it may be now."""
        uses = self._uses.get(key)
        if uses is None:
            return 0.0
        while uses and uses[0] + self._window <= tick:
            uses.popleft()
        return 0.0 if len(uses) < self._limit else uses[0] + self._window - tick

    def take(self, key: str, tick: float) -> None:
        """Use the key once. Raises RateLimited; a refused use does not count."""
        wait = self.wait(key, tick)
        if wait > 0:
            raise RateLimited("Too many attempts, please wait", retry_after=wait)
        self._uses.setdefault(key, deque()).append(tick)
        self._uses.move_to_end(key)
        while len(self._uses) > self._max_keys:
            self._uses.popitem(last=False)

    def give_back(self, key: str) -> None:
        """Take back the latest use of the key."""
        uses = self._uses.get(key)
        if uses:
            uses.pop()

    def forget_expired(self, tick: float) -> None:
        """Drop the keys that were not used within the window."""
        for key in [key for key, uses in self._uses.items() if self._over(uses, tick)]:
            del self._uses[key]

    def _over(self, uses: deque[float], tick: float) -> bool:
        return not uses or uses[-1] + self._window <= tick


class LoginThrottle:
    """Who may try to log in, by user name and address.

    ``attempts`` in a minute for one name from one address. Besides, ``WIDE`` times as many *wrong*
    ones for one address whatever the name, and for one name wherever from: wide enough that a
    school behind one address can log in, and that nobody shuts out somebody else by typing their
    name, yet a bound on guessing from many sides.
    """

    WIDE = 10

    def __init__(self, attempts: int = 10, *, window: float = 60.0) -> None:
        self._pairs = Throttle(attempts, window)
        self._names = Throttle(attempts * self.WIDE, window)
        self._addresses = Throttle(attempts * self.WIDE, window)

    def take(self, username: str, address: str, tick: float) -> None:
        """Count an attempt. Raises RateLimited."""
        name, place = _name_key(username), _address_key(address)
        pair = f"{place} {name}"
        wait = max(
            self._pairs.wait(pair, tick),
            self._names.wait(name, tick),
            self._addresses.wait(place, tick),
        )
        if wait > 0:
            raise RateLimited("Too many login attempts, please wait", retry_after=wait)
        self._pairs.take(pair, tick)
        self._names.take(name, tick)
        self._addresses.take(place, tick)

    def succeeded(self, username: str, address: str) -> None:
        """The attempt was good: it counts for the name at this address only."""
        self._names.give_back(_name_key(username))
        self._addresses.give_back(_address_key(address))

    def forget_expired(self, tick: float) -> None:
        """Drop what no longer counts."""
        for throttle in (self._pairs, self._names, self._addresses):
            throttle.forget_expired(tick)


class NewcomerThrottle:
    """Whom somebody may try to let in to rooms: each answer tells whether there is such a person.

    At most ``limit`` different people within any ``window`` seconds, for each who asks: a class in
    a minute, but not everybody. Asking for the same person again tells nothing new and counts once.
    At most ``max_keys`` who ask are remembered, those who asked last.
    """

    def __init__(self, limit: int = 30, window: float = 60.0, *, max_keys: int = 10_000) -> None:
        self._limit = limit
        self._window = window
        self._max_keys = max_keys
        self._asked: OrderedDict[int, dict[str, float]] = OrderedDict()

    def __len__(self) -> int:
        """The number of people remembered who asked."""
        return len(self._asked)

    def take(self, asker: int, newcomer: str, tick: float) -> None:
        """Count a question. Raises RateLimited; a refused one does not count."""
        asked = self._asked.setdefault(asker, {})
        self._asked.move_to_end(asker)
        while len(self._asked) > self._max_keys:
            self._asked.popitem(last=False)
        for old in [name for name, at in asked.items() if at + self._window <= tick]:
            del asked[old]
        if newcomer in asked:
            return
        if len(asked) >= self._limit:
            raise RateLimited(
                f"at most {self._limit} people can be let in in a minute",
                retry_after=next(iter(asked.values())) + self._window - tick,
            )
        asked[newcomer] = tick


def _name_key(username: str) -> str:
    # Cut, so that names of a megabyte do not fill the memory; without case and compatibility
    # forms, as names are compared, so that full-width letters do not buy further attempts.
    return normalize("NFKC", normalize("NFKC", username[:150]).casefold())


def _address_key(address: str) -> str:
    """The address; of IPv6 the /64, because one machine commands all of it."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), 64), strict=False).network_address)
