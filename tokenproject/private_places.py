"""What EGRESS_ALLOW_PRIVATE may list: the hosts and address ranges of private gateways."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from agents.egress.ranges import LINK_LOCAL, METADATA

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
# A resolver reads 127.1, 0177.0.0.1 and 0x7f.1 as addresses: then such a name would allow another place than it seems.
_LIKE_A_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)")


def private_place(text: str) -> str:
    """`text` as it is compared: a host name in lower case, or an address range such as 10.0.0.0/8. ValueError."""
    name = text.lower()
    if _HOST.fullmatch(name) and len(name) <= 253 and not _LIKE_A_NUMBER.fullmatch(name.rsplit(".", 1)[-1]):
        return name
    return _range(text)


def _range(text: str) -> str:
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither a host name nor an address range; write llm.internal or 10.1.0.0/16, without scheme "
            "and port"
        ) from None
    # A range may surround the metadata addresses of a cloud (fd00::/8 does): those stay forbidden in it.
    if any(network.overlaps(never) for never in LINK_LOCAL) or any(_is_within(network, never) for never in METADATA):
        raise ValueError(f"{text!r} holds addresses where clouds keep their credentials: never allowed")
    return str(network)


def _is_within(network: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    return network[0] in other and network[-1] in other
