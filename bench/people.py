"""Users, their tokens and conversations, written straight into the database of the installation."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from accounts.tokens import issue
from agents.models import LanguageModel, Provider, Wire
from chat.models import Conversation


@dataclass(frozen=True, kw_only=True)
class Person:
    user: User
    secret: str


def make_person(name: str) -> Person:
    user = User.objects.create(username=name)
    return Person(user=user, secret=issue(user=user, scope="write").secret)


def make_conversation(person: Person, model: LanguageModel) -> str:
    """Its id."""
    return str(Conversation.objects.create(owner=person.user, model=model, title="bench").pk)


def sandbox_model(wire: Wire) -> LanguageModel:
    of_sandbox = LanguageModel.objects.select_related("provider", "pool").filter(provider__slug="sandbox", wire=wire)
    return of_sandbox.get(pool=None)  # The one without limits.


def point_sandbox_at(port: int) -> None:
    """Let the sandbox's models be served by another process. The Anthropic adapter takes the /v1 off again."""
    Provider.objects.filter(slug="sandbox").update(base_url=f"http://127.0.0.1:{port}/v1")


def make_gateway_model(port: int) -> LanguageModel:
    """A model of an OpenAI-compatible gateway that needs no key."""
    provider = Provider.objects.create(
        slug="gateway",
        name="Gateway",
        kind=Provider.Kind.OPENAI_COMPATIBLE,
        auth=Provider.Auth.NONE,
        base_url=f"http://127.0.0.1:{port}/v1",
    )
    return LanguageModel.objects.create(
        provider=provider,
        model_id="stamps",
        name="Stamps",
        wire=Wire.OPENAI_CHAT,
        context_window=128_000,
        max_output_tokens=16_384,
    )
