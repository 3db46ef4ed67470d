"""A stored secret does not follow an address to another place: whoever may change the one need not know the other."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit


def leads_elsewhere(*, before: Sequence[str], now: Sequence[str]) -> bool:
    """Whether an address of `now` has another origin than the one of `before` in its place. What is no address, such as
    the name of a site, is compared as it is."""
    return [_origin(address) for address in before] != [_origin(address) for address in now]


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc or address
