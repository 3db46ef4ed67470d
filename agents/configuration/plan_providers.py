"""Desired providers and pools against the rows that are there. What a provider's block leaves out stays as it is."""

from __future__ import annotations

from agents.configuration.changes import Plan
from agents.configuration.plan_models import plan_model
from agents.configuration.plan_secrets import planned_oauth2, planned_secret, refuse_to_follow, refuse_to_follow_oauth2
from agents.configuration.refusal import Path
from agents.configuration.schema import PoolBlock, ProviderBlock
from agents.configuration.stock import Stock
from agents.models import Provider, RatePool

_KEYED = (Provider.Kind.ANTHROPIC, Provider.Kind.OPENAI)
_PLAIN = ("name", "base_url", "headers", "enabled", "position")


def plan_provider(block: ProviderBlock, *, path: Path, stock: Stock, plan: Plan) -> None:
    """The provider, then its pools, then its models."""
    found = stock.providers.get(block.slug)
    row = found or Provider(slug=block.slug, name=block.slug, auth=_first_auth(block))
    other_kind = found is not None and found.kind != block.kind
    stock.providers[block.slug] = row
    wanted: dict[str, object] = {"kind": block.kind}
    wanted |= {key: getattr(block, key) if block.says(key) else getattr(row, key) for key in _PLAIN}
    wanted["oauth2"] = planned_oauth2(block.oauth2, said=block.says("oauth2"), now=row.oauth2, path=path, plan=plan)
    wanted["api_key"] = planned_secret(block.api_key, now=row.api_key, path=(*path, "api_key"), plan=plan)
    wanted["auth"] = _auth(block, row=row)
    if found is not None:
        _refuse_to_follow(block, path=path, row=row, plan=plan)
    if wanted["auth"] == Provider.Auth.OAUTH2 and not wanted["oauth2"]:
        plan.refuse((*path, "auth"), "oauth2 needs a table [provider.oauth2]")
    plan.row(row, path=path, label=f"provider {block.slug}", created=found is None, wanted=wanted)
    for number, pool in enumerate(block.pool):
        _plan_pool(pool, path=(*path, "pool", number), provider=row, stock=stock, plan=plan)
    for number, model in enumerate(block.model):
        place: Path = (*path, "model", number)
        plan_model(model, path=place, provider=row, other_kind=other_kind, stock=stock, plan=plan)


def _plan_pool(block: PoolBlock, *, path: Path, provider: Provider, stock: Stock, plan: Plan) -> None:
    key = (provider.slug, block.name)
    found = stock.pools.get(key)
    row = stock.pools[key] = found or RatePool(provider=provider, name=block.name)
    wanted = block.model_dump(exclude={"name"})
    plan.row(row, path=path, label=f"pool {provider.slug}/{block.name}", created=found is None, wanted=wanted)


def _refuse_to_follow(block: ProviderBlock, *, path: Path, row: Provider, plan: Plan) -> None:
    """`row` is as it is stored. Without an address of its own, the kind says where a provider is."""
    address = row.base_url if block.base_url is None else block.base_url
    before, now = [row.base_url or row.kind], [address or block.kind]
    place: Path = (*path, "base_url")
    refuse_to_follow("api_key", block.api_key, held=row.api_key, before=before, now=now, path=place, plan=plan)
    refuse_to_follow_oauth2(
        block.oauth2, said=block.says("oauth2"), held=row.oauth2, before=before, now=now, path=path, plan=plan
    )


def _first_auth(block: ProviderBlock) -> str:
    """What a new provider has where its block does not say."""
    return Provider.Auth.API_KEY if block.kind in _KEYED else Provider.Auth.NONE


def _auth(block: ProviderBlock, *, row: Provider) -> str:
    if block.auth is not None:
        return block.auth
    if block.oauth2 is not None:
        return Provider.Auth.OAUTH2
    if block.api_key is not None:
        return Provider.Auth.API_KEY if block.api_key.get_secret_value() else Provider.Auth.NONE
    taken_away = block.says("oauth2") and row.auth == Provider.Auth.OAUTH2
    return _first_auth(block) if taken_away else row.auth
