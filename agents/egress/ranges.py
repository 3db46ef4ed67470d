"""What an IP address is: public, private (an operator may allow it), or never to be called.

`ipaddress.is_global` alone is no answer: it is true for multicast, site-local, the 6to4 relays, and, by the version of
Python, for tunnels and translations that carry a private IPv4 address.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network
from typing import Literal

Address = IPv4Address | IPv6Address
Reach = Literal["public", "private", "never"]

LINK_LOCAL = tuple(ip_network(text) for text in ("169.254.0.0/16", "fe80::/10"))
"""Where nearly every cloud keeps the credentials of its machines."""

METADATA = tuple(
    ip_network(text)
    for text in (
        "100.100.100.200/32",  # Alibaba Cloud
        "168.63.129.16/32",  # Azure, which looks public
        "192.0.0.192/32",  # Oracle Cloud
        "fd00:ec2::/32",  # AWS
        "fd20:ce::254/128",  # Google Cloud
    )
)
"""The other places where clouds keep them."""

_NEVER = (
    *LINK_LOCAL,
    *METADATA,
    *(ip_network(text) for text in ("0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/128", "ff00::/8")),
)
_PRIVATE_THOUGH_GLOBAL = tuple(
    ip_network(text)
    for text in (
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "64:ff9b:1::/48",  # translation inside one network, RFC 8215
        "fec0::/10",  # site-local, RFC 3879
    )
)
_LOOPBACK_6 = IPv6Address("::1")
# An IPv6 address that is an IPv4 address in its last 32 bits.
_CARRIES_IPV4 = tuple(
    IPv6Network(text)
    for text in (
        "::ffff:0:0/96",  # mapped, RFC 4291
        "::ffff:0:0:0/96",  # translated, RFC 2765
        "64:ff9b::/96",  # NAT64, RFC 6052
        "::/96",  # compatible, RFC 4291
    )
)


def reach_of(address: Address) -> Reach:
    """How far `address` reaches. One that carries an IPv4 address reaches as far as that, a tunnel is never public."""
    if isinstance(address, IPv6Address):
        if (inner := carried(address)) is not None:
            return reach_of(inner)
        if (tunnelled := address.sixtofour or _teredo_client(address)) is not None:
            return "never" if reach_of(tunnelled) == "never" else "private"
    if any(address in network for network in _NEVER):
        return "never"
    if any(address in network for network in _PRIVATE_THOUGH_GLOBAL):
        return "private"
    plain = address.is_global and not (address.is_multicast or address.is_reserved)
    return "public" if plain else "private"


def carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that is written as this IPv6 address, None if none is."""
    if address != _LOOPBACK_6 and int(address) and any(address in network for network in _CARRIES_IPV4):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def is_listed(address: Address, places: Iterable[str]) -> bool:
    """Whether one of the ranges in `places` holds the address, or the IPv4 address that it carries."""
    ranges = [ip_network(place) for place in places if "/" in place]
    forms = [address, carried(address)] if isinstance(address, IPv6Address) else [address]
    return any(form in network for form in forms if form is not None for network in ranges)


def _teredo_client(address: IPv6Address) -> IPv4Address | None:
    return address.teredo[1] if address.teredo else None
