"""What the tab shows, and what saving it stores."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import AuditEntry, User
from agents.models import AgentConfig, LanguageModel, Provider, Wire
from agents.settings_resolution import effective, save
from tests.agents.rows import make_model
from tests.settings_ui.tab_page import ADVANCED, CLAUDE, NAMES, card, chosen, fields_of, opened, page, post, words

pytestmark = pytest.mark.usefixtures("shipped")


def test_the_tab_shows_labels_units_ranges_and_defaults(owner_client: Client) -> None:
    text = page(owner_client)
    for label in ("Max Output Tokens", "Temperature", "Max Iterations"):
        assert f">{label}</label>" in text
    for name, said in [
        ("max_output_tokens", "1,000 to 100,000 tokens"),
        ("max_output_tokens", "no model call carries more input than this"),
        ("max_output_tokens", "default Default 8,192"),
        ("temperature", "0.0 to 2.0"),
        ("temperature", "default Default 0.7"),
        ("max_iterations", "1 to 25 model calls"),
        ("max_iterations", "default Default 15"),
        ("last_messages", "1 to 200"),
    ]:
        assert said in card(text, name)


def test_the_advanced_settings_say_in_words_what_0_stands_for(owner_client: Client) -> None:
    text = page(owner_client)
    assert "No cap" in card(text, "max_age_minutes")
    for name in ("context_token_limit", "response_token_limit"):
        assert "As Max Output Tokens says 8,192" in card(text, name)
    form = opened(owner_client)
    assert (form["max_age_minutes"], form["max_age_minutes-cap"]) == ("", "none")
    assert (form["last_messages"], form["last_messages-cap"]) == ("20", "own")


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
    assert not AuditEntry.objects.exists()
    assert effective(user=owner, model=model).stored.max_output_tokens == tokens


def test_only_what_was_touched_is_stored(owner_client: Client, owner: User) -> None:
    answer = post(owner_client, opened(owner_client) | {"temperature": "0"})
    assert answer["Location"] == "/settings/?provider=sandbox&model=sandbox-claude"
    row = AgentConfig.objects.get()
    assert (row.user, row.max_output_tokens, row.temperature, row.max_iterations) == (owner, None, 0.0, None)
    assert {getattr(row, name) for name in ADVANCED} == {None}

    text = page(owner_client)
    assert "Saved. It applies from the next turn on." in words(text)
    assert "your setting Default 0.7 Yours 0.0 not saved yet" in card(text, "temperature")
    assert fields_of(text)["temperature"] == "0.0"


def test_a_save_is_in_the_audit_log(owner_client: Client, owner: User) -> None:
    post(owner_client, opened(owner_client) | {"temperature": "0.2"})
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.door, entry.changes) == (owner, AuditEntry.Door.PAGE, {"temperature": [None, 0.2]})


@pytest.mark.parametrize("tokens", ["1000", "4096", "8193", "16384", "100000"])
def test_every_whole_number_of_the_range_can_be_saved(
    owner_client: Client, owner: User, claude: LanguageModel, tokens: str
) -> None:
    post(owner_client, opened(owner_client) | {"max_output_tokens": tokens})
    assert effective(user=owner, model=claude).stored.max_output_tokens == int(tokens)
    assert opened(owner_client)["max_output_tokens"] == tokens
    post(owner_client, opened(owner_client))
    assert effective(user=owner, model=claude).stored.max_output_tokens == int(tokens)


def test_a_value_between_the_sliders_steps_survives_open_and_save(
    owner_client: Client, owner: User, claude: LanguageModel
) -> None:
    save(user=owner, model=claude, changes={"temperature": 0.75, "max_output_tokens": 12_345})
    post(owner_client, opened(owner_client) | {"max_iterations": "3"})
    values = effective(user=owner, model=claude).stored
    assert (values.temperature, values.max_output_tokens, values.max_iterations) == (0.75, 12_345, 3)


@pytest.mark.parametrize(
    ("entries", "stored"),
    [
        ({"last_messages-cap": "none"}, {"last_messages": 0}),
        ({"last_messages": "7"}, {"last_messages": 7}),
        ({"last_messages": "0"}, {"last_messages": 0}),
        ({"max_age_minutes-cap": "own", "max_age_minutes": "10080"}, {"max_age_minutes": 10_080}),
        ({"context_token_limit-cap": "own", "context_token_limit": "1000"}, {"context_token_limit": 1_000}),
        ({"context_token_limit-cap": "none", "context_token_limit": "5000"}, {}),
        ({"response_token_limit-cap": "own", "response_token_limit": "64000"}, {"response_token_limit": 64_000}),
    ],
)
def test_an_advanced_setting_is_a_number_or_what_0_stands_for(
    owner_client: Client, entries: dict[str, str], stored: dict[str, int]
) -> None:
    assert post(owner_client, opened(owner_client) | entries).status_code == 302
    rows = AgentConfig.objects.values(*ADVANCED)
    assert [row | stored for row in rows] == list(rows)
    assert len(rows) == bool(stored)


def test_an_own_cap_can_be_given_up_again(owner_client: Client, owner: User, claude: LanguageModel) -> None:
    save(user=owner, model=claude, changes={"context_token_limit": 5_000})
    form = opened(owner_client)
    assert (form["context_token_limit"], form["context_token_limit-cap"]) == ("5000", "own")
    post(owner_client, form | {"context_token_limit-cap": "none"})
    assert AgentConfig.objects.get().context_token_limit == 0


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
        ("last_messages", "201"),
        ("last_messages", ""),
    ],
)
def test_a_bad_value_is_refused_beside_its_field_and_what_was_typed_is_kept(
    owner_client: Client, name: str, text: str
) -> None:
    answer = post(
        owner_client, opened(owner_client) | {"max_age_minutes-cap": "own", "max_age_minutes": "5"} | {name: text}
    )
    assert answer.status_code == 422
    said = card(answer.text, name)
    assert "must be" in said
    assert ("25" in said) == (name == "max_iterations")
    assert 'aria-invalid="true"' in answer.text
    kept = fields_of(answer.text)
    assert kept[name] == text
    assert (kept["max_age_minutes"], kept["max_age_minutes-cap"]) == ("5", "own")
    assert "2 unsaved changes" in words(answer.text)
    assert not AgentConfig.objects.exists()


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999"])
def test_a_form_without_its_version_is_refused(owner_client: Client, version: str) -> None:
    assert post(owner_client, opened(owner_client) | {"version": version, "temperature": "1"}).status_code == 422
    assert not AgentConfig.objects.exists()


def test_settings_are_private(owner_client: Client, member_client: Client) -> None:
    post(owner_client, opened(owner_client) | {"max_output_tokens": "54321"})
    assert opened(member_client)["max_output_tokens"] == "8192"


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    assert client.get("/settings/")["Location"] == "/login/?next=/settings/"
    for what in ("save", "reset", "copy", "preview"):
        assert post(client, {"temperature": "1"}, what).status_code == 302
    assert not AgentConfig.objects.exists()


def test_coming_back_to_the_address_of_a_form_shows_the_page(owner_client: Client) -> None:
    for what in ("save", "reset", "copy"):
        assert owner_client.get(f"/settings/{what}/{CLAUDE}")["Location"] == f"/settings/{CLAUDE}"


def test_a_form_of_another_site_changes_nothing(owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    for what in ("save", "reset", "copy", "preview"):
        assert post(client, {"temperature": "1"}, what).status_code == 403


def test_the_pickers_offer_what_can_be_used(owner_client: Client, settings: Settings) -> None:
    assert "Anthropic" not in page(owner_client, "")
    settings.ANTHROPIC_API_KEY = "k"
    text = page(owner_client, "")
    assert chosen(text) == ["anthropic", "claude-sonnet-5-5"]
    assert "sandbox-gpt" not in text


def test_choosing_a_provider_without_scripts_shows_its_first_model(owner_client: Client) -> None:
    text = page(owner_client, "?provider=sandbox&model=claude-sonnet-4-6")
    assert chosen(text) == ["sandbox", "sandbox-claude"]
    assert owner_client.get("/settings/?provider=nope").status_code == 404
    assert post(owner_client, {}, query="?provider=nope").status_code == 404


def test_without_any_model_the_page_says_what_to_do(owner_client: Client, staff_client: Client) -> None:
    Provider.objects.update(enabled=False)
    assert "ask an admin" in page(owner_client, "")
    assert "/admin/agents/provider/" in page(staff_client, "")
    for what in ("save", "reset", "copy", "preview"):
        assert post(owner_client, {}, what).status_code == 404


def test_names_are_shown_as_text(owner_client: Client) -> None:
    make_model(slug="x", model_id="<img src=x onerror=alert(1)>")
    text = page(owner_client, "?provider=x")
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text


def test_the_tabs_lead_to_the_settings_pages(owner_client: Client) -> None:
    tabs = re.search(r'<nav class="tabs".*?</nav>', page(owner_client), re.DOTALL)
    assert tabs is not None
    links = re.findall(r'<a href="([^"]*)"\s*(aria-current="page")?', tabs[0])
    assert [path for path, _ in links] == ["/settings/", "/settings/usage/", "/settings/tokens/", "/password/"]
    assert [bool(current) for _, current in links] == [True, False, False, False]
    assert {owner_client.get(path).status_code for path, _ in links} == {200}


def test_the_first_button_of_the_form_saves(owner_client: Client, owner: User, claude: LanguageModel) -> None:
    """Enter in a field presses it."""
    save(user=owner, model=claude, changes={"temperature": 0.2})
    text = page(owner_client)
    form = text[text.index("data-settings") :]
    assert "formaction" not in form[: form.index("</button>")]
    assert "formaction" in form


def test_the_page_takes_few_queries(
    owner_client: Client, owner: User, claude: LanguageModel, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        make_model(slug="many", model_id=f"model-{number}")
    save(user=owner, model=claude, changes={"temperature": 0.2})
    with django_assert_max_num_queries(19):
        owner_client.get(f"/settings/{CLAUDE}")
