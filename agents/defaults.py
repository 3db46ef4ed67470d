"""The providers, models and rate pools that every installation starts with, and a company to look into."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from agents.llm.model_families import capabilities_of
from agents.models import DatadogConnection, HttpSource, LanguageModel, Provider, RatePool, Wire
from agents.own_wire import own_wire


@dataclass(frozen=True, kw_only=True)
class ShippedModel:
    """Its sizes are those that are built in for its id. `pool` names a pool of its provider, "" none."""

    model_id: str
    name: str
    wire: Wire
    pool: str = ""


@dataclass(frozen=True, kw_only=True)
class ShippedPool:
    """Per minute; None: no such limit."""

    name: str
    requests_per_minute: int
    input_tokens_per_minute: int | None = None
    output_tokens_per_minute: int | None = None
    tokens_per_minute: int | None = None


@dataclass(frozen=True, kw_only=True)
class ShippedProvider:
    slug: str
    name: str
    kind: Provider.Kind
    auth: Provider.Auth
    api_key: str
    position: int
    models: tuple[ShippedModel, ...]
    pools: tuple[ShippedPool, ...] = ()


def _claude(model_id: str, name: str) -> ShippedModel:
    return ShippedModel(model_id=model_id, name=name, wire=Wire.ANTHROPIC_MESSAGES)


def _gpt(model_id: str, name: str) -> ShippedModel:
    return ShippedModel(model_id=model_id, name=name, wire=own_wire(Provider.Kind.OPENAI, model_id))


SHIPPED: tuple[ShippedProvider, ...] = (
    ShippedProvider(
        slug="anthropic",
        name="Anthropic",
        kind=Provider.Kind.ANTHROPIC,
        auth=Provider.Auth.API_KEY,
        api_key="env:ANTHROPIC_API_KEY",
        position=10,
        models=(
            _claude("claude-sonnet-5-5", "Claude Sonnet 5.5"),
            _claude("claude-opus-5-5", "Claude Opus 5.5"),
            _claude("claude-haiku-5-5", "Claude Haiku 5.5"),
            _claude("claude-sonnet-4-6", "Claude Sonnet 4.6"),
            _claude("claude-haiku-4-5", "Claude Haiku 4.5"),
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
            _gpt("gpt-6-sol", "GPT-6 Sol"),
            _gpt("gpt-6.2-sol", "GPT-6.2 Sol"),
            _gpt("gpt-6-luna", "GPT-6 Luna"),
            _gpt("gpt-5.4-mini", "GPT-5.4 mini"),
            _gpt("gpt-4.1", "GPT-4.1"),
            _gpt("gpt-4o", "GPT-4o"),
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
            _claude("sandbox-claude", "Sandbox Claude"),
            ShippedModel(model_id="sandbox-gpt", name="Sandbox GPT", wire=Wire.OPENAI_CHAT),
            ShippedModel(
                model_id="sandbox-claude-tight",
                name="Sandbox Claude, 40k/min",
                wire=Wire.ANTHROPIC_MESSAGES,
                pool="claude-tight",
            ),
            ShippedModel(
                model_id="sandbox-gpt-tight", name="Sandbox GPT, 40k/min", wire=Wire.OPENAI_CHAT, pool="gpt-tight"
            ),
        ),
        pools=(
            ShippedPool(
                name="claude-tight",
                requests_per_minute=50,
                input_tokens_per_minute=40_000,
                output_tokens_per_minute=8_000,
            ),
            ShippedPool(name="gpt-tight", requests_per_minute=50, tokens_per_minute=40_000),
        ),
    ),
)


_COMPANY = """\
GET /company/orders: amount, status
GET /company/payments: order_ref, amount_cents, state
GET /company/inventory: order_id, sku, quantity (reservations for the items of orders)
POST /company/refunds: order, amount_cents, reason
All GET: ?page=1&per_page=100; rows in data, next is the path of the next page"""


def ensure_shipped_rows() -> list[str]:
    """Make the shipped providers that are not there, with their models; the slugs of those made. The same for the
    sandbox company's Datadog connection and for its own APIs.

    A provider that is there is left as it is, whatever an admin changed or removed in it. (Whoever wants to be rid of a
    shipped provider switches it off: a deleted one comes back with the next start.) What a later version ships besides
    comes to such a provider once, by a migration.
    """
    DatadogConnection.objects.get_or_create(
        slug="sandbox",
        defaults={"name": "Sandbox company", "site": DatadogConnection.Site.SANDBOX, "position": 90},
    )
    HttpSource.objects.get_or_create(
        slug="company",
        defaults={
            "name": "Sandbox company",
            "allowed_paths": "/company/*",
            "allowed_methods": "GET, POST",
            "operations": _COMPANY,
        },
    )
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
        _fill(provider, shipped)
    return created


def _fill(provider: Provider, shipped: ShippedProvider) -> None:
    pools = {pool.name: RatePool(provider=provider, **vars(pool)) for pool in shipped.pools}
    RatePool.objects.bulk_create(pools.values())
    rows = [_row(provider, number, model) for number, model in enumerate(shipped.models)]
    for row, model in zip(rows, shipped.models, strict=True):
        row.pool = pools[model.pool] if model.pool else None
    LanguageModel.objects.bulk_create(rows)


def _row(provider: Provider, position: int, model: ShippedModel) -> LanguageModel:
    able = capabilities_of(model.wire, model.model_id)
    assert able.context_window is not None, "a shipped model is built in with its sizes"
    assert able.max_output_tokens is not None, "the same"
    return LanguageModel(
        provider=provider,
        model_id=model.model_id,
        name=model.name,
        wire=model.wire,
        context_window=able.context_window,
        max_output_tokens=able.max_output_tokens,
        position=position,
    )
