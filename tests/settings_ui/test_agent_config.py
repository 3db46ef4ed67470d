from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from agents.defaults import ensure_shipped_rows
from agents.models import AgentConfig, LanguageModel, Provider, RatePool, Wire
from agents.settings_resolution import effective, save
from tests.agents.rows import make_model

CLAUDE = "?provider=sandbox&model=sandbox-claude"
NAMES = ("max_output_tokens", "temperature", "max_iterations")


@pytest.fixture(autouse=True)
def _shipped(db: None, settings: Settings) -> None:
    settings.ANTHROPIC_API_KEY = settings.OPENAI_API_KEY = ""
    ensure_shipped_rows()


@pytest.fixture
def claude() -> LanguageModel:
    return LanguageModel.objects.select_related("provider").get(model_id="sandbox-claude")


def opened(client: Client, query: str = CLAUDE) -> dict[str, str]:
    """The names and values of the form as a browser would send it back untouched."""
    page = client.get(f"/settings/{query}")
    assert page.status_code == 200
    return fields_of(page.text)


def fields_of(text: str) -> dict[str, str]:
    form = text[text.index("data-settings>") :]
    inputs = [dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in re.findall(r"<input [^>]*>", form)]
    return {item["name"]: unescape(item["value"]) for item in inputs if "name" in item and "csrf" not in item["name"]}


def post(client: Client, form: dict[str, str], what: str = "save", query: str = CLAUDE) -> Any:
    return client.post(f"/settings/{what}/{query}", form)


def test_the_tab_shows_labels_ranges_defaults_and_sources(owner_client: Client) -> None:
    page = owner_client.get(f"/settings/{CLAUDE}").text
    for words in ("Agent Config", ">Max Output Tokens<", ">Temperature<", ">Max Iterations<"):
        assert words in page
    for words in ("1,000 to 100,000 tokens", "0.0 to 2.0", "1 to 25 model calls"):
        assert words in page
    assert "A higher value is kept here, and sent as 1." in page
    assert "sent as 1." not in owner_client.get("/settings/?provider=sandbox&model=sandbox-gpt").text
    for words in ("Default 8,192", "Default 0.7", "Default 15", "the default", "Changes apply from the next turn."):
        assert words in page


@pytest.mark.parametrize(
    ("kind", "wire", "tokens", "iterations"),
    [
        (Provider.Kind.SANDBOX, Wire.ANTHROPIC_MESSAGES, 8_192, 15),
        (Provider.Kind.SANDBOX, Wire.OPENAI_CHAT, 16_384, 15),
        (Provider.Kind.OPENAI_COMPATIBLE, Wire.OPENAI_CHAT, 4_096, 10),
    ],
)
def test_opening_and_saving_changes_nothing(
    owner_client: Client, owner: User, kind: str, wire: str, tokens: int, iterations: int
) -> None:
    model = make_model(slug="x", kind=kind, wire=wire, model_id="meta/llama:70b")
    query = "?provider=x&model=meta%2Fllama%3A70b"
    form = opened(owner_client, query)
    assert [form[name] for name in NAMES] == [str(tokens), "0.7", str(iterations)]

    assert post(owner_client, form, query=query).status_code == 302
    assert not AgentConfig.objects.exists()
    assert effective(user=owner, model=model).values.max_output_tokens == tokens


def test_only_what_was_touched_is_stored(owner_client: Client, owner: User, claude: LanguageModel) -> None:
    answer = post(owner_client, opened(owner_client) | {"temperature": "0"})
    assert answer["Location"] == "/settings/?provider=sandbox&model=sandbox-claude"
    row = AgentConfig.objects.get()
    assert (row.user, row.max_output_tokens, row.temperature, row.max_iterations) == (owner, None, 0.0, None)
    page = owner_client.get(answer["Location"]).text
    assert "Saved. It applies from the next turn on." in page
    assert "set by you" in page
    assert opened(owner_client)["temperature"] == "0.0"


@pytest.mark.parametrize("tokens", ["1000", "8193", "100000"])
def test_every_whole_number_of_the_range_can_be_saved(
    owner_client: Client, owner: User, claude: LanguageModel, tokens: str
) -> None:
    post(owner_client, opened(owner_client) | {"max_output_tokens": tokens})
    assert effective(user=owner, model=claude).values.max_output_tokens == int(tokens)
    assert opened(owner_client)["max_output_tokens"] == tokens


def test_a_value_between_the_sliders_steps_survives_open_and_save(
    owner_client: Client, owner: User, claude: LanguageModel
) -> None:
    save(user=owner, model=claude, changes={"temperature": 0.75, "max_output_tokens": 12_345})
    post(owner_client, opened(owner_client) | {"max_iterations": "3"})
    values = effective(user=owner, model=claude).values
    assert (values.temperature, values.max_output_tokens, values.max_iterations) == (0.75, 12_345, 3)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("max_output_tokens", "999"),
        ("max_output_tokens", "100001"),
        ("max_output_tokens", "1e3"),
        ("max_output_tokens", "١٢٣٤"),
        ("max_output_tokens", ""),
        ("temperature", "2.01"),
        ("temperature", "nan"),
        ("temperature", "0,7"),
        ("max_iterations", "0"),
        ("max_iterations", "26"),
        ("max_iterations", "5.0"),
        ("max_iterations", "5\0"),
    ],
)
def test_a_bad_value_is_refused_beside_its_field_and_what_was_typed_is_kept(
    owner_client: Client, name: str, text: str
) -> None:
    answer = post(
        owner_client, opened(owner_client) | {name: text, "temperature": text if name == "temperature" else "1.5"}
    )
    assert answer.status_code == 422
    assert f'id="{name}-error" role="alert" data-error>' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert fields_of(answer.text)["temperature"] == (text if name == "temperature" else "1.5")
    assert not AgentConfig.objects.exists()


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999"])
def test_a_form_without_its_version_is_refused(owner_client: Client, version: str) -> None:
    assert post(owner_client, opened(owner_client) | {"version": version, "temperature": "1"}).status_code == 422
    assert not AgentConfig.objects.exists()


def test_another_tabs_change_is_not_overwritten_unseen(
    owner_client: Client, owner: User, claude: LanguageModel
) -> None:
    stale = opened(owner_client)
    save(user=owner, model=claude, changes={"max_iterations": 20})

    answer = post(owner_client, stale | {"temperature": "0.3"})
    assert answer.status_code == 409
    assert "changed elsewhere" in answer.text
    kept = fields_of(answer.text)
    assert (kept["temperature"], kept["max_iterations"]) == ("0.3", "20")
    assert effective(user=owner, model=claude).values.temperature == 0.7

    assert post(owner_client, kept).status_code == 302
    values = effective(user=owner, model=claude).values
    assert (values.temperature, values.max_iterations) == (0.3, 20)


def test_an_untouched_field_is_not_taken_for_a_change_when_the_organisation_moves(
    owner_client: Client, owner: User, claude: LanguageModel
) -> None:
    form = opened(owner_client)
    save(user=None, model=claude, changes={"max_output_tokens": 30_000})
    post(owner_client, form | {"temperature": "0.3"})
    assert AgentConfig.objects.get(user=owner).max_output_tokens is None
    page = owner_client.get(f"/settings/{CLAUDE}").text
    assert "set by your organisation" in page


def test_reset_removes_mine_alone(owner_client: Client, owner: User, member: User, claude: LanguageModel) -> None:
    assert re.search(r"<button[^>]*reset[^>]*disabled", owner_client.get(f"/settings/{CLAUDE}").text)
    for person in (owner, member):
        save(user=person, model=claude, changes={"max_iterations": 3})
    assert post(owner_client, {}, "reset").status_code == 302
    assert effective(user=owner, model=claude).values.max_iterations == 15
    assert effective(user=member, model=claude).values.max_iterations == 3


def test_settings_are_private(owner_client: Client, member_client: Client) -> None:
    post(owner_client, opened(owner_client) | {"max_output_tokens": "54321"})
    assert opened(member_client)["max_output_tokens"] == "8192"


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    assert client.get("/settings/")["Location"] == "/login/?next=/settings/"
    for what in ("save", "reset"):
        assert post(client, {"temperature": "1"}, what).status_code == 302
    assert not AgentConfig.objects.exists()


def test_a_form_of_another_site_changes_nothing(owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    for what in ("save", "reset"):
        assert post(client, {"temperature": "1"}, what).status_code == 403


def test_the_pickers_offer_what_can_be_used(owner_client: Client, settings: Settings) -> None:
    assert "Anthropic" not in owner_client.get("/settings/").text
    settings.ANTHROPIC_API_KEY = "k"
    page = owner_client.get("/settings/").text
    assert '<option value="anthropic" selected>' in page
    assert '<option value="claude-sonnet-4-6" selected>' in page
    assert "sandbox-gpt" not in page


def test_choosing_a_provider_without_scripts_shows_its_first_model(owner_client: Client) -> None:
    page = owner_client.get("/settings/?provider=sandbox&model=claude-sonnet-4-6").text
    assert '<option value="sandbox-claude" selected>' in page
    assert owner_client.get("/settings/?provider=nope").status_code == 404
    assert post(owner_client, {}, query="?provider=nope").status_code == 404


def test_without_any_model_the_page_says_what_to_do(owner_client: Client, staff_client: Client) -> None:
    Provider.objects.update(enabled=False)
    assert "ask an admin" in owner_client.get("/settings/").text
    assert "/admin/agents/provider/" in staff_client.get("/settings/").text
    assert post(owner_client, {}).status_code == 404


def test_a_rate_limit_shows_what_the_value_means(owner_client: Client, claude: LanguageModel) -> None:
    pool = RatePool.objects.create(provider=claude.provider, name="all", input_tokens_per_minute=40_000)
    LanguageModel.objects.filter(pk=claude.pk).update(pool=pool)
    page = owner_client.get(f"/settings/{CLAUDE}").text
    assert "40,000 input tokens a minute" in page
    assert 'data-tokens-a-minute="40000">4</output>' in page


def test_names_are_shown_as_text(owner_client: Client) -> None:
    make_model(slug="x", model_id="<img src=x onerror=alert(1)>")
    page = owner_client.get("/settings/?provider=x").text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
