"""Does a provider answer? Tried step by step, so that it can be said which step fails, in words without a secret."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Literal

from agents import registry, secrets
from agents.egress.addresses import address_fault
from agents.egress.guard import egress
from agents.llm.errors import ConfigInvalid, LLMError
from agents.llm.events import CallFinished, ModelEvent, TextDelta
from agents.llm.messages import user_text
from agents.llm.providers.base import BlockCounts, ModelRequest
from agents.model_capabilities import capabilities_for
from agents.models import LanguageModel, Provider
from agents.provider_keys import has_credentials
from agents.reach import Unreachable, reach

StepName = Literal["Address", "Key", "Token", "Connection", "Answer"]
"""Token: only of a provider that wants one of OAuth2."""

PURPOSE = "connection test"
CALL_SECONDS = 20.0
CONNECT_SECONDS = 8.0
_MOST_TOKENS = 64
_QUESTION = "echo ok"
_SHOWN = 120  # characters of the answer

_MEANS = {
    "provider_auth": "The provider was reached and refused the credentials.",
    "config_invalid": "The call cannot be made like this: something is not set, or the provider does not know it.",
    "provider_rate_limited": "The provider was reached and took the key, but says that its rate limit is used up.",
    "provider_spend_limit": "The provider was reached and took the key, but the account has no money or quota left.",
    "provider_overloaded": "The provider was reached, but is overloaded or failing. Try again later.",
    "provider_timeout": "The provider did not answer in time.",
    "provider_bad_stream": "Something answered, but not in the words of this protocol. Check the address and the wire.",
    "provider_refused": "The provider was reached and took the key, but refused to answer.",
    "egress_blocked": "The address leads to a place that this server may not call.",
    "gateway_token_failed": "The identity provider gave no token for the call.",
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step and what came of it. After a failed one come no others."""

    name: StepName
    outcome: Literal["ok", "failed"]
    said: str
    detail: str = ""


async def try_connection(
    *, model: LanguageModel, user_id: str, call_seconds: float = CALL_SECONDS, connect_seconds: float = CONNECT_SECONDS
) -> list[Step]:
    """The steps up to the first that failed; it works if the last is "ok". `model` comes with its provider.

    Takes at most `connect_seconds` + `call_seconds`, and `call_seconds` more where a token is got. What is switched off
    is tried, too. The call goes through the governor and into the ledger as `user_id`'s, like every other.
    """
    model = _switched_on(model)
    address = registry.address_of(model)
    attempts: list[tuple[StepName, Callable[[], Awaitable[str]]]] = [
        ("Address", lambda: _look_at_address(address, provider=model.provider)),
        ("Key", lambda: _look_for_key(model.provider)),
        ("Token", lambda: _get_token(model, seconds=call_seconds)),
        ("Connection", lambda: _connect(address, seconds=connect_seconds)),
        ("Answer", lambda: _call(model, user_id=user_id, seconds=call_seconds)),
    ]
    if model.provider.auth != Provider.Auth.OAUTH2:
        attempts = [attempt for attempt in attempts if attempt[0] != "Token"]
    steps: list[Step] = []
    for name, attempt in attempts:
        try:
            steps.append(Step(name=name, outcome="ok", said=await attempt()))
        except _Failed as failure:
            steps.append(Step(name=name, outcome="failed", said=str(failure), detail=failure.detail))
            break
    return _without_secrets(steps, model)


class _Failed(Exception):
    def __init__(self, said: str, *, detail: str = "") -> None:
        super().__init__(said)
        self.detail = detail


def _switched_on(model: LanguageModel) -> LanguageModel:
    tried = deepcopy(model)
    tried.enabled = tried.provider.enabled = True
    return tried


async def _look_at_address(address: str, *, provider: Provider) -> str:
    if not address:
        return "The sandbox inside this server: calls leave it nowhere."
    if fault := address_fault(address):
        raise _Failed(f"The base URL {fault}.")
    if provider.auth != Provider.Auth.OAUTH2 or not provider.oauth2:
        return f"Calls go to {address}."
    if fault := address_fault(provider.oauth2["token_url"]):
        raise _Failed(f"The token URL {fault}.")
    return f"Calls go to {address}, and tokens come from {provider.oauth2['token_url']}."


async def _look_for_key(provider: Provider) -> str:
    if provider.auth == Provider.Auth.NONE:
        return "None is needed."
    if provider.auth == Provider.Auth.OAUTH2:
        if not provider.oauth2:
            raise _Failed("The OAuth2 client credentials are not filled in.")
        hint = secrets.hint(provider.oauth2["client_secret"])
        if not has_credentials(provider):
            raise _Failed(f"There is no client secret that could be sent: {hint}.")
        return f"The client secret of {provider.oauth2['client_id']} is there: {hint}."
    hint = secrets.hint(provider.api_key)
    if not has_credentials(provider):
        raise _Failed(f"There is no key that could be sent: {hint}.")
    return f"The API key is there: {hint}."


async def _get_token(model: LanguageModel, *, seconds: float) -> str:
    """A new one, so that what is tried are the credentials as they are now."""
    try:
        async with asyncio.timeout(seconds):
            return await registry.try_token(model)
    except LLMError as error:
        reason = error.params.get("reason")
        said = f"The identity provider gave no token: {reason}." if reason else _MEANS.get(error.code, error.message)
        raise _Failed(said, detail=error.detail) from None
    except TimeoutError:
        raise _Failed(f"The identity provider gave no token within {seconds:g} seconds.") from None


async def _connect(address: str, *, seconds: float) -> str:
    if not address:
        return "There is nothing to connect to."
    try:
        return await reach(address, egress=egress(), seconds=seconds)
    except Unreachable as failure:
        raise _Failed(str(failure), detail=failure.detail) from None


async def _call(model: LanguageModel, *, user_id: str, seconds: float) -> str:
    seen = _Seen()
    try:
        async with asyncio.timeout(seconds):
            governed = await registry.build_model(model=model, user_id=user_id, purpose=PURPOSE)
            async with aclosing(governed.stream(_question_for(model))) as events:
                async for event in events:
                    seen.note(event)
    except LLMError as error:
        raise _Failed(_MEANS.get(error.code, "The call failed."), detail=error.detail or error.message) from None
    except TimeoutError:
        raise _Failed(f"No whole answer came within {seconds:g} seconds.") from None
    return f"{model.name} {seen.answer()}"


def _question_for(model: LanguageModel) -> ModelRequest:
    return ModelRequest(
        model=model.model_id,
        call_id=str(uuid.uuid4()),
        instructions="",
        messages=(user_text(_QUESTION),),
        counts=BlockCounts(instructions=0, tools=0, overhead=8, messages=(8,)),
        max_output_tokens=_MOST_TOKENS,
        capabilities=capabilities_for(model),
    )


@dataclass(kw_only=True)
class _Seen:
    """What came of the call so far."""

    text: str = ""
    end: CallFinished | None = None

    def note(self, event: ModelEvent) -> None:
        if isinstance(event, TextDelta):
            self.text += event.text
        elif isinstance(event, CallFinished):
            self.end = event

    def answer(self) -> str:
        said = " ".join(self.text.split())[:_SHOWN]
        usage = self.end.usage if self.end else None
        cost = f" ({usage.input_tokens} tokens in, {usage.output_tokens} out)" if usage else ""
        return f"answered “{said}”{cost}." if said else f"answered without text{cost}."


def _without_secrets(steps: list[Step], model: LanguageModel) -> list[Step]:
    """Adapters cut secrets out of what they quote; this is the second net."""
    try:
        conceal = registry.conceal_secrets(model)
    except ConfigInvalid:
        return steps  # without its secrets, nothing was sent
    return [replace(step, said=conceal(step.said), detail=conceal(step.detail)) for step in steps]
