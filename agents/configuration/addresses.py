"""What a provider's address may look like. Whether a name leads to a private place is seen when it is resolved."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

_WRITTEN = re.compile(r"[!-\[\]-~]{1,200}")  # printable ASCII without space and backslash
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_LIKE_A_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
_PRIVATE_NAMES = ("localhost", ".localhost", ".local", ".internal", ".lan", ".home.arpa")
_NAT64 = ip_network("64:ff9b::/96")


def address_fault(url: str) -> str:
    """What is wrong with the base URL or token URL, "" if nothing is. Never repeats the URL: it may hold a password."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
        whole = _WRITTEN.fullmatch(url) is not None and parts.port != 0
    except ValueError:
        return "is not an address; write https://host/path"
    if not whole or parts.scheme not in ("http", "https") or not _is_a_place(host):
        return "is not an address; write https://host/path"
    return _surplus(parts) or _reach(parts.scheme, host)


def _is_a_place(host: str) -> bool:
    if _ip(host) is not None:
        return True
    # A resolver reads 127.1 and 0x7f.1 as addresses.
    return _HOST_NAME.fullmatch(host) is not None and not _LIKE_A_NUMBER.fullmatch(host.rsplit(".", 1)[-1])


def _surplus(parts: SplitResult) -> str:
    if "@" in parts.netloc:
        return "must not hold a user name or a password"
    return "must not hold a query or a fragment" if parts.query or parts.fragment else ""


def _reach(scheme: str, host: str) -> str:
    if _is_allowed(host) or (scheme == "https" and not _looks_private(host)):
        return ""
    what = "is plain http" if scheme == "http" else "names a private host"
    return f"{what}, which is refused unless EGRESS_ALLOW_PRIVATE lists the host {host}"


def _is_allowed(host: str) -> bool:
    places: list[str] = settings.EGRESS_ALLOW_PRIVATE
    address = _ip(host)
    if address is None:
        return host in places
    return any(address in ip_network(place) for place in places if "/" in place)


def _looks_private(host: str) -> bool:
    address = _ip(host)
    if address is None:
        return "." not in host or host.endswith(_PRIVATE_NAMES)
    if isinstance(address, IPv6Address) and (address.sixtofour or address.teredo or address in _NAT64):
        return True
    return not address.is_global or address.is_multicast


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
