"""A host's name to the addresses that may be connected to. One address that may not, and none of them may."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import Protocol

from django.conf import settings

from agents.egress.addresses import address_fault
from agents.egress.ranges import is_listed, reach_of
from agents.llm.errors import EgressBlocked

_KEPT = "so nothing was sent. Your message is kept; choose another model, or ask an admin"


class Resolver(Protocol):
    """The IP addresses of a host, in order of preference. Raises OSError where the name is not known."""

    async def __call__(self, *, host: str, port: int) -> Sequence[str]: ...


_LOOKUPS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="dns")
"""Not the loop's own threads, which the database works in: a DNS that does not answer would take them all."""


async def system_resolver(*, host: str, port: int) -> Sequence[str]:
    """As the operating system has it; asked in a thread, so that a slow DNS holds nobody up but those who ask it."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = await asyncio.get_running_loop().run_in_executor(_LOOKUPS, ask)
    except UnicodeError:  # a label that is too long
        raise OSError(f"{host} cannot be a name") from None
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


@dataclass(frozen=True, kw_only=True)
class Egress:
    """What may be called: public hosts over https, and what `allow` lists (host names, address ranges)."""

    allow: tuple[str, ...] = ()
    resolve: Resolver = system_resolver

    def check_written(self, url: str) -> None:
        """EgressBlocked unless `url` (without path, query and fragment, or with a plain path) may be typed."""
        if fault := address_fault(url, allow=self.allow):
            raise EgressBlocked(f"The address of this provider {fault}, {_KEPT} to check it.", detail=fault)

    async def addresses(self, *, host: str, port: int) -> Sequence[str]:
        """Where to connect to. EgressBlocked if the name leads, even among others, to a place that may not be called.

        Decided on what the resolver says now: what it said before, or how the host is written, proves nothing.
        """
        found = await self.resolve(host=host, port=port)
        if not found:
            raise OSError(f"{host} has no address")
        for text in found:
            if reason := self._refusal(host=host, address=text):
                raise _blocked(host, address=text, reason=reason)
        return found

    def _refusal(self, *, host: str, address: str) -> str:
        try:
            parsed = ip_address(address)
        except ValueError:
            return "it is not an IP address"
        reach = reach_of(parsed)
        if reach == "never":
            return "it is never called: link-local, multicast, or where a cloud keeps its credentials"
        if reach == "public" or host.rstrip(".").lower() in self.allow or is_listed(parsed, self.allow):
            return ""
        return "it is private, and EGRESS_ALLOW_PRIVATE does not list it"


def _blocked(host: str, *, address: str, reason: str) -> EgressBlocked:
    # Users are told the host, which is public knowledge here; what their DNS says inside is for admins.
    message = (
        f"The address of this provider ({host}) leads to a place that this server may not call, {_KEPT} to check the "
        "address, or to allow it with EGRESS_ALLOW_PRIVATE."
    )
    return EgressBlocked(message, detail=f"{host} leads to {address}: {reason}")


def egress() -> Egress:
    """What the environment of this server allows now."""
    return Egress(allow=tuple(settings.EGRESS_ALLOW_PRIVATE))
