"""Configuration files for tests, and what loading them says."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import models

from accounts.models import AuditEntry
from agents.configuration.dumping import dumped
from agents.configuration.reading import checked, explained, parse
from agents.configuration.refusal import ConfigurationRefused
from agents.mcp_rows import McpGrant, McpServer, McpTool
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

EXAMPLE = """\
[[provider]]
slug = "anthropic"
kind = "anthropic"                     # anthropic | openai | openai_compatible | sandbox
base_url = "https://api.anthropic.com"
api_key = "env:ANTHROPIC_API_KEY"      # env:NAME, file:PATH, or a literal (stored encrypted)
headers = { "x-team" = "payments" }
[provider.oauth2]                      # instead of api_key: OAuth2 client credentials
token_url = "https://idp.example.com/oauth2/token"
client_id = "tokenproject"
client_secret = "env:GATEWAY_SECRET"
scope = "llm.invoke"
audience = "llm"
client_auth = "basic"                  # basic | body
[[provider.pool]]                      # limits; several models may share one
name = "sonnet"
requests_per_minute = 50
input_tokens_per_minute = 40000
output_tokens_per_minute = 8000        # or tokens_per_minute = ... where a provider counts both together
count_cached_input = false
[[provider.model]]
id = "claude-sonnet-5-5"
name = "Claude Sonnet 5.5"
pool = "sonnet"
context_window = 1000000
max_output_tokens = 128000
[[agent_config]]
provider = "anthropic"
model = "claude-sonnet-5-5"
max_output_tokens = 8192
temperature = 0.7
max_iterations = 15
"""
"""Every key of the documented interface."""

GATEWAY = """\
[[provider]]
slug = "gateway"
kind = "openai_compatible"
base_url = "https://gateway.example.com/v1"
api_key = "env:GATEWAY_KEY"
headers = { "x-team" = "payments" }

[[provider.pool]]
name = "shared"
requests_per_minute = 50
input_tokens_per_minute = 40000
output_tokens_per_minute = 8000

[[provider.model]]
id = "vendor/model:free"
name = "The Model"
pool = "shared"
context_window = 128000
max_output_tokens = 16000

[[agent_config]]
provider = "gateway"
model = "vendor/model:free"
max_output_tokens = 8192
temperature = 0.7
max_iterations = 15
effort = "high"

[[setting_rule]]
setting = "max_iterations"
maximum = 20
"""
_ROWS: tuple[type[models.Model], ...] = (
    Provider,
    RatePool,
    LanguageModel,
    AgentConfig,
    SettingRule,
    McpServer,
    McpTool,
    McpGrant,
    DatadogConnection,
    HttpSource,
    AgentCopy,
    AuditEntry,
)


def mistakes(text: str) -> list[str]:
    """What is wrong with the file alone: `["line 3: kind is missing"]`."""
    document = None
    try:
        document = parse(text.encode())
        checked(document)
    except ConfigurationRefused as refused:
        told = explained(refused, name="f", document=document)
        return [line.removeprefix("f, ") for line in told.splitlines()]
    return []


def load(folder: Path, text: str | bytes, *options: str) -> str:
    """What `load_config` prints."""
    file = folder / "config.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    out = StringIO()
    call_command("load_config", str(file), *options, stdout=out)
    return out.getvalue()


def refusal(folder: Path, text: str | bytes, *options: str) -> str:
    """What `load_config` says when it refuses; it must have changed nothing."""
    before = everything()
    with pytest.raises(CommandError) as refused:
        load(folder, text, *options)
    assert refused.value.returncode == 1
    assert everything() == before
    return str(refused.value).replace(str(folder / "config.toml"), "f")


def dump() -> str:
    return dumped()


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row that a file could change, whole."""
    return {row._meta.label: list(row._default_manager.order_by("pk").values()) for row in _ROWS}
