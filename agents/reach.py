"""Can a connection be opened to an address? Nothing is sent: the name is resolved, TCP and TLS are tried.

Behind the guard of the calls themselves: what may not be called is not connected to either.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from urllib.parse import urlsplit

from agents.egress.guard import Egress
from agents.egress.transport import trust
from agents.llm.errors import EgressBlocked


class Unreachable(Exception):
    """`str()` of it says in plain words how far it came, `detail` what the system said."""

    def __init__(self, said: str, *, detail: str = "") -> None:
        super().__init__(said)
        self.detail = detail


async def reach(url: str, *, egress: Egress, seconds: float) -> str:
    """What was reached, in a sentence. Unreachable after at most `seconds`."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    try:
        async with asyncio.timeout(seconds):
            writer = await _opened(host, port=port, secure=secure, egress=egress)
    except EgressBlocked as blocked:
        said = f"{host} leads to a place that this server may not call. EGRESS_ALLOW_PRIVATE can allow private ones."
        raise Unreachable(said, detail=blocked.detail) from None
    except (OSError, TimeoutError, ssl.CertificateError) as error:
        raise _in_words(error, place=f"{host}:{port}", host=host, seconds=seconds) from None
    try:
        return f"Connected to {host}:{port}{_tls_of(writer)}."
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await writer.wait_closed()


async def _opened(host: str, *, port: int, secure: bool, egress: Egress) -> asyncio.StreamWriter:
    """A connection to the first address of `host` that takes one."""
    context = await asyncio.to_thread(trust) if secure else None
    *first, last = await egress.addresses(host=host, port=port)
    name = host if secure else None
    for address in first:
        with suppress(ConnectionError):
            return (await asyncio.open_connection(address, port, ssl=context, server_hostname=name))[1]
    return (await asyncio.open_connection(last, port, ssl=context, server_hostname=name))[1]


def _tls_of(writer: asyncio.StreamWriter) -> str:
    secured = writer.get_extra_info("ssl_object")
    return f" with {secured.version()}; its certificate is valid" if secured else ", without encryption"


def _in_words(error: Exception, *, place: str, host: str, seconds: float) -> Unreachable:
    said = f"{place} cannot be reached."
    match error:
        case ssl.SSLCertVerificationError():
            said = f"{place} was reached, but its certificate is not trusted: {error.verify_message}."
        case ssl.SSLError():
            said = f"{place} was reached, but does not speak TLS there. Check the port, and http or https."
        case socket.gaierror():
            said = f"The name {host} is not known. Check its spelling, and this server's DNS."
        case ConnectionRefusedError():
            said = f"{place} refuses connections: nothing listens there. Check the port."
        case TimeoutError():
            said = f"{place} did not answer within {seconds:g} seconds. A firewall may be in between."
    return Unreachable(said, detail=type(error).__name__)
