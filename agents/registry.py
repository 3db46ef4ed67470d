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
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary

import httpx2

from agents import ledger
from agents.concealment import Conceal, concealing
from agents.egress.guard import egress
from agents.egress.transport import guarded_client, trust
from agents.governed import GovernedModel
from agents.governor.base import Governor
from agents.governor.holding import EXEMPT, GrantRequired
from agents.governor.passthrough import PassThrough
from agents.governor.peek import see_through
from agents.governor.service import PacedGovernor
from agents.governor.state import PoolState
from agents.governor.stores import store_for_database
from agents.learning import LearningModel
from agents.llm.errors import ConfigInvalid
from agents.llm.providers.base import ChatModel
from agents.llm.providers.credentials import ClientCredentialsAuth, token_failed
from agents.llm.providers.token_request import ClientCredentials, NoToken
from agents.llm.providers.token_store import TokenStore
from agents.models import LanguageModel, Provider, Wire
from agents.pool_limits import pool_of
from agents.provider_keys import client_secret, header_values, provider_key, secret_headers
from agents.sandbox.app import SandboxApp
from agents.sandbox.transport import SandboxTransport

_ADAPTERS: dict[str, tuple[str, str]] = {
    Wire.ANTHROPIC_MESSAGES: ("agents.llm.providers.anthropic", "AnthropicMessages"),
    Wire.OPENAI_CHAT: ("agents.llm.providers.openai_chat", "OpenAIChat"),
    Wire.OPENAI_RESPONSES: ("agents.llm.providers.openai_responses", "OpenAIResponses"),
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
_TOKEN_TIMEOUT = httpx2.Timeout(10.0)

# The SDKs send the headers to every provider, before our own and even instead of our key; a provider's headers are its
# row's. The others switch logs on that hold the headers of every call.
for _name in ("ANTHROPIC_CUSTOM_HEADERS", "OPENAI_CUSTOM_HEADERS", "ANTHROPIC_LOG", "OPENAI_LOG"):
    os.environ.pop(_name, None)

# Connections of one adapter: as many as a process runs turns, and then some.
_LIMITS = httpx2.Limits(max_connections=400, max_keepalive_connections=100)

_sandbox = SandboxApp()
_exempt: Governor = PassThrough()
_one_governor = RLock()
_governor: PacedGovernor | None = None
_tokens = TokenStore()
_adapters: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_Connection, ChatModel]] = WeakKeyDictionary()


@dataclass(frozen=True, kw_only=True)
class _Connection:
    """What tells one adapter from another. Holds the secrets themselves, so that a changed one is a new connection."""

    name: str
    wire: str
    kind: str
    base_url: str
    api_key: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    oauth2: ClientCredentials | None = None
    allowed: tuple[str, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def is_in_process(self) -> bool:
        return self.kind == Provider.Kind.SANDBOX and self.base_url in _SANDBOX_ADDRESS.values()

    def all_secrets(self) -> frozenset[str]:
        """Those of now: a token comes and goes."""
        return self.secrets | ({_tokens.kept(self.oauth2)} if self.oauth2 else set())


def governor() -> PacedGovernor:
    """The one of this process, from any thread; what it knows is in the store of the installation."""
    global _governor  # noqa: PLW0603 - a process has one
    with _one_governor:
        if _governor is None:
            _governor = PacedGovernor(store=store_for_database())
        return _governor


def use_governor(made: PacedGovernor) -> None:
    """Let `made` admit calls from now on: one with a store or a clock of its own."""
    global _governor  # noqa: PLW0603 - a process has one
    with _one_governor:
        close_governor()
        _governor = made


def close_governor() -> None:
    """Let go of its connections. Whoever asks later gets a new one."""
    global _governor
    with _one_governor:
        closed, _governor = _governor, None
    if closed is not None:
        closed.store.close()


def _peek(key: str) -> PoolState | None:
    return governor().store.peek(key)


see_through(_peek)


def sandbox() -> SandboxApp:
    """The stand-in provider that this process serves to itself."""
    return _sandbox


def use_sandbox(app: SandboxApp) -> None:
    """Serve another stand-in provider from now on: one with limits, with a journal, or with a pace of its own."""
    global _sandbox  # noqa: PLW0603 - a process has one
    _sandbox = app
    _adapters.clear()


async def build_model(
    *,
    model: LanguageModel,
    user_id: str,
    purpose: str = "chat",
    agent: str = "",
    open_call: ledger.OpenCall = ledger.open_call,
    wants_shorter: Callable[[], bool] = lambda: False,
) -> LearningModel:
    """The model that `model` (its provider loaded) describes, governed. ConfigInvalid where it cannot be called.

    `agent` is the slug that the ledger books its calls under. `open_call` is for whoever has more to write in the same
    transaction. `wants_shorter`: whoever waits for the answer would rather have less of the conversation sent.
    """
    connection = _connection(model)
    adapters = _adapters.setdefault(asyncio.get_running_loop(), {})
    if connection not in adapters:
        adapters.setdefault(connection, await asyncio.to_thread(_build, connection))
    governed = GovernedModel(
        inner=adapters[connection],
        governor=_exempt if purpose in EXEMPT else governor(),
        model=model,
        pool=pool_of(model),
        user_id=user_id,
        purpose=purpose,
        agent=agent,
        conceal=concealing(connection.all_secrets),
        open_call=open_call,
        wants_shorter=wants_shorter,
    )
    return LearningModel(inner=governed, model=model)


async def try_token(model: LanguageModel) -> str:
    """Get a token with the OAuth2 client credentials of the model's provider; what came of it, in a sentence.

    Raises GatewayTokenFailed with the reason in its params, EgressBlocked, ConfigInvalid.
    """
    connection = _connection(model)
    if connection.oauth2 is None:
        raise ValueError(f"{model.provider} has no OAuth2 client credentials")
    client = await asyncio.to_thread(_token_client, connection)
    try:
        token = await _tokens.renewed(connection.oauth2, client=client)
    except NoToken as failure:
        raise token_failed(failure, provider=connection.name) from None
    stated = f"It is valid for {token.lifetime:,.0f} seconds" if token.stated else "How long it is valid was not told"
    return f"The identity provider gave a token. {stated}."


def conceal_secrets(model: LanguageModel) -> Conceal:
    """Cuts every secret of the model's provider out of a text. Raises what `check_callable` does."""
    return concealing(_connection(model).all_secrets)


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
    hold every stream up for a tenth of a second and more. None happens on the way there either, for the same reason:
    imports leave next to no garbage.
    """
    gc.disable()
    try:
        for sdk in _SDKS:
            await asyncio.to_thread(import_module, sdk)
        if gc.get_freeze_count() == 0:
            gc.freeze()
    finally:
        gc.enable()


def _connection(model: LanguageModel) -> _Connection:
    provider = model.provider
    if not (provider.enabled and model.enabled):
        raise ConfigInvalid(f"{model} is switched off. Your message is kept; choose another model, or ask an admin.")
    addresses = _SANDBOX_ADDRESS if provider.kind == Provider.Kind.SANDBOX else _OWN_ADDRESS
    api_key, oauth2, headers = _api_key(provider), _oauth2(provider), header_values(provider)
    secret = {api_key, oauth2.client_secret if oauth2 else "", *secret_headers(provider).values()}
    return _Connection(
        name=provider.name,
        wire=model.wire,
        kind=provider.kind,
        base_url=provider.base_url or addresses[model.wire],
        api_key=api_key,
        headers=tuple(sorted(headers.items())),
        oauth2=oauth2,
        allowed=egress().allow,
        secrets=frozenset(secret),
    )


def _api_key(provider: Provider) -> str:
    if provider.auth == Provider.Auth.OAUTH2:
        return "none"  # replaced by the token
    if provider.kind == Provider.Kind.SANDBOX:
        return "sandbox"
    key = provider_key(provider)
    if not key and provider.auth == Provider.Auth.API_KEY:
        raise ConfigInvalid(
            f"{provider} has no key, so nothing was sent. Your message is kept; choose another model, or ask an admin "
            "to set the provider's key."
        )
    return key or "none"


def _oauth2(provider: Provider) -> ClientCredentials | None:
    if provider.auth != Provider.Auth.OAUTH2:
        return None
    secret = client_secret(provider)
    if not secret:
        raise ConfigInvalid(
            f"{provider} has no OAuth2 client secret, so nothing was sent. Your message is kept; choose another model, "
            "or ask an admin to fill in the provider's OAuth2 client credentials."
        )
    said = {name: provider.oauth2.get(name, "") for name in ("token_url", "client_id", "scope", "audience")}
    return ClientCredentials(**said, client_secret=secret, client_auth=provider.oauth2.get("client_auth", "basic"))


def _adapter_class(wire: str) -> Callable[..., ChatModel]:
    module, name = _ADAPTERS[wire]
    adapter: Callable[..., ChatModel] = getattr(import_module(module), name)
    return adapter


def _build(connection: _Connection) -> ChatModel:
    options: dict[str, Any] = {"name": connection.name, "headers": dict(connection.headers)}
    adapter = _adapter_class(connection.wire)
    client = _client(connection)
    return adapter(http_client=client, base_url=connection.base_url, api_key=connection.api_key, **options)


def _client(connection: _Connection) -> httpx2.AsyncClient:
    auth = _signing(connection, connection.oauth2) if connection.oauth2 else None
    if connection.is_in_process:
        transport = GrantRequired(SandboxTransport(_sandbox))
        return httpx2.AsyncClient(transport=transport, timeout=_TIMEOUT, trust_env=False, auth=auth)
    return guarded_client(
        egress=egress(), verify=trust(), timeout=_TIMEOUT, limits=_LIMITS, auth=auth, around=GrantRequired
    )


def _signing(connection: _Connection, credentials: ClientCredentials) -> httpx2.Auth:
    client = _token_client(connection)
    return ClientCredentialsAuth(credentials=credentials, store=_tokens, client=client, provider=connection.name)


def _token_client(connection: _Connection) -> Callable[[], httpx2.AsyncClient]:
    """Makes the client for a token call: one of its own, since calls of the other are signed with a token."""
    if connection.is_in_process:
        return lambda: _sandbox_client(_TOKEN_TIMEOUT)
    verify = trust()
    return lambda: guarded_client(egress=egress(), verify=verify, timeout=_TOKEN_TIMEOUT)


def _sandbox_client(timeout: httpx2.Timeout) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=SandboxTransport(_sandbox), timeout=timeout, trust_env=False)
