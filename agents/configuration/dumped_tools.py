"""What agents use, and what admins made of them, as tables of a configuration file."""

from __future__ import annotations

from collections.abc import Iterator

from agents.configuration.dumped_blocks import block, no_oauth2, oauth2_of
from agents.models import AgentCopy, DatadogConnection, HttpSource
from agents.sources.allowed import methods_of, patterns_of

_DATADOG = ("slug", "name", "site", "base_url", "api_key", "application_key", "enabled", "position")
_SOURCE = ("slug", "name", "base_url", "auth", "header_name", "header_scheme", "api_key")
_AGENT = ("name", "description", "instructions", "starters", "tools_off")


def dumped_connections() -> Iterator[list[str]]:
    for connection in DatadogConnection.objects.order_by("position", "slug"):
        yield block("[[datadog]]", {name: getattr(connection, name) for name in _DATADOG})
    for source in HttpSource.objects.order_by("slug"):
        yield block("[[source]]", _source(source))
        if source.oauth2:
            yield block("[source.oauth2]", oauth2_of(source.oauth2))


def dumped_agents() -> Iterator[list[str]]:
    for agent in AgentCopy.objects.order_by("slug"):
        said = {name: getattr(agent, name) for name in _AGENT}
        edited = {name: value for name, value in said.items() if value}
        yield block("[[agent]]", {"slug": agent.slug, "based_on": agent.based_on, **edited, "enabled": agent.enabled})


def _source(row: HttpSource) -> dict[str, object]:
    return {
        **{name: getattr(row, name) for name in _SOURCE},
        "allowed_paths": patterns_of(row.allowed_paths),
        "allowed_methods": methods_of(row.allowed_methods),
        "operations": row.operations,
        "enabled": row.enabled,
        **no_oauth2(row.oauth2),
    }
