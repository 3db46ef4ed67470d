"""What agents use, and what is made of them, in a configuration file: Datadog connections, HTTP sources, agents."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from accounts.models import AuditEntry
from agents import secrets
from agents.defaults import ensure_shipped_rows
from agents.models import AgentCopy, DatadogConnection, HttpSource
from agents.roster import ROSTER, agent_named, shipped
from tests.agents.configuration.files import dump, everything, load, mistakes, refusal
from tests.agents.rows import make_model

CANARY = "canary-of-a-tool-0123456789"
TEXT = f"""\
[[datadog]]
slug = "eu"
site = "datadoghq.eu"
api_key = "{CANARY}"
application_key = "env:DD_APP_KEY"

[[source]]
slug = "orders"
base_url = "https://orders.example.com/api"
auth = "header"
header_scheme = ""
api_key = "{CANARY}"
allowed_paths = ["/orders", "/orders/*"]
allowed_methods = ["get", "HEAD"]
operations = \"\"\"
GET /orders: "all" of \\\\them
GET /orders/ID\"\"\"

[[source]]
slug = "stock"
base_url = "https://stock.example.com"
auth = "oauth2"
allowed_paths = ["/**"]
[source.oauth2]
token_url = "https://idp.example.com/token"
client_id = "reader"
client_secret = "{CANARY}"

[[agent]]
slug = "datadog-champion"
instructions = \"\"\"
You are a detective.
Ask "why"?\"\"\"
tools_off = ["datadog_monitors", "calculate"]

[[agent]]
slug = "night-watch"
based_on = "datadog-champion"
name = "Night Watch"
starters = ["Is all quiet?"]
enabled = false
"""

pytestmark = pytest.mark.django_db


def agent(**values: Any) -> str:
    lines = (f"{name} = {value!r}".replace("True", "true").replace("False", "false") for name, value in values.items())
    return "\n".join(["[[agent]]", *lines, ""])


def test_it_is_stored_as_the_admin_stores_it(tmp_path: Path) -> None:
    assert "5 new, 0 changed" in load(tmp_path, TEXT)
    account, orders = DatadogConnection.objects.get(), HttpSource.objects.get(slug="orders")
    assert (account.name, account.site, account.application_key) == ("eu", "datadoghq.eu", "env:DD_APP_KEY")
    assert secrets.read(account.api_key) == CANARY == secrets.read(orders.api_key)
    assert (orders.allowed_paths, orders.allowed_methods) == ("/orders\n/orders/*", "GET, HEAD")
    assert (orders.header_name, orders.header_scheme) == ("Authorization", "")
    assert orders.operations == 'GET /orders: "all" of \\them\nGET /orders/ID'
    stock = HttpSource.objects.get(slug="stock")
    assert secrets.read(stock.oauth2["client_secret"]) == CANARY
    champion = agent_named("datadog-champion")
    assert champion is not None
    assert champion.instructions == 'You are a detective.\nAsk "why"?'
    assert {"datadog_monitors", "calculate"} & {spec.name for spec in champion.tools.specs} == set()
    assert agent_named("night-watch") is None
    assert AuditEntry.objects.filter(action="created").count() == 5


def test_no_secret_comes_out_and_the_dump_changes_nothing(tmp_path: Path) -> None:
    printed = load(tmp_path, TEXT, "--dry-run")
    assert not everything()["agents.HttpSource"]
    printed += load(tmp_path, TEXT)
    once, rows = dump(), everything()
    assert "0 new, 0 changed" in load(tmp_path, TEXT)
    assert "0 new, 0 changed" in load(tmp_path, once)
    assert (dump(), everything()) == (once, rows)
    told = printed + once + str(rows)
    assert CANARY not in told
    assert "sealed:" not in printed + once
    assert 'application_key = "env:DD_APP_KEY"' in once
    assert once.count('= "keep:"  # stored encrypted') == 3
    assert 'instructions = """\nYou are a detective.\nAsk \\"why\\"?"""' in once


def test_an_installation_with_what_is_shipped_dumps_and_loads(tmp_path: Path) -> None:
    ensure_shipped_rows()
    HttpSource.objects.update(operations="GET /orders\r\n\r\nGET /payments\r\n", allowed_paths="/orders\r\n\r\n /b ")
    rows = everything()
    assert "0 new, 0 changed" in load(tmp_path, dump())
    assert everything() == rows
    assert {block["slug"] for block in tomllib.loads(dump())["datadog"]} == {"sandbox"}


def test_what_is_left_out_of_a_connection_stays(tmp_path: Path) -> None:
    load(tmp_path, TEXT)
    load(tmp_path, '[[datadog]]\nslug = "eu"\nposition = 7\n[[source]]\nslug = "orders"\nenabled = false\n')
    account, orders = DatadogConnection.objects.get(), HttpSource.objects.get(slug="orders")
    assert (account.position, account.site, secrets.read(account.api_key)) == (7, "datadoghq.eu", CANARY)
    assert (orders.enabled, orders.allowed_methods, secrets.read(orders.api_key)) == (False, "GET, HEAD", CANARY)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TEXT.replace("datadoghq.eu", "datadoghq.com").replace(CANARY, "keep:"), "line 3: site leads elsewhere"),
        ('[[datadog]]\nslug = "eu"\nbase_url = "https://evil.example"\n', "line 3: base_url leads elsewhere"),
        ('[[source]]\nslug = "orders"\nbase_url = "https://evil.example"\n', "line 3: base_url leads elsewhere"),
        ('[[source]]\nslug = "stock"\nbase_url = "https://evil.example"\n', "the stored client_secret must not go"),
        (TEXT.replace("idp.", "evil.").replace(CANARY, "keep:"), "line 25: token_url leads elsewhere"),
    ],
)
def test_a_stored_secret_does_not_follow_an_address(tmp_path: Path, text: str, told: str) -> None:
    load(tmp_path, TEXT)
    assert told in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[datadog]]\nslug = "x"\n', "api_key is missing: Datadog wants an API key and an application key"),
        ('[[source]]\nslug = "x"\n', "allowed_paths is missing"),
        (
            '[[source]]\nslug = "x"\nauth = "header"\nallowed_paths = ["/"]\n',
            "api_key is missing: a header needs a key",
        ),
        ('[[source]]\nslug = "x"\nauth = "oauth2"\nallowed_paths = ["/"]\n', "oauth2 needs a table [source.oauth2]"),
        ('[[datadog]]\nslug = "x"\nenabled = false\napi_key = "keep:"\n', "there is none: write env:NAME"),
        (agent(slug="own", name="Own"), "based_on must be one of smart, datadog-champion, api-correlator"),
        (agent(slug="own", based_on="smart"), "name is missing: an agent of your own needs a name of its own"),
        (agent(slug="own", based_on="smart", name="API Correlator"), "name is another agent's name, too"),
        (agent(slug="smart", based_on="api-correlator"), "slug is a shipped agent's: edit that one"),
        (agent(slug="smart", tools_off=["correlat"]), "tools_off names correlat, which is no tool of smart"),
        (agent(slug="smart", tools_off=["recall"]), "recall stays: no agent is without it"),
    ],
)
def test_what_could_not_work_is_refused(tmp_path: Path, text: str, told: str) -> None:
    assert told in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[source]]\nslug = "x"\npassword = "p"\n', "line 3: password is not a known key"),
        (
            '[[source]]\nslug = "x"\nallowed_paths = ["orders"]\n',
            "line 3: allowed_paths is refused: 'orders' is no path",
        ),
        ('[[source]]\nslug = "x"\nallowed_methods = ["BREW"]\n', "line 3: allowed_methods is refused: Write some of"),
        ('[[source]]\nslug = "x"\nheader_name = "Host"\n', "line 3: header_name is refused: This header belongs"),
        (f'[[source]]\nslug = "x"\noperations = "{"x" * 1001}"\n', "operations must have at most 1000 characters"),
        ('[[datadog]]\nslug = "x"\nsite = "mars"\n', "line 3: site must be one of datadoghq.com"),
        ('[[datadog]]\nslug = "x"\nbase_url = "http://169.254.169.254"\n', "line 3: base_url"),
        ('[[datadog]]\nslug = "x"\n[[datadog]]\nslug = "x"\n', "line 4: slug names one [[datadog]] that stands in"),
        (
            '[[agent]]\nslug = "smart"\nenabled = false\n',
            "line 3: enabled must be true: this is the agent that answers",
        ),
        ('[[agent]]\nslug = "smart"\ninstructions = "\\u0000"\n', "instructions must not hold the control character"),
        (f'[[agent]]\nslug = "smart"\ninstructions = "{"x" * 20001}"\n', "must have at most 20000 characters"),
        ('[[agent]]\nslug = "smart"\nstarters = ["1","2","3","4","5","6","7"]\n', "must have at most 6 entries"),
    ],
)
def test_a_mistake_is_told_by_its_line(text: str, told: str) -> None:
    assert told in "\n".join(mistakes(text))


def test_a_long_text_is_told_by_the_lines_that_changed(tmp_path: Path) -> None:
    load(tmp_path, TEXT)
    told = load(tmp_path, TEXT.replace("You are a detective.", "You are a judge."))
    assert '    instructions:\n      - "You are a detective."\n      + "You are a judge."\n' in told
    assert "version" not in told
    row = AgentCopy.objects.get(slug="datadog-champion")
    assert row.version == 2


def test_an_agent_says_everything_so_its_slug_alone_undoes_what_was_edited(tmp_path: Path) -> None:
    load(tmp_path, TEXT)
    load(tmp_path, agent(slug="datadog-champion"))
    edited, base = agent_named("datadog-champion"), shipped("datadog-champion")
    assert edited is not None
    assert base is not None
    assert (edited.instructions, edited.tools.specs) == (base.instructions, base.tools.specs)


def test_what_is_written_as_shipped_follows_the_shipped_agent(tmp_path: Path) -> None:
    base = ROSTER[0]
    load(tmp_path, agent(slug="smart", name=base.name, description=base.description))
    row = AgentCopy.objects.get()
    assert (row.name, row.description) == ("", "")


def test_the_shipped_text_that_instructions_were_written_from_is_noted_when_they_change(tmp_path: Path) -> None:
    load(tmp_path, agent(slug="smart", instructions="One."))
    AgentCopy.objects.update(shipped_instructions="of an older version")
    load(tmp_path, agent(slug="smart", instructions="One.", description="Other."))
    assert AgentCopy.objects.get().shipped_instructions == "of an older version"
    load(tmp_path, agent(slug="smart", instructions="Two."))
    assert AgentCopy.objects.get().shipped_instructions == ROSTER[0].instructions


def test_a_tool_of_an_older_version_that_is_off_already_is_no_mistake(tmp_path: Path) -> None:
    AgentCopy.objects.create(slug="smart", based_on="smart", tools_off=["retired"])
    assert "0 new, 0 changed" in load(tmp_path, dump())


def test_an_agent_that_takes_too_much_is_loaded_and_noted(tmp_path: Path) -> None:
    make_model()
    told = load(tmp_path, agent(slug="smart", instructions="Look at the logs first. " * 500))
    assert "Note: Smart Agent takes up to" in told
    assert AgentCopy.objects.exists()
