"""An identity provider on 127.0.0.1 that says what a test wrote down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx2

from agents.llm.providers.token_request import ClientAuth, ClientCredentials

SECRET = "canary:secret+with%signs"


@dataclass(kw_only=True)
class IdentityProvider:
    """Plays its replies one by one, the last for ever. `asked` holds headers and form of each request."""

    url: str = ""
    asked: list[tuple[Mapping[str, str], Mapping[str, str]]] = field(default_factory=list)
    replies: list[bytes] = field(default_factory=list)
    silent: bool = False

    def say(self, data: object, *, status: str = "200 OK", **headers: str) -> None:
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.replies.append("\r\n".join([*lines, "", ""]).encode() + body)

    def credentials(self, *, client_auth: ClientAuth = "basic", **more: Any) -> ClientCredentials:
        values = {"client_id": "token project", "client_secret": SECRET, **more}
        return ClientCredentials(token_url=self.url, client_auth=client_auth, **values)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.asked.append(await _read(reader))
            if self.silent:
                await reader.read(1)
                return
            writer.write(self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def identity_provider() -> AsyncIterator[IdentityProvider]:
    place = IdentityProvider()
    server = await asyncio.start_server(place.serve, "127.0.0.1", 0)
    place.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/oauth2/token"
    try:
        yield place
    finally:
        server.close()


def plain_client() -> httpx2.AsyncClient:
    """Without the guard, which has tests of its own."""
    return httpx2.AsyncClient(timeout=5.0, trust_env=False, follow_redirects=False)


async def _read(reader: asyncio.StreamReader) -> tuple[Mapping[str, str], Mapping[str, str]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")[1:]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    return headers, {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
