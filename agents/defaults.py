"""The providers and models that every installation starts with."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from agents.models import LanguageModel, Provider, Wire


@dataclass(frozen=True, kw_only=True)
class ShippedModel:
    """Sizes in tokens, from the providers' model pages (autumn 2026)."""

    model_id: str
    name: str
    wire: Wire
    context_window: int
    max_output_tokens: int


@dataclass(frozen=True, kw_only=True)
class ShippedProvider:
    slug: str
    name: str
    kind: Provider.Kind
    auth: Provider.Auth
    api_key: str
    position: int
    models: tuple[ShippedModel, ...]


def _model(wire: Wire, model_id: str, name: str, *, window: int, output: int) -> ShippedModel:
    return ShippedModel(model_id=model_id, name=name, wire=wire, context_window=window, max_output_tokens=output)


SHIPPED: tuple[ShippedProvider, ...] = (
    ShippedProvider(
        slug="anthropic",
        name="Anthropic",
        kind=Provider.Kind.ANTHROPIC,
        auth=Provider.Auth.API_KEY,
        api_key="env:ANTHROPIC_API_KEY",
        position=10,
        models=(
            _model(Wire.ANTHROPIC_MESSAGES, "claude-sonnet-4-6", "Claude Sonnet 4.6", window=1_000_000, output=128_000),
            _model(Wire.ANTHROPIC_MESSAGES, "claude-haiku-4-5", "Claude Haiku 4.5", window=200_000, output=64_000),
        ),
    ),
    ShippedProvider(
        slug="openai",
        name="OpenAI",
        kind=Provider.Kind.OPENAI,
        auth=Provider.Auth.API_KEY,
        api_key="env:OPENAI_API_KEY",
        position=20,
        models=(
            _model(Wire.OPENAI_CHAT, "gpt-4.1", "GPT-4.1", window=1_047_576, output=32_768),
            _model(Wire.OPENAI_CHAT, "gpt-4o", "GPT-4o", window=128_000, output=16_384),
        ),
    ),
    ShippedProvider(
        slug="sandbox",
        name="Sandbox",
        kind=Provider.Kind.SANDBOX,
        auth=Provider.Auth.NONE,
        api_key="",
        position=90,
        models=(
            _model(Wire.ANTHROPIC_MESSAGES, "sandbox-claude", "Sandbox Claude", window=200_000, output=64_000),
            _model(Wire.OPENAI_CHAT, "sandbox-gpt", "Sandbox GPT", window=128_000, output=16_384),
        ),
    ),
)


def ensure_shipped_rows() -> list[str]:
    """Make the shipped providers that are not there, with their models; the slugs of those made.

    A provider that is there is left as it is, whatever an admin changed or removed in it. (Whoever wants to be rid of a
    shipped provider switches it off: a deleted one comes back with the next start.)
    """
    there = set(Provider.objects.values_list("slug", flat=True))
    return [shipped.slug for shipped in SHIPPED if shipped.slug not in there and _make(shipped)]


@transaction.atomic
def _make(shipped: ShippedProvider) -> bool:
    """False if another process made it meanwhile."""
    provider, created = Provider.objects.get_or_create(
        slug=shipped.slug,
        defaults={
            "name": shipped.name,
            "kind": shipped.kind,
            "auth": shipped.auth,
            "api_key": shipped.api_key,
            "position": shipped.position,
        },
    )
    if created:
        LanguageModel.objects.bulk_create(_row(provider, number, model) for number, model in enumerate(shipped.models))
    return created


def _row(provider: Provider, position: int, model: ShippedModel) -> LanguageModel:
    return LanguageModel(
        provider=provider,
        model_id=model.model_id,
        name=model.name,
        wire=model.wire,
        context_window=model.context_window,
        max_output_tokens=model.max_output_tokens,
        position=position,
    )
