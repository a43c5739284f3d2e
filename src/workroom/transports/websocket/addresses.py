"""Whose address a connection counts for when proxies stand in front of the server."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    text = text.strip()
    if text.startswith("["):  # some proxies add the port
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


class TrustedProxies:
    """The proxies whose ``X-Forwarded-For`` is believed. With none, the socket's word counts.

    ``networks`` are addresses or networks, as ``10.0.0.0/8``. Raises ``ValueError`` for others.
    """

    __slots__ = ("_networks",)

    def __init__(self, networks: Sequence[str] = ()) -> None:
        self._networks = tuple(ip_network(network, strict=False) for network in networks)

    def client(self, peer: str, forwarded: Sequence[str]) -> str:
        """The nearest address that is no trusted proxy: what stands behind it can be made up."""
        nearest = _parsed(peer)
        if nearest is None:
            return peer
        hops = [hop for line in forwarded for hop in line.split(",")]
        while self._trusts(nearest) and hops:
            farther = _parsed(hops.pop())
            if farther is None:
                break
            nearest = farther
        return str(nearest)

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)
