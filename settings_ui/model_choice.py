"""The pickers: providers, and the models of the chosen one, grouped by the rate limit that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import Http404, QueryDict

from agents.models import LanguageModel, Provider, RatePool
from agents.retirement import retirement_notice

_SOON = timedelta(days=120)


@dataclass(frozen=True, kw_only=True)
class Option:
    model: LanguageModel
    label: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """Models of one rate pool. `label` is empty where no group needs a name."""

    label: str
    options: list[Option]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """All that can be chosen, and what is."""

    models: Sequence[LanguageModel]
    model: LanguageModel

    @classmethod
    def by_address(cls, models: Sequence[LanguageModel], address: QueryDict) -> Choice:
        """The model that the address names; the provider's first where it names another provider's model. Http404 where
        the provider is none."""
        slug, model_id = address.get("provider"), address.get("model")
        of_provider = [model for model in models if slug is None or model.provider.slug == slug]
        if not of_provider:
            raise Http404("no such provider")
        chosen = next((model for model in of_provider if model.model_id == model_id), of_provider[0])
        return cls(models=models, model=chosen)

    @property
    def query(self) -> str:
        return urlencode({"provider": self.model.provider.slug, "model": self.model.model_id})

    @property
    def providers(self) -> list[Provider]:
        return list({row.provider.slug: row.provider for row in self.models}.values())

    @property
    def groups(self) -> list[Group]:
        siblings = [row for row in self.models if row.provider_id == self.model.provider_id]
        pools = {row.pool_id: row.pool for row in siblings}
        if set(pools) == {None}:
            return [_group("", siblings)]
        return [
            _group(_group_label(pool), [row for row in siblings if row.pool_id == id]) for id, pool in pools.items()
        ]

    @property
    def context_window(self) -> str:
        return f"{self.model.context_window:,} tokens"

    @property
    def longest_reply(self) -> str:
        return f"{self.model.max_output_tokens:,} tokens"

    @property
    def limits(self) -> list[str]:
        """Of the chosen model's rate pool, each in words."""
        return limits_in_words(self.model.pool) if self.model.pool else []

    @property
    def sharers(self) -> str:
        """Other models that draw from the same pool."""
        pool = self.model.pool_id
        return ", ".join(row.name for row in self.models if pool and row.pool_id == pool and row.pk != self.model.pk)

    def retirement(self, today: date) -> str:
        """A warning where the vendor has said when it stops to serve the model, and that is near or past."""
        return retirement_notice(self.model, today=today, within=_SOON)


def limits_in_words(pool: RatePool) -> list[str]:
    """Most important first; all are per minute."""
    counted = [
        (pool.input_tokens_per_minute, "input tokens"),
        (pool.tokens_per_minute, "tokens in and out"),
        (pool.output_tokens_per_minute, "output tokens"),
        (pool.requests_per_minute, "requests"),
    ]
    return [f"{limit:,} {what}" for limit, what in counted if limit]


def _group(label: str, models: Sequence[LanguageModel]) -> Group:
    options = [Option(model=row, label=f"{row.name} · {_short(row.context_window)} window") for row in models]
    return Group(label=label, options=options)


def _short(tokens: int) -> str:
    """1M, 1.05M, 200k"""
    return f"{round(tokens / 1_000_000, 2):g}M" if tokens >= 1_000_000 else f"{round(tokens / 1_000):g}k"


def _group_label(pool: RatePool | None) -> str:
    if pool is None:
        return "No rate limit known"
    limits = limits_in_words(pool)
    return f"{pool.name}: {limits[0]} a minute" if limits else pool.name
