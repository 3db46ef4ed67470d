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
from agents.configuration.addresses import address_fault
from agents.llm.errors import LLMError
from agents.llm.events import CallFinished, ModelEvent, TextDelta, Waiting
from agents.llm.messages import user_text
from agents.llm.providers.base import BlockCounts, ModelRequest
from agents.models import LanguageModel, Provider
from agents.provider_keys import has_credentials, provider_key
from agents.reach import Unreachable, reach
from agents.secrets import SecretUnreadable

StepName = Literal["Address", "Key", "Connection", "Answer"]

PURPOSE = "connection test"
CALL_SECONDS = 20.0
CONNECT_SECONDS = 8.0
_MOST_TOKENS = 64
_QUESTION = "echo ok"
_SHOWN = 120  # characters of the answer
_SHORTEST_SECRET = 8  # characters; shorter ones are placeholders such as "none"

_MEANS = {
    "provider_auth": "The provider was reached and refused the credentials.",
    "config_invalid": "The call cannot be made like this: something is not set, or the provider does not know it.",
    "provider_rate_limited": "The provider was reached and took the key, but says that its rate limit is used up.",
    "provider_spend_limit": "The provider was reached and took the key, but the account has no money or quota left.",
    "provider_overloaded": "The provider was reached, but is overloaded or failing. Try again later.",
    "provider_timeout": "The provider did not answer in time.",
    "provider_bad_stream": "Something answered, but not in the words of this protocol. Check the address and the wire.",
    "provider_refused": "The provider was reached and took the key, but refused to answer.",
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

    Takes at most `connect_seconds` + `call_seconds`. What is switched off is tried, too. The call goes through the
    governor and into the ledger as `user_id`'s, like every other.
    """
    model = _switched_on(model)
    address = registry.address_of(model)
    attempts: list[tuple[StepName, Callable[[], Awaitable[str]]]] = [
        ("Address", lambda: _look_at_address(address)),
        ("Key", lambda: _look_for_key(model.provider)),
        ("Connection", lambda: _connect(address, seconds=connect_seconds)),
        ("Answer", lambda: _call(model, user_id=user_id, seconds=call_seconds)),
    ]
    steps: list[Step] = []
    for name, attempt in attempts:
        try:
            steps.append(Step(name=name, outcome="ok", said=await attempt()))
        except _Failed as failure:
            steps.append(Step(name=name, outcome="failed", said=str(failure), detail=failure.detail))
            break
    return [_redacted(step, model.provider) for step in steps]


class _Failed(Exception):
    def __init__(self, said: str, *, detail: str = "") -> None:
        super().__init__(said)
        self.detail = detail


def _switched_on(model: LanguageModel) -> LanguageModel:
    tried = deepcopy(model)
    tried.enabled = tried.provider.enabled = True
    return tried


async def _look_at_address(address: str) -> str:
    if not address:
        return "The sandbox inside this server: calls leave it nowhere."
    if fault := address_fault(address):
        raise _Failed(f"The base URL {fault}.")
    return f"Calls go to {address}."


async def _look_for_key(provider: Provider) -> str:
    if provider.auth == Provider.Auth.NONE:
        return "None is needed."
    if provider.auth == Provider.Auth.OAUTH2:
        if not provider.oauth2:
            raise _Failed("The OAuth2 client credentials are not filled in.")
        return "A token is got with the OAuth2 client credentials, before the call."
    hint = secrets.hint(provider.api_key)
    if not has_credentials(provider):
        raise _Failed(f"There is no key that could be sent: {hint}.")
    return f"The API key is there: {hint}."


async def _connect(address: str, *, seconds: float) -> str:
    if not address:
        return "There is nothing to connect to."
    try:
        return await reach(address, seconds=seconds)
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
        raise _Failed(seen.why_it_took_too_long(seconds)) from None
    return f"{model.name} {seen.answer()}"


def _question_for(model: LanguageModel) -> ModelRequest:
    return ModelRequest(
        model=model.model_id,
        call_id=str(uuid.uuid4()),
        instructions="",
        messages=(user_text(_QUESTION),),
        counts=BlockCounts(instructions=0, tools=0, overhead=8, messages=(8,)),
        max_output_tokens=_MOST_TOKENS,
    )


@dataclass(kw_only=True)
class _Seen:
    """What came of the call so far."""

    text: str = ""
    waiting: bool = False
    end: CallFinished | None = None

    def note(self, event: ModelEvent) -> None:
        self.waiting = isinstance(event, Waiting)
        if isinstance(event, TextDelta):
            self.text += event.text
        elif isinstance(event, CallFinished):
            self.end = event

    def answer(self) -> str:
        said = " ".join(self.text.split())[:_SHOWN]
        usage = self.end.usage if self.end else None
        cost = f" ({usage.input_tokens} tokens in, {usage.output_tokens} out)" if usage else ""
        return f"answered “{said}”{cost}." if said else f"answered without text{cost}."

    def why_it_took_too_long(self, seconds: float) -> str:
        if self.waiting:
            return f"Our own rate limit held the call back for more than {seconds:g} seconds. Try again in a minute."
        return f"No whole answer came within {seconds:g} seconds."


def _redacted(step: Step, provider: Provider) -> Step:
    """Adapters cut secrets out of what they quote; this is the second net."""
    try:
        key = provider_key(provider)
    except SecretUnreadable:
        return step
    if len(key) < _SHORTEST_SECRET:
        return step
    return replace(step, said=step.said.replace(key, "[secret]"), detail=step.detail.replace(key, "[secret]"))
