"""Desired Datadog connections and HTTP sources against the rows that are there. What a block leaves out stays."""

from __future__ import annotations

from agents.configuration.changes import Plan
from agents.configuration.connection_blocks import DatadogBlock, SourceBlock
from agents.configuration.plan_secrets import planned_oauth2, planned_secret, refuse_to_follow, refuse_to_follow_oauth2
from agents.configuration.refusal import Path
from agents.configuration.stock import Stock
from agents.models import DatadogConnection, HttpSource
from agents.sources.allowed import methods_of, patterns_of

_KEYS = ("api_key", "application_key")
_OF_DATADOG = ("name", "site", "base_url", "enabled", "position")
_OF_SOURCE = ("name", "base_url", "auth", "header_name", "header_scheme", "enabled")


def plan_datadog(block: DatadogBlock, *, path: Path, stock: Stock, plan: Plan) -> None:
    found = stock.datadog.get(block.slug)
    row = stock.datadog[block.slug] = found or DatadogConnection(slug=block.slug, name=block.slug)
    wanted: dict[str, object] = {
        key: getattr(block, key) if block.says(key) else getattr(row, key) for key in _OF_DATADOG
    }
    before, now = [str(row.site), row.base_url], [str(wanted["site"]), str(wanted["base_url"])]
    for key in _KEYS:
        entered, held, place = getattr(block, key), getattr(row, key), (*path, key)
        wanted[key] = planned_secret(entered, now=held, path=place, plan=plan)
        where = (*path, "base_url" if block.says("base_url") else "site")
        refuse_to_follow(key, entered, held=held, before=before, now=now, path=where, plan=plan)
        if not wanted[key] and wanted["enabled"] and wanted["site"] != DatadogConnection.Site.SANDBOX:
            plan.refuse(place, "is missing: Datadog wants an API key and an application key")
    plan.row(row, path=path, label=f"datadog {block.slug}", created=found is None, wanted=wanted)


def plan_source(block: SourceBlock, *, path: Path, stock: Stock, plan: Plan) -> None:
    found = stock.sources.get(block.slug)
    row = stock.sources[block.slug] = found or HttpSource(slug=block.slug, name=block.slug)
    wanted: dict[str, object] = {
        key: getattr(block, key) if block.says(key) else getattr(row, key) for key in _OF_SOURCE
    }
    wanted |= _allowed(block, row=row)
    place = (*path, "api_key")
    wanted["api_key"] = planned_secret(block.api_key, now=row.api_key, path=place, plan=plan)
    wanted["oauth2"] = planned_oauth2(block.oauth2, said=block.says("oauth2"), now=row.oauth2, path=path, plan=plan)
    before, now = [row.base_url], [str(wanted["base_url"])]
    where = (*path, "base_url")
    refuse_to_follow("api_key", block.api_key, held=row.api_key, before=before, now=now, path=where, plan=plan)
    refuse_to_follow_oauth2(
        block.oauth2, said=block.says("oauth2"), held=row.oauth2, before=before, now=now, path=path, plan=plan
    )
    _check_source(wanted, path=path, plan=plan)
    plan.row(row, path=path, label=f"source {block.slug}", created=found is None, wanted=wanted)


def _allowed(block: SourceBlock, *, row: HttpSource) -> dict[str, object]:
    """What says the same in other blanks and line breaks stays as it was entered."""
    wanted: dict[str, object] = {
        name: getattr(row, name) for name in ("allowed_paths", "allowed_methods", "operations")
    }
    if block.allowed_paths is not None and block.allowed_paths != patterns_of(row.allowed_paths):
        wanted["allowed_paths"] = "\n".join(block.allowed_paths)
    methods = [method.upper() for method in block.allowed_methods or ()]
    if methods and methods != methods_of(row.allowed_methods):
        wanted["allowed_methods"] = ", ".join(methods)
    if block.operations is not None and block.operations.splitlines() != row.operations.strip().splitlines():
        wanted["operations"] = block.operations
    return wanted


def _check_source(wanted: dict[str, object], *, path: Path, plan: Plan) -> None:
    """What would not work at all."""
    if not wanted["allowed_paths"]:
        plan.refuse((*path, "allowed_paths"), 'is missing: write at least one path, such as ["/orders", "/orders/*"]')
    if wanted["auth"] == HttpSource.Auth.HEADER:
        for key, missing in (("api_key", "a header needs a key"), ("header_name", "a header needs a name")):
            if not wanted[key]:
                plan.refuse((*path, key), f"is missing: {missing}")
    if wanted["auth"] == HttpSource.Auth.OAUTH2 and not wanted["oauth2"]:
        plan.refuse((*path, "auth"), "oauth2 needs a table [source.oauth2]")
