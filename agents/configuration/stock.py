"""The rows that a configuration file speaks of, by the names that it calls them."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from agents.configuration.stock_mcp import McpStock, read_mcp_stock
from agents.models import (
    AgentConfig,
    AgentCopy,
    DatadogConnection,
    HttpSource,
    LanguageModel,
    Provider,
    RatePool,
    SettingRule,
)


@dataclass(kw_only=True)
class Stock:
    """Rows as they are, and the new ones once they are planned. Pools and models by (provider's slug, own name)."""

    providers: dict[str, Provider] = field(default_factory=dict)
    pools: dict[tuple[str, str], RatePool] = field(default_factory=dict)
    models: dict[tuple[str, str], LanguageModel] = field(default_factory=dict)
    configs: dict[UUID, AgentConfig] = field(default_factory=dict)
    rules: dict[tuple[UUID | None, str], SettingRule] = field(default_factory=dict)
    mcp: McpStock = field(default_factory=McpStock)
    datadog: dict[str, DatadogConnection] = field(default_factory=dict)
    sources: dict[str, HttpSource] = field(default_factory=dict)
    agents: dict[str, AgentCopy] = field(default_factory=dict)


def read_stock() -> Stock:
    """All of them: some tens of rows. In a transaction, where two loads at once must wait for each other."""
    providers = Provider.objects.select_for_update()
    pools = RatePool.objects.select_related("provider")
    models = LanguageModel.objects.select_related("provider", "pool")
    return Stock(
        providers={row.slug: row for row in providers},
        pools={(row.provider.slug, row.name): row for row in pools},
        models={(row.provider.slug, row.model_id): row for row in models},
        configs={row.model_id: row for row in AgentConfig.objects.filter(user=None)},
        rules={(row.model_id, row.setting): row for row in SettingRule.objects.all()},
        mcp=read_mcp_stock(),
        datadog={row.slug: row for row in DatadogConnection.objects.select_for_update()},
        sources={row.slug: row for row in HttpSource.objects.select_for_update()},
        agents={row.slug: row for row in AgentCopy.objects.select_for_update()},
    )
