"""The rows as a configuration file: loaded again, it changes nothing. Secrets are in it as references only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import cast

from agents.configuration.dumped_blocks import block, no_oauth2, oauth2_of
from agents.configuration.dumped_tools import dumped_agents, dumped_connections
from agents.configuration.dumping_mcp import mcp_blocks
from agents.configuration.fields import KEEP
from agents.models import AgentConfig, LanguageModel, Provider, RatePool, SettingRule
from agents.setting_changes import is_whole
from agents.setting_ranges import SETTING_OF, Range, SettingName

_HEAD = f"""\
# Providers, models, limits, the organisation's settings, what agents use. "{KEEP}" stands for a secret that is stored
# encrypted: loading it keeps the stored one. Write env:NAME, file:PATH or the secret itself for another installation.
"""
_LIMITS = (
    "requests_per_minute",
    "input_tokens_per_minute",
    "output_tokens_per_minute",
    "tokens_per_minute",
    "concurrent_calls",
    "token_burst_seconds",
    "request_burst_seconds",
)


def dumped() -> str:
    """Users' own settings are theirs, and not in it."""
    return "\n".join([_HEAD, *chain.from_iterable((*block, "") for block in _blocks())]).rstrip("\n") + "\n"


def _blocks() -> Iterator[list[str]]:
    for provider in Provider.objects.order_by("position", "slug").prefetch_related("pools", "models__pool"):
        yield from _provider(provider)
    yield from (block(head, values) for head, values in mcp_blocks())
    org = AgentConfig.objects.filter(user=None).select_related("model__provider")
    for config in org.order_by("model__provider__slug", "model__model_id"):
        if any(getattr(config, name) is not None for name in SETTING_OF):
            yield block("[[agent_config]]", _named_model(config.model) | _settings(config))
    rules = SettingRule.objects.select_related("model__provider")
    for rule in rules.order_by("model__provider__slug", "model__model_id", "setting"):
        yield block("[[setting_rule]]", _rule(rule))
    yield from dumped_connections()
    yield from dumped_agents()


def _provider(row: Provider) -> Iterator[list[str]]:
    plain = {name: getattr(row, name) for name in ("slug", "kind", "name", "enabled", "position", "auth", "base_url")}
    yield block("[[provider]]", {**plain, "api_key": row.api_key, "headers": row.headers, **no_oauth2(row.oauth2)})
    if row.oauth2:
        yield block("[provider.oauth2]", oauth2_of(row.oauth2))
    for pool in sorted(row.pools.all(), key=lambda pool: pool.name):
        yield block("[[provider.pool]]", _pool(pool))
    for model in sorted(row.models.all(), key=lambda model: (model.position, model.model_id)):
        yield block("[[provider.model]]", _model(model))
        if model.capabilities:
            yield block("[provider.model.capabilities]", model.capabilities)


def _pool(row: RatePool) -> Mapping[str, object]:
    limits = {name: getattr(row, name) for name in _LIMITS}
    rest = {name: getattr(row, name) for name in ("count_cached_input", "patience_seconds")}
    return {"name": row.name, **_without_none(limits), **rest}


def _model(row: LanguageModel) -> Mapping[str, object]:
    rest = {name: getattr(row, name) for name in ("wire", "context_window", "max_output_tokens", "enabled", "position")}
    no_overrides: dict[str, object] = {} if row.capabilities else {"capabilities": {}}
    return {"id": row.model_id, "name": row.name, "pool": row.pool.name if row.pool else "", **rest, **no_overrides}


def _settings(row: AgentConfig) -> dict[str, object]:
    return _without_none({name: getattr(row, name) for name in SETTING_OF})


def _rule(row: SettingRule) -> Mapping[str, object]:
    """The database keeps both ends as floats, but a whole setting has whole ends. A choice has none."""
    setting = SETTING_OF[cast(SettingName, row.setting)]
    whole = isinstance(setting, Range) and is_whole(setting)
    ends = _without_none({"minimum": row.minimum, "maximum": row.maximum})
    shown = {name: int(end) if whole else end for name, end in ends.items()}  # type: ignore[call-overload]
    of_model = _named_model(row.model) if row.model else {}
    return {"setting": row.setting, **of_model, "locked": row.locked, **shown}


def _named_model(model: LanguageModel) -> dict[str, object]:
    return {"provider": model.provider.slug, "model": model.model_id}


def _without_none(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}
