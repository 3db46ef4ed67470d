"""House gateways on this machine: they want OAuth2 tokens or headers, live under a path, and give models prefixes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.journal import Journal
from agents.sandbox.oauth2 import TOKEN_PATH, TokenOffice
from agents.sandbox.pace import Pacing
from agents.sandbox.response import SandboxResponse
from tests.agents.sandbox.stage import serving

CLIENT_SECRET = "canary-client-secret-c4"


@dataclass(kw_only=True)
class Gateway:
    """`url` is its root. `seen` holds path and headers of each request as it came, secrets included."""

    url: str = ""
    office: TokenOffice | None = None
    journal: Journal = field(default_factory=lambda: Journal(keep=100))
    seen: list[tuple[str, Mapping[str, str], Mapping[str, Any]]] = field(default_factory=list)

    def oauth2(self, **changes: str) -> dict[str, str]:
        """A provider row's field."""
        values = {"token_url": self.url + TOKEN_PATH, "client_id": "tokenproject", "client_secret": "env:GATE_SECRET"}
        return {**values, "scope": "", "audience": "", "client_auth": "basic", **changes}


class _House(SandboxApp):
    def __init__(self, gateway: Gateway, *, root: str, prefix: str) -> None:
        super().__init__(exchange=Exchange(pacing=Pacing(factor=0)), journal=gateway.journal, oauth2=gateway.office)
        self._gateway, self._root, self._prefix = gateway, root, prefix

    async def handle(
        self, *, method: str, path: str, headers: Mapping[str, str], body: bytes, query: str = ""
    ) -> SandboxResponse:
        parsed = orjson.loads(body) if body[:1] == b"{" else {}
        self._gateway.seen.append((path, headers, parsed))
        if "model" in parsed and self._prefix:
            assert parsed["model"].startswith(self._prefix)
            body = orjson.dumps({**parsed, "model": parsed["model"].removeprefix(self._prefix)})
        inner = path.removeprefix(self._root)
        return await super().handle(method=method, path=inner, headers=headers, body=body)


@asynccontextmanager
async def gateway(*, oauth2: bool = False, root: str = "", prefix: str = "") -> AsyncIterator[Gateway]:
    office = TokenOffice(client_id="tokenproject", client_secret=CLIENT_SECRET) if oauth2 else None
    made = Gateway(office=office)
    async with serving(_House(made, root=root, prefix=prefix)) as made.url:
        yield made
