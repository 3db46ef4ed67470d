"""The page that explains configuration files is right: its example loads, and it names every key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pytest_django import Settings

from agents.configuration.agent_block import AgentBlock
from agents.configuration.connection_blocks import DatadogBlock, SourceBlock
from agents.configuration.oauth2_block import OAuth2Block
from agents.configuration.schema import (
    AgentConfigBlock,
    CapabilitiesBlock,
    McpGrantBlock,
    McpServerBlock,
    ModelBlock,
    PoolBlock,
    ProviderBlock,
    SettingRuleBlock,
)
from agents.mcp_rows import McpServer
from agents.models import Provider
from tests.agents.configuration.files import dump, load

PAGE = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()


@pytest.mark.django_db
def test_the_example_loads_and_its_dump_is_a_no_op(tmp_path: Path) -> None:
    example = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(example) == 1
    printed = load(tmp_path, example[0])
    assert "\n15 new, 0 changed, 0 as before.\n" in printed
    assert "\n0 new, 0 changed, 14 as before.\n" in "\n" + load(tmp_path, dump())


def test_every_key_is_explained() -> None:
    settings = (ProviderBlock, OAuth2Block, PoolBlock, ModelBlock, AgentConfigBlock, SettingRuleBlock)
    blocks = (*settings, DatadogBlock, SourceBlock, AgentBlock, McpServerBlock, McpGrantBlock)
    keys = {key for block in blocks for key in block.model_fields} - {"pool", "model", "grant"}
    assert [key for key in sorted(keys) if f"`{key}`" not in PAGE] == []
    abilities = (Path(__file__).parents[3] / "docs" / "capabilities.md").read_text()
    assert [key for key in CapabilitiesBlock.model_fields if f"`{key}`" not in abilities] == []
    assert "`[[provider.pool]]`" in PAGE
    assert "`[[provider.model]]`" in PAGE


@pytest.mark.django_db
def test_every_example_of_the_providers_page_loads(tmp_path: Path, settings: Settings) -> None:
    settings.EGRESS_ALLOW_PRIVATE = ["gpu-1.internal", "localhost"]
    page = (Path(__file__).parents[3] / "docs" / "providers.md").read_text()
    examples = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    for example in examples:
        load(tmp_path, example)
    assert set(Provider.objects.values_list("slug", flat=True)) == {"azure", "vllm", "litellm", "ollama", "house"}
    assert Provider.objects.get(slug="house").auth == "oauth2"
    assert Provider.objects.get(slug="ollama").auth == "none"


@pytest.mark.django_db
def test_every_example_of_the_page_on_mcp_servers_loads(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "mcp.md").read_text()
    for example in re.findall(r"```toml\n(.*?)```", page, re.DOTALL):
        load(tmp_path, example)
    assert set(McpServer.objects.values_list("slug", "auth")) == {("datadog", "header"), ("github", "header")}
