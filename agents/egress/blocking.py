"""The guard for clients that stand on urllib3: connections to judged addresses only, no redirects, no proxies.

Blocking: for a thread. Time-outs are the caller's; a body that takes too long or is too large is given up.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    NewConnectionError,
    ProtocolError,
)
from urllib3.util import parse_url

from agents.egress.guard import Egress

MOST_BYTES = 20 * 1024 * 1024
"""Of a body, once it is unpacked."""

BODY_SECONDS = 40.0

_AT_ONCE = 65_536
_USUAL_TIMEOUT = 10.0


class GuardedPool(urllib3.PoolManager):
    """Raises `EgressBlocked` before anything is sent where a request would go to a place that may not be called.
    Answers are read whole; a redirect is an answer like any other."""

    def __init__(self, *, egress: Egress, verify: ssl.SSLContext) -> None:
        super().__init__(num_pools=4, maxsize=8, ssl_context=verify)
        self._egress = egress
        self.pool_classes_by_scheme = {"http": _plain_pools(egress), "https": _tls_pools(egress)}

    def urlopen(  # type: ignore[override]  # urllib3 names the parameters of two overloads
        self, method: str, url: str, redirect: bool = True, **more: Any
    ) -> urllib3.BaseHTTPResponse:
        self._egress.check_written(_origin(url))
        more |= {"retries": False, "preload_content": False}
        response = super().urlopen(method, url, redirect=False, **more)
        try:
            return _whole(response, url=url)
        except BaseException:
            response.close()
            raise


def _origin(url: str) -> str:
    parts = parse_url(url)
    who = "@" if parts.auth else ""
    return f"{parts.scheme}://{who}{parts.host}{'' if parts.port is None else f':{parts.port}'}"


def _whole(response: urllib3.BaseHTTPResponse, *, url: str) -> urllib3.HTTPResponse:
    ends = time.monotonic() + BODY_SECONDS
    body = bytearray()
    while chunk := response.read1(_AT_ONCE, decode_content=True):
        body += chunk
        if len(body) > MOST_BYTES:
            raise ProtocolError(f"the answer is larger than {MOST_BYTES:,} bytes")
        if time.monotonic() > ends:
            raise ProtocolError(f"the answer took longer than {BODY_SECONDS:g} seconds")
    headers = response.headers.copy()
    headers.discard("content-encoding")
    return urllib3.HTTPResponse(body=BytesIO(body), headers=headers, status=response.status, reason=response.reason)


def _plain_pools(egress: Egress) -> type[urllib3.HTTPConnectionPool]:
    class Connection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connected(self, egress)

    class Pool(urllib3.HTTPConnectionPool):
        ConnectionCls = Connection

    return Pool


def _tls_pools(egress: Egress) -> type[urllib3.HTTPSConnectionPool]:
    class Connection(HTTPSConnection):
        """TLS and the Host header keep the name."""

        def _new_conn(self) -> socket.socket:
            return _connected(self, egress)

    class Pool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Connection

    return Pool


def _connected(connection: HTTPConnection, egress: Egress) -> socket.socket:
    """A socket to one of the addresses that the name has now. The time-out holds for all attempts together."""
    seconds = float(connection.timeout) if isinstance(connection.timeout, int | float) else _USUAL_TIMEOUT
    ends = time.monotonic() + seconds
    failure: Exception | None = None
    addresses = _looked_up(connection, egress, seconds)
    for tried, address in enumerate(addresses):
        share = max(0.1, (ends - time.monotonic()) / (len(addresses) - tried))
        try:
            return socket.create_connection((address, connection.port), timeout=share)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, f"no connection to {connection.host} within {seconds:g} seconds")
    raise NewConnectionError(connection, f"no connection to {connection.host}: {failure}")


def _looked_up(connection: HTTPConnection, egress: Egress, seconds: float, /) -> Sequence[str]:
    async def look_up() -> Sequence[str]:
        async with asyncio.timeout(seconds):
            return await egress.addresses(host=connection.host, port=connection.port)

    try:
        return asyncio.run(look_up())
    except TimeoutError:
        raise ConnectTimeoutError(connection, f"no answer from the DNS about {connection.host}") from None
    except OSError as error:
        raise NewConnectionError(connection, f"{connection.host}: {error}") from error
