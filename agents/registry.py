"""Model rows become models here, and nowhere else: the only importer of the adapters, so every call is governed.

Adapters are kept per provider connection and event loop, because an HTTP client belongs to one loop. An adapter imports
its SDK when it is first built, which costs about half a second: it is built in a thread, and `warm_up` goes ahead.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from weakref import WeakKeyDictionary

import httpx2

from agents.governed import GovernedModel
from agents.governor.base import Governor
from agents.governor.passthrough import PassThrough
from agents.llm.errors import ConfigInvalid
from agents.llm.providers.base import ChatModel
from agents.models import LanguageModel, Provider, Wire
from agents.provider_keys import provider_key
from agents.sandbox.app import SandboxApp
from agents.sandbox.transport import SandboxTransport

_ADAPTERS: dict[str, tuple[str, str]] = {
    Wire.ANTHROPIC_MESSAGES: ("agents.llm.providers.anthropic", "AnthropicMessages"),
    Wire.OPENAI_CHAT: ("agents.llm.providers.openai_chat", "OpenAIChat"),
}
_SDKS = ("anthropic", "openai")
_OWN_ADDRESS: dict[str, str] = {
    Wire.ANTHROPIC_MESSAGES: "https://api.anthropic.com",
    Wire.OPENAI_CHAT: "https://api.openai.com/v1",
    Wire.OPENAI_RESPONSES: "https://api.openai.com/v1",
}
_SANDBOX_ADDRESS: dict[str, str] = {
    Wire.ANTHROPIC_MESSAGES: "http://sandbox",
    Wire.OPENAI_CHAT: "http://sandbox/v1",
    Wire.OPENAI_RESPONSES: "http://sandbox/v1",
}
# Seconds. A read is one chunk of the stream: a provider that says nothing for so long has stalled.
_TIMEOUT = httpx2.Timeout(connect=10.0, read=60.0, write=60.0, pool=10.0)

# The SDKs send these to every provider, before our own headers and even instead of our key. A provider's headers are
# its row's.
for _name in ("ANTHROPIC_CUSTOM_HEADERS", "OPENAI_CUSTOM_HEADERS"):
    os.environ.pop(_name, None)

# Connections of one adapter: as many as a process runs turns, and then some.
_LIMITS = httpx2.Limits(max_connections=400, max_keepalive_connections=100)

_sandbox = SandboxApp()
_governor: Governor = PassThrough()
_adapters: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_Connection, ChatModel]] = WeakKeyDictionary()


@dataclass(frozen=True, kw_only=True)
class _Connection:
    """What tells one adapter from another. Holds the key itself, so that a changed key is a new connection."""

    name: str
    wire: str
    kind: str
    base_url: str
    api_key: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()


def sandbox() -> SandboxApp:
    """The stand-in provider that this process serves to itself."""
    return _sandbox


def use_sandbox(app: SandboxApp) -> None:
    """Serve another stand-in provider from now on: one with limits, with a journal, or with a pace of its own."""
    global _sandbox  # noqa: PLW0603 - a process has one
    _sandbox = app
    _adapters.clear()


async def build_model(*, model: LanguageModel, user_id: str, purpose: str = "chat", agent: str = "") -> GovernedModel:
    """The model that `model` (its provider loaded) describes, governed. ConfigInvalid where it cannot be called.

    `agent` is the slug that the ledger books its calls under.
    """
    connection = _connection(model)
    adapters = _adapters.setdefault(asyncio.get_running_loop(), {})
    if connection not in adapters:
        adapters.setdefault(connection, await asyncio.to_thread(_build, connection))
    return GovernedModel(
        inner=adapters[connection], governor=_governor, model=model, user_id=user_id, purpose=purpose, agent=agent
    )


def check_callable(model: LanguageModel) -> None:
    """ConfigInvalid, with what to do, if a call to `model` could not even be sent."""
    _connection(model)


def address_of(model: LanguageModel) -> str:
    """Where calls to `model` are sent; "" for the sandbox that this process serves to itself."""
    provider = model.provider
    if provider.kind != Provider.Kind.SANDBOX:
        return provider.base_url or _OWN_ADDRESS[model.wire]
    return "" if provider.base_url in _SANDBOX_ADDRESS.values() else provider.base_url


async def warm_up() -> None:
    """Import the SDKs before the first person waits for them.

    What is loaded by then stays for ever: frozen, it is left out of full garbage collections, which would otherwise
    hold every stream up for a tenth of a second and more.
    """
    for sdk in _SDKS:
        await asyncio.to_thread(import_module, sdk)
    if gc.get_freeze_count() == 0:
        gc.collect()
        gc.freeze()


def _connection(model: LanguageModel) -> _Connection:
    provider = model.provider
    if not (provider.enabled and model.enabled):
        raise ConfigInvalid(f"{model} is switched off. Your message is kept; choose another model, or ask an admin.")
    addresses = _SANDBOX_ADDRESS if provider.kind == Provider.Kind.SANDBOX else _OWN_ADDRESS
    return _Connection(
        name=provider.name,
        wire=model.wire,
        kind=provider.kind,
        base_url=provider.base_url or addresses[model.wire],
        api_key=_api_key(provider),
        headers=tuple(sorted(provider.headers.items())),
    )


def _api_key(provider: Provider) -> str:
    if provider.auth == Provider.Auth.OAUTH2:
        raise ConfigInvalid(
            f"OAuth2 sign-in towards the provider is not available yet, so nothing was sent to {provider}. Your "
            "message is kept; choose another model, or ask an admin to set an API key."
        )
    if provider.kind == Provider.Kind.SANDBOX:
        return "sandbox"
    key = provider_key(provider)
    if not key and provider.auth == Provider.Auth.API_KEY:
        raise ConfigInvalid(
            f"{provider} has no key, so nothing was sent. Your message is kept; choose another model, or ask an admin "
            "to set the provider's key."
        )
    return key or "none"


def _adapter_class(wire: str) -> Callable[..., ChatModel]:
    module, name = _ADAPTERS[wire]
    adapter: Callable[..., ChatModel] = getattr(import_module(module), name)
    return adapter


def _build(connection: _Connection) -> ChatModel:
    # trust_env=False: a proxy variable must not redirect calls that carry keys.
    if connection.kind == Provider.Kind.SANDBOX and connection.base_url in _SANDBOX_ADDRESS.values():
        client = httpx2.AsyncClient(transport=SandboxTransport(_sandbox), timeout=_TIMEOUT, trust_env=False)
    else:
        client = httpx2.AsyncClient(timeout=_TIMEOUT, limits=_LIMITS, trust_env=False, follow_redirects=False)
    options: dict[str, Any] = {"name": connection.name, "headers": dict(connection.headers)}
    if connection.wire == Wire.OPENAI_CHAT and connection.kind == Provider.Kind.OPENAI_COMPATIBLE:
        options.update(token_parameter="max_tokens")  # noqa: S106 - a parameter's name
    adapter = _adapter_class(connection.wire)
    return adapter(http_client=client, base_url=connection.base_url, api_key=connection.api_key, **options)
