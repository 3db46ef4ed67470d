"""Providers, models, limits, settings, agents, Datadog accounts, HTTP sources and MCP servers in the admin; the ledger
to read. One file for each row."""

from agents.admin import (
    agent_config,
    agent_copy,
    datadog_connection,
    http_source,
    language_model,
    mcp_server,
    model_call,
    provider,
    rate_pool,
    setting_rule,
)

__all__ = [
    "agent_config",
    "agent_copy",
    "datadog_connection",
    "http_source",
    "language_model",
    "mcp_server",
    "model_call",
    "provider",
    "rate_pool",
    "setting_rule",
]
