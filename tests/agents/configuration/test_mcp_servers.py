"""`[[mcp_server]]`: what a file does to servers and grants, and back."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import AuditEntry
from agents import secrets
from agents.mcp.definition import Definition
from agents.mcp.grants import granted_to
from agents.mcp.reading import keep
from agents.mcp_rows import McpGrant, McpServer, McpTool
from agents.models import AgentCopy
from tests.agents.configuration.files import dump, load, refusal
from tests.agents.mcp.everything import everything

pytestmark = pytest.mark.django_db

GIT = """
[[mcp_server]]
slug = "git"
name = "Git"
url = "https://mcp.example.com/mcp?toolsets=a,b"
api_key = "env:GIT_TOKEN"
headers = { X-MCP-Readonly = "true" }

[[mcp_server.grant]]
agent = "smart"
tool = "search"
policy = "allow"

[[mcp_server.grant]]
agent = "datadog-champion"
tool = "search"
"""
IDP = """
[mcp_server.oauth2]
token_url = "https://idp.example.com/token"
client_id = "reader"
client_secret = "canary-client-secret-77"
"""


@pytest.fixture(scope="module")
def reference() -> Iterator[str]:
    with everything() as url:
        yield url


def server() -> McpServer:
    return McpServer.objects.get(slug="git")


def grants() -> dict[tuple[str, str], str]:
    return {(grant.tool.name, grant.agent): grant.policy for grant in McpGrant.objects.select_related("tool")}


def test_a_server_and_its_grants_arrive(tmp_path: Path) -> None:
    printed = load(tmp_path, GIT)
    row = server()
    assert (row.name, row.url, row.auth) == ("Git", "https://mcp.example.com/mcp?toolsets=a,b", "header")
    assert (row.header_name, row.header_scheme, row.api_key) == ("Authorization", "Bearer", "env:GIT_TOKEN")
    assert row.headers == {"X-MCP-Readonly": "true"}
    assert grants() == {("search", "smart"): "allow", ("search", "datadog-champion"): "ask"}
    assert "+ MCP server git" in printed
    assert "+ MCP tool git/search for smart" in printed
    assert "MCP server git offers nothing yet: manage.py read_mcp_tools git reads its tools" in printed
    assert AuditEntry.objects.filter(door="config", action="created").count() == 4


def test_a_tool_that_was_only_named_is_offered_once_it_was_read(tmp_path: Path) -> None:
    load(tmp_path, GIT)
    assert granted_to("smart") == ()
    keep(server().pk, {"search": Definition(description="Searches.", parameters={"type": "object"})})
    assert [one.description for one in granted_to("smart")] == ["Searches."]
    assert "0 new, 0 changed, 3 as before." in load(tmp_path, GIT)
    assert McpTool.objects.count() == 1


def test_what_is_dumped_changes_nothing_when_it_is_loaded_again(tmp_path: Path) -> None:
    load(tmp_path, GIT + IDP)
    dumped = dump()
    assert 'url = "https://mcp.example.com/mcp?toolsets=a,b"' in dumped
    assert 'client_secret = "keep:"  # stored encrypted' in dumped
    assert "canary" not in dumped
    assert " 0 new, 0 changed," in f" {load(tmp_path, dumped)}"
    assert secrets.read(server().oauth2["client_secret"]) == "canary-client-secret-77"


def test_a_grant_is_changed_and_one_that_is_left_out_stays(tmp_path: Path) -> None:
    load(tmp_path, GIT)
    load(
        tmp_path, '[[mcp_server]]\nslug = "git"\n[[mcp_server.grant]]\nagent = "smart"\ntool = "search"\npolicy = "off"'
    )
    assert grants() == {("search", "smart"): "off", ("search", "datadog-champion"): "ask"}
    assert server().api_key == "env:GIT_TOKEN"


def test_an_empty_oauth2_takes_it_away(tmp_path: Path) -> None:
    load(tmp_path, GIT + IDP)
    load(tmp_path, '[[mcp_server]]\nslug = "git"\nauth = "header"\noauth2 = {}')
    assert (server().oauth2, server().auth) == ({}, "header")


OWN = """
[[agent]]
slug = "night-watch"
based_on = "datadog-champion"
name = "Night Watch"
enabled = false

[[mcp_server]]
slug = "git"
[[mcp_server.grant]]
agent = "night-watch"
tool = "search"
policy = "allow"
"""


def test_a_grant_is_for_an_agent_of_ones_own_switched_off_or_not(tmp_path: Path) -> None:
    load(tmp_path, GIT)
    load(tmp_path, OWN)
    assert grants()["search", "night-watch"] == "allow"
    assert " 0 new, 0 changed," in f" {load(tmp_path, dump())}"
    AgentCopy.objects.all().delete()
    assert "night-watch" not in dump(), "a file that could not be loaded"
    assert " 0 new, 0 changed," in f" {load(tmp_path, dump())}"


MOVED = '[[mcp_server]]\nslug = "git"\nurl = "https://evil.example/mcp"\n'
KEYED = GIT.replace('X-MCP-Readonly = "true"', 'X-Org-Key = "env:ORG_KEY"')
IDP_ELSEWHERE = '[[mcp_server]]\nslug = "git"\n' + IDP.strip().replace("idp.", "evil.").replace(
    "canary-client-secret-77", "keep:"
)


@pytest.mark.parametrize(
    ("stored", "text", "told"),
    [
        (GIT, MOVED, "line 3: url leads elsewhere, where the stored api_key must not go"),
        (GIT, f'{MOVED}api_key = "keep:"', "line 3: url leads elsewhere, where the stored api_key must not go"),
        (GIT + IDP, f'{MOVED}api_key = ""', "line 3: url leads elsewhere, where the stored client_secret must not go"),
        (GIT + IDP, IDP_ELSEWHERE, "line 4: token_url leads elsewhere, where the stored client_secret must not go"),
        (KEYED, f'{MOVED}api_key = ""', "line 3: url leads elsewhere, where the stored header X-Org-Key must not go"),
    ],
)
def test_a_stored_secret_does_not_follow_an_address(tmp_path: Path, stored: str, text: str, told: str) -> None:
    load(tmp_path, stored)
    before = McpServer.objects.values().get()
    assert told in refusal(tmp_path, text)
    assert McpServer.objects.values().get() == before


def test_a_secret_that_is_written_again_goes_with_the_address(tmp_path: Path) -> None:
    load(tmp_path, KEYED)
    load(tmp_path, f'{MOVED}api_key = "env:OTHER"\nheaders = {{ X-Org-Key = "env:ORG_KEY" }}')
    assert (server().url, server().api_key) == ("https://evil.example/mcp", "env:OTHER")
    load(tmp_path, '[[mcp_server]]\nslug = "git"\nurl = "https://evil.example/mcp?toolsets=b"')
    assert server().url.endswith("?toolsets=b"), "the same place"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('slug = "my_git"\nurl = "https://a.example/mcp"', "slug must have no underscore"),
        ('slug = "git"', "url is missing"),
        ('slug = "git"\nurl = "http://a.example/mcp"', "url is plain http"),
        ('slug = "git"\nurl = "https://a.example/mcp?token=x"', "url must not hold a secret"),
        ('slug = "git"\nurl = "https://a.example/mcp"\nauth = "oauth2"', "auth oauth2 needs a table"),
        ('slug = "git"\nurl = "https://a.example/mcp"\nauth = "header"', "auth header needs an api_key"),
        ('slug = "git"\nurl = "https://a.example/mcp"\nheader_name = "Host"', "header_name this header belongs"),
        ('slug = "git"\nurl = "https://a.example/mcp"\nheaders = { DD_API_KEY = "plain" }', "looks like a secret"),
        ('slug = "git"\nurl = "https://a.example/mcp"\napi_key = "keep:"', "there is none"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(tmp_path, f"[[mcp_server]]\n{text}\n")
    assert not McpServer.objects.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('agent = "nobody"\ntool = "search"', "agent must be one of smart"),
        ('agent = "smart"\ntool = "search"\npolicy = "always"', "policy must be one of off, ask, allow"),
        ('agent = "smart"\ntool = ""', "tool must not be empty"),
        ('agent = "smart"\ntool = "search"', "tool names a tool that this agent has a grant for already"),
    ],
)
def test_mistakes_in_a_grant_are_told(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(tmp_path, f"{GIT}\n[[mcp_server.grant]]\n{text}\n")
    assert not McpServer.objects.exists()


def test_a_command_reads_the_tools(tmp_path: Path, settings: Settings, reference: str) -> None:
    settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]
    load(tmp_path, f'[[mcp_server]]\nslug = "ref"\nurl = "{reference}"\n')
    out = StringIO()
    call_command("read_mcp_tools", stdout=out)
    assert "ref: 13 tools, 13 new" in out.getvalue()
    with pytest.raises(CommandError, match="There is no MCP server other"):
        call_command("read_mcp_tools", "other")
    McpServer.objects.update(url="https://mcp.invalid/mcp")
    with pytest.raises(CommandError, match="These did not answer, and stay as they were: ref"):
        call_command("read_mcp_tools", stderr=StringIO())
    assert McpTool.objects.filter(is_missing=False).count() == 13
