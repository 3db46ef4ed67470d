"""An HTTP client that connects to judged addresses only, whatever a URL, a redirect, a proxy variable or the DNS says.

The name is resolved once for each connection, every address of it is judged, and the connection is made to one of
them: there is no second look-up that could answer otherwise. TLS and the Host header keep the name.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore2
import httpx2

from agents.egress.guard import Egress

_FEW = httpx2.Limits(max_connections=10, max_keepalive_connections=2)


def trust() -> ssl.SSLContext:
    """The certificates that are trusted: the system's, or those of SSL_CERT_FILE and SSL_CERT_DIR. Reads files."""
    return httpx2.create_ssl_context()


def guarded_client(
    *,
    egress: Egress,
    verify: ssl.SSLContext,
    timeout: httpx2.Timeout,
    limits: httpx2.Limits = _FEW,
    auth: httpx2.Auth | None = None,
    around: Callable[[httpx2.AsyncBaseTransport], httpx2.AsyncBaseTransport] = lambda inner: inner,
) -> httpx2.AsyncClient:
    """A client behind the guard: no redirects, and no proxy of the environment, which would connect in our place.
    `around` wraps the transport, for whoever has more to ask of a request."""
    transport = around(GuardedTransport(egress=egress, verify=verify, limits=limits))
    return httpx2.AsyncClient(transport=transport, timeout=timeout, trust_env=False, follow_redirects=False, auth=auth)


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """Raises `EgressBlocked` before anything is sent where a request would go to a place that may not be called."""

    def __init__(self, *, egress: Egress, verify: ssl.SSLContext, limits: httpx2.Limits = _FEW) -> None:
        super().__init__(verify=verify, trust_env=False, limits=limits)
        self._egress = egress
        # httpx2 does not hand a network through to its pool.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=verify,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_JudgedNetwork(egress),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._egress.check_written(_origin(request.url))
        return await super().handle_async_request(request)


def _origin(url: httpx2.URL) -> str:
    host = url.raw_host.decode("ascii")
    written = f"[{host}]" if ":" in host else host
    return f"{url.scheme}://{'@' if url.userinfo else ''}{written}{'' if url.port is None else f':{url.port}'}"


class _JudgedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to what the guard lets through. Time-outs hold for the look-up and all attempts together."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(  # noqa: PLR0917 - the signature of httpcore2
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the same
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        clock = asyncio.get_running_loop().time
        ends = None if timeout is None else clock() + timeout
        addresses = await self._look_up(host, port=port, seconds=timeout)
        for tried, address in enumerate(addresses, start=1):
            # An address that swallows packets must leave time for the next.
            share = None if ends is None else max(0.0, ends - clock()) / (len(addresses) - tried + 1)
            try:
                return await self._network.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if tried == len(addresses):
                    raise
        raise httpcore2.ConnectError(f"{host} has no address")

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        raise httpcore2.UnsupportedProtocol("no socket of this machine is a provider")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _look_up(self, host: str, *, port: int, seconds: float | None) -> Sequence[str]:
        try:
            async with asyncio.timeout(seconds):
                return await self._egress.addresses(host=host, port=port)
        except TimeoutError:
            raise httpcore2.ConnectTimeout(f"no answer from the DNS about {host}") from None
        except OSError as error:
            raise httpcore2.ConnectError(f"{host}: {error}") from error
