"""What one block alone cannot show: the same thing said twice in a file, and names that lead out of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from agents.configuration.refusal import Fault, Path
from agents.configuration.schema import Configuration

_Named = tuple[Path, str, Hashable]


def repetitions(configuration: Configuration) -> list[Fault]:
    seen: set[Hashable] = set()
    faults: list[Fault] = []
    for path, message, key in _things(configuration):
        if (message, key) in seen:
            faults.append(Fault(path=path, message=message))
        seen.add((message, key))
    return faults


def names_elsewhere(configuration: Configuration) -> int:
    """How many references lead to rows that the file does not hold: only the database can tell whether they exist."""
    pools = {(provider.slug, pool.name) for provider in configuration.provider for pool in provider.pool}
    models = {(provider.slug, model.id) for provider in configuration.provider for model in provider.model}
    to_pools = [(provider.slug, model.pool) for provider in configuration.provider for model in provider.model]
    to_models = [(block.provider, block.model) for block in configuration.agent_config]
    to_models += [(rule.provider, rule.model) for rule in configuration.setting_rule if rule.provider and rule.model]
    return sum(bool(key[1]) and key not in pools for key in to_pools) + sum(key not in models for key in to_models)


def _things(configuration: Configuration) -> Iterator[_Named]:
    """Everything that has a name: where it stands, what to say if the name comes again, and the name."""
    for number, provider in enumerate(configuration.provider):
        path: Path = ("provider", number)
        yield (*path, "slug"), "names a provider that stands in the file already", provider.slug
        pools = ((provider.slug, pool.name) for pool in provider.pool)
        message = "names a pool that this provider has already"
        yield from _numbered(pools, path=(*path, "pool"), key="name", message=message)
        models = ((provider.slug, model.id) for model in provider.model)
        message = "names a model that this provider has already"
        yield from _numbered(models, path=(*path, "model"), key="id", message=message)
    yield from _mcp(configuration)
    configs = ((block.provider, block.model) for block in configuration.agent_config)
    message = "has an agent_config in the file already"
    yield from _numbered(configs, path=("agent_config",), key="model", message=message)
    rules = ((block.provider, block.model, block.setting) for block in configuration.setting_rule)
    message = "has such a rule in the file already"
    yield from _numbered(rules, path=("setting_rule",), key="setting", message=message)
    for table, blocks in (
        ("datadog", configuration.datadog),
        ("source", configuration.source),
        ("agent", configuration.agent),
    ):
        message = f"names one [[{table}]] that stands in the file already"
        yield from _numbered((block.slug for block in blocks), path=(table,), key="slug", message=message)


def _mcp(configuration: Configuration) -> Iterator[_Named]:
    for number, server in enumerate(configuration.mcp_server):
        path: Path = ("mcp_server", number)
        yield (*path, "slug"), "names an MCP server that stands in the file already", server.slug
        grants = ((server.slug, grant.agent, grant.tool) for grant in server.grant)
        message = "names a tool that this agent has a grant for already"
        yield from _numbered(grants, path=(*path, "grant"), key="tool", message=message)


def _numbered(names: Iterable[Hashable], *, path: Path, key: str, message: str) -> Iterator[_Named]:
    return (((*path, number, key), message, name) for number, name in enumerate(names))
