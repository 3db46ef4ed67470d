"""What a file does to the rows: exactly what it says, once, and all of it or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, User
from agents.defaults import ensure_shipped_rows
from agents.models import AgentConfig, LanguageModel, Provider, RatePool, SettingRule
from agents.settings_resolution import effective
from tests.agents.configuration.files import EXAMPLE, GATEWAY, dump, everything, load, refusal

pytestmark = pytest.mark.django_db


def provider(slug: str = "gateway") -> Provider:
    return Provider.objects.get(slug=slug)


def model() -> LanguageModel:
    return LanguageModel.objects.get(provider__slug="gateway")


class TestNewRows:
    def test_every_key_of_the_documented_example_arrives(self, tmp_path: Path) -> None:
        load(tmp_path, EXAMPLE)
        row = provider("anthropic")
        assert (row.kind, row.auth, row.base_url) == ("anthropic", "oauth2", "https://api.anthropic.com")
        assert (row.api_key, row.headers, row.enabled) == ("env:ANTHROPIC_API_KEY", {"x-team": "payments"}, True)
        assert row.oauth2 == {
            "token_url": "https://idp.example.com/oauth2/token",
            "client_id": "tokenproject",
            "client_secret": "env:GATEWAY_SECRET",
            "scope": "llm.invoke",
            "audience": "llm",
            "client_auth": "basic",
        }
        pool = RatePool.objects.get(provider=row, name="sonnet")
        limits = (pool.requests_per_minute, pool.input_tokens_per_minute, pool.output_tokens_per_minute)
        assert (*limits, pool.tokens_per_minute, pool.count_cached_input) == (50, 40_000, 8_000, None, False)
        served = LanguageModel.objects.get(provider=row, model_id="claude-sonnet-5-5")
        assert (served.name, served.pool, served.wire) == ("Claude Sonnet 5.5", pool, "anthropic_messages")
        assert (served.context_window, served.max_output_tokens, served.enabled) == (1_000_000, 128_000, True)
        config = AgentConfig.objects.get(model=served, user=None)
        assert (config.max_output_tokens, config.temperature, config.max_iterations) == (8_192, 0.7, 15)

    def test_the_diff_says_what_is_new(self, tmp_path: Path) -> None:
        printed = load(tmp_path, GATEWAY).splitlines()
        assert printed[:7] == [
            "+ provider gateway",
            '    kind: "openai_compatible"',
            '    name: "gateway"',
            '    base_url: "https://gateway.example.com/v1"',
            '    headers.x-team: "payments"',
            "    enabled: true",
            '    api_key: "env:GATEWAY_KEY"',
        ]
        assert "+ pool gateway/shared" in printed
        assert "+ model gateway/vendor/model:free" in printed
        assert '    pool: "shared"' in printed
        assert "+ agent_config gateway/vendor/model:free" in printed
        assert "+ setting_rule max_iterations of every model" in printed
        assert "5 new, 0 changed, 0 as before." in printed

    @pytest.mark.parametrize(
        ("kind", "more", "auth", "wire"),
        [
            ("anthropic", "", "api_key", "anthropic_messages"),
            ("openai", "", "api_key", "openai_responses"),
            ("openai_compatible", "", "none", "openai_chat"),
            ("openai_compatible", 'api_key = "k"', "api_key", "openai_chat"),
            ("openai_compatible", 'api_key = "k"\nauth = "none"', "none", "openai_chat"),
            ("openai", 'api_key = ""', "none", "openai_responses"),
        ],
    )
    def test_what_a_new_provider_has_by_itself(
        self, tmp_path: Path, kind: str, more: str, auth: str, wire: str
    ) -> None:
        sizes = "context_window = 9\nmax_output_tokens = 3"
        text = f'[[provider]]\nslug = "gateway"\nkind = "{kind}"\n{more}\n[[provider.model]]\nid = "m"\n{sizes}\n'
        load(tmp_path, text)
        assert (provider().auth, model().wire, model().name, model().pool) == (auth, wire, "m", None)

    def test_a_known_model_needs_no_sizes_and_a_sandbox_model_no_wire(self, tmp_path: Path) -> None:
        load(tmp_path, '[[provider]]\nslug = "gateway"\nkind = "sandbox"\n[[provider.model]]\nid = "sandbox-gpt"\n')
        assert (model().wire, model().context_window, model().max_output_tokens) == ("openai_chat", 128_000, 16_384)

    def test_advanced_settings_and_rules_of_one_model(self, tmp_path: Path, owner: User) -> None:
        of_model = 'provider = "gateway"\nmodel = "vendor/model:free"\n'
        rules = f'[[setting_rule]]\nsetting = "temperature"\n{of_model}locked = true\nminimum = 0.2\nmaximum = 0.9\n'
        text = GATEWAY.replace(
            "[[setting_rule]]", f"last_messages = 7\ncontext_token_limit = 0\n\n{rules}\n[[setting_rule]]"
        )
        load(tmp_path, text)
        config = AgentConfig.objects.get(user=None)
        assert (config.last_messages, config.context_token_limit, config.response_token_limit) == (7, 0, None)
        rule = SettingRule.objects.get(model=model())
        assert (rule.setting, rule.locked, rule.minimum, rule.maximum) == ("temperature", True, 0.2, 0.9)
        found = effective(user=owner, model=model()).settings
        assert (found["temperature"].value, found["temperature"].locked) == (0.7, True)
        assert (found["max_iterations"].maximum, found["last_messages"].value) == (20, 7)


class TestAgain:
    def test_the_same_file_changes_nothing(self, tmp_path: Path) -> None:
        text = GATEWAY + 'locked = true\n[[provider]]\nslug = "b"\nkind = "openai"\napi_key = "sk-literal"\n'
        load(tmp_path, text)
        before = everything()
        assert load(tmp_path, text).startswith("0 new, 0 changed, 6 as before.")
        assert everything() == before

    def test_only_what_differs_is_said_and_written(self, tmp_path: Path) -> None:
        load(tmp_path, GATEWAY)
        printed = load(tmp_path, GATEWAY.replace("= 0.7", "= 0.5").replace('"payments"', '"search"')).splitlines()
        assert printed[:5] == [
            "~ provider gateway",
            '    headers.x-team: "payments" -> "search"',
            "~ agent_config gateway/vendor/model:free",
            "    temperature: 0.7 -> 0.5",
            "0 new, 2 changed, 3 as before.",
        ]
        assert AgentConfig.objects.get().version == 2

    def test_a_provider_key_that_is_left_out_stays(self, tmp_path: Path) -> None:
        ensure_shipped_rows()
        before = provider("anthropic")
        printed = load(tmp_path, '[[provider]]\nslug = "anthropic"\nkind = "anthropic"\nheaders = { x-a = "1" }\n')
        assert '    headers.x-a: - -> "1"' in printed
        after = provider("anthropic")
        assert (after.name, after.api_key, after.auth) == (before.name, before.api_key, before.auth)
        assert after.position == before.position
        assert after.models.count() == before.models.count()

    def test_a_model_key_that_is_left_out_stays(self, tmp_path: Path) -> None:
        load(tmp_path, GATEWAY)
        head = (
            '[[provider]]\nslug = "gateway"\nkind = "openai_compatible"\n[[provider.model]]\nid = "vendor/model:free"\n'
        )
        load(tmp_path, head + "enabled = false\n")
        assert (model().name, model().context_window, model().enabled) == ("The Model", 128_000, False)
        assert model().pool is not None
        load(tmp_path, head + 'pool = ""\n')
        assert (model().pool, model().enabled) == (None, False)

    def test_a_pool_and_an_agent_config_are_what_they_say_and_no_more(self, tmp_path: Path) -> None:
        load(tmp_path, GATEWAY)
        text = GATEWAY.replace(
            "input_tokens_per_minute = 40000\noutput_tokens_per_minute = 8000", "tokens_per_minute = 9"
        )
        printed = load(tmp_path, text.replace("temperature = 0.7\n", ""))
        assert "    input_tokens_per_minute: 40000 -> -" in printed
        assert "    temperature: 0.7 -> -" in printed
        pool = RatePool.objects.get()
        assert (pool.input_tokens_per_minute, pool.tokens_per_minute) == (None, 9)
        config = AgentConfig.objects.get()
        assert (config.temperature, config.max_iterations) == (None, 15)

    def test_a_pool_says_how_calls_are_let_through_or_has_the_usual_way(self, tmp_path: Path) -> None:
        said = "concurrent_calls = 8\ntoken_burst_seconds = 30\nrequest_burst_seconds = 1\npatience_seconds = 60\n"
        load(tmp_path, GATEWAY.replace("output_tokens_per_minute = 8000\n", f"output_tokens_per_minute = 8000\n{said}"))
        names = [line.split(" = ")[0] for line in said.splitlines()]
        assert RatePool.objects.values_list(*names).get() == (8, 30, 1, 60)
        assert all(line in dump() for line in said.splitlines())
        printed = load(tmp_path, GATEWAY)
        assert "    concurrent_calls: 8 -> -" in printed
        assert RatePool.objects.values_list(*names).get() == (None, None, None, 300)

    def test_empty_values_take_away(self, tmp_path: Path) -> None:
        load(tmp_path, EXAMPLE)
        head = '[[provider]]\nslug = "anthropic"\nkind = "anthropic"\n'
        load(tmp_path, head + 'base_url = ""\napi_key = "env:ANTHROPIC_API_KEY"\nheaders = {}\noauth2 = {}\n')
        row = provider("anthropic")
        assert (row.base_url, row.headers, row.oauth2, row.auth) == ("", {}, {}, "api_key")
        load(tmp_path, head + 'api_key = ""\n')
        assert (provider("anthropic").api_key, provider("anthropic").auth) == ("", "none")

    def test_another_kind_speaks_another_wire(self, tmp_path: Path) -> None:
        load(tmp_path, GATEWAY)
        load(tmp_path, GATEWAY.replace("openai_compatible", "anthropic"))
        assert model().wire == "anthropic_messages"

    def test_rows_that_the_file_does_not_name_are_left_alone(self, tmp_path: Path, owner: User) -> None:
        load(tmp_path, GATEWAY)
        AgentConfig.objects.create(model=model(), user=owner, temperature=1.5)
        before = everything()
        load(tmp_path, "")
        assert everything() == before
        load(tmp_path, GATEWAY.replace("temperature = 0.7", "temperature = 0.6"))
        assert AgentConfig.objects.get(user=owner).temperature == 1.5


class TestWithoutWriting:
    def test_a_dry_run_prints_the_diff_and_changes_nothing(self, tmp_path: Path) -> None:
        before = everything()
        printed = load(tmp_path, GATEWAY, "--dry-run")
        assert everything() == before
        assert printed.endswith("5 new, 0 changed, 0 as before.\nDry run: nothing was changed.\n")
        assert printed.splitlines()[:-2] == load(tmp_path, GATEWAY).splitlines()[:-2]

    def test_a_dry_run_refuses_what_a_load_refuses(self, tmp_path: Path) -> None:
        text = GATEWAY.replace("max_iterations = 15", "max_iterations = 25")
        assert refusal(tmp_path, text, "--dry-run") == refusal(tmp_path, text)

    def test_a_check_asks_no_database(self, tmp_path: Path) -> None:
        with CaptureQueriesContext(connection) as queries:
            printed = load(tmp_path, GATEWAY, "--check")
            with pytest.raises(CommandError, match="line 25: temperature must be"):
                load(tmp_path, GATEWAY.replace("0.7", "7"), "--check")
        assert len(queries) == 0
        assert printed == f"{tmp_path / 'config.toml'}: no mistakes.\n"

    def test_a_check_says_what_it_cannot_know(self, tmp_path: Path) -> None:
        text = GATEWAY.replace('model = "vendor/model:free"', 'model = "m"').replace(
            'pool = "shared"', 'pool = "other"'
        )
        assert "no mistakes. Not checked: 2 names of pools or models" in load(tmp_path, text, "--check")


def test_every_row_that_changed_is_in_the_audit_log(tmp_path: Path) -> None:
    load(tmp_path, GATEWAY)
    load(tmp_path, GATEWAY.replace("= 0.7", "= 0.5").replace("env:GATEWAY_KEY", "sk-canary"))
    entries = AuditEntry.objects.order_by("id")
    assert {(entry.door, entry.actor) for entry in entries} == {("config", None)}
    assert [(entry.action, entry.target_type) for entry in entries] == [
        ("created", "agents.Provider"),
        ("created", "agents.RatePool"),
        ("created", "agents.LanguageModel"),
        ("created", "agents.SettingRule"),
        ("created", "agents.AgentConfig"),
        ("changed", "agents.Provider"),
        ("changed", "agents.AgentConfig"),
    ]
    assert [entry.changes for entry in entries][-2:] == [
        {"api_key": ["env:GATEWAY_KEY", "set"]},
        {"temperature": [0.7, 0.5]},
    ]
