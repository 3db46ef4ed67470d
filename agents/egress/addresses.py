"""What may be typed as a provider's address. Whether a name leads to a private place is seen when it is resolved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from agents.egress.ranges import is_listed, reach_of

_WRITTEN = re.compile(r"[!-\[\]-~]{1,200}")  # printable ASCII without space and backslash
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_LIKE_A_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
_PRIVATE_NAMES = ("localhost", ".localhost", ".local", ".internal", ".lan", ".home.arpa")
_WEB_PORTS = (80, 443)
# Where something else listens that a request could be smuggled to; below 1024, nothing but the web has a business.
_OTHER_SERVICES = {
    *(1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 5432, 5672, 5900, 6000, 6379, 9042, 9200, 9300, 10250),
    *(11211, 15672, 25672, 27017),
}


def address_fault(url: str, *, allow: Sequence[str] | None = None) -> str:
    """What is wrong with the base URL or token URL, "" if nothing is. Never repeats the URL: it may hold a password.

    `allow` lists hosts and ranges that may be private and spoken to without TLS; left out, the environment's.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
        whole = _WRITTEN.fullmatch(url) is not None and parts.port != 0
    except ValueError:
        return "is not an address; write https://host/path"
    if not whole or parts.scheme not in ("http", "https") or not _is_a_place(host):
        return "is not an address; write https://host/path"
    places = settings.EGRESS_ALLOW_PRIVATE if allow is None else allow
    return _surplus(parts) or _port_fault(parts.port) or _reach_fault(parts.scheme, host, places)


def _is_a_place(host: str) -> bool:
    if _ip(host) is not None:
        return True
    # A resolver reads 127.1 and 0x7f.1 as addresses.
    return _HOST_NAME.fullmatch(host) is not None and not _LIKE_A_NUMBER.fullmatch(host.rsplit(".", 1)[-1])


def _surplus(parts: SplitResult) -> str:
    if "@" in parts.netloc:
        return "must not hold a user name or a password"
    return "must not hold a query or a fragment" if parts.query or parts.fragment else ""


def _port_fault(port: int | None) -> str:
    if port is None or port in _WEB_PORTS or (port > 1023 and port not in _OTHER_SERVICES):
        return ""
    return f"names the port {port}, where no web server belongs; use 443, or one above 1023"


def _reach_fault(scheme: str, host: str, allow: Sequence[str]) -> str:
    address = _ip(host)
    if address is not None and reach_of(address) == "never":
        return "names an address that is never called: link-local, multicast, or where a cloud keeps its credentials"
    if _is_allowed(host, allow) or (scheme == "https" and not _looks_private(host)):
        return ""
    what = "is plain http" if scheme == "http" else "names a private host"
    return f"{what}, which is refused unless EGRESS_ALLOW_PRIVATE lists the host {host}"


def _is_allowed(host: str, allow: Sequence[str]) -> bool:
    address = _ip(host)
    return host in allow if address is None else is_listed(address, allow)


def _looks_private(host: str) -> bool:
    address = _ip(host)
    if address is None:
        return "." not in host or host.endswith(_PRIVATE_NAMES)
    return reach_of(address) != "public"


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
