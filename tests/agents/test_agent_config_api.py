"""The settings over REST: every value with its reason, strict bodies, versions, scopes, copies."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import AuditEntry, User
from agents.defaults import ensure_shipped_rows
from agents.models import AgentConfig, LanguageModel, Provider, RatePool, SettingRule, Wire
from agents.settings_resolution import save
from tests.agents.rows import make_model
from tests.conftest import TokenFor

CONFIGS = "/api/v1/agent-configs"
MINE = f"{CONFIGS}/sandbox/sandbox-claude"
THEIRS = f"{MINE}?scope=organisation"


@pytest.fixture(autouse=True)
def _shipped(db: None, settings: Settings) -> None:
    settings.ANTHROPIC_API_KEY, settings.OPENAI_API_KEY = "", "k"
    ensure_shipped_rows()


def put(client: Client, body: Any, address: str = MINE, **headers: str) -> Any:
    return client.put(address, body, content_type="application/json", headers=headers)


def post(client: Client, body: Any, address: str = f"{MINE}/copy", **headers: str) -> Any:
    return client.post(address, body, content_type="application/json", headers=headers)


def value_of(answer: Any, name: str) -> tuple[Any, str, str]:
    one = answer.json()["values"][name]
    return one["value"], one["source"], one["note"]


def claude() -> LanguageModel:
    return LanguageModel.objects.select_related("provider").get(provider__slug="sandbox", model_id="sandbox-claude")


def test_lists_come_in_pages(owner_client: Client) -> None:
    first = owner_client.get(f"{CONFIGS}?limit=5").json()
    rest = owner_client.get(f"{CONFIGS}?limit=5&cursor={first['next_cursor']}").json()
    assert [item["model"] for item in first["items"] + rest["items"]] == [
        "gpt-6-sol",
        "gpt-6.2-sol",
        "gpt-6-luna",
        "gpt-5.4-mini",
        "gpt-4.1",
        "gpt-4o",
        "sandbox-claude",
        "sandbox-gpt",
        "sandbox-claude-tight",
        "sandbox-gpt-tight",
    ]
    assert rest["next_cursor"] is None


def test_each_value_comes_with_everything_about_it(owner_client: Client) -> None:
    answer = owner_client.get(MINE)
    body = answer.json()
    assert (body["provider"], body["model"], body["version"]) == ("sandbox", "sandbox-claude", 0)
    assert body["values"]["max_output_tokens"] == {
        "value": 8_192,
        "source": "default",
        "note": "default",
        "stored": 8_192,
        "default": 8_192,
        "organisation": None,
        "own": None,
        "locked": False,
        "minimum": 1_000,
        "maximum": 100_000,
        "choices": [],
    }
    assert list(body["values"]) == [
        "max_output_tokens",
        "temperature",
        "max_iterations",
        "last_messages",
        "max_age_minutes",
        "context_token_limit",
        "response_token_limit",
        "effort",
    ]
    assert answer["ETag"] == '"0"'


def test_a_put_is_partial_and_mine_alone(owner_client: Client, member_client: Client) -> None:
    assert put(owner_client, {"max_output_tokens": 1_000}).status_code == 200
    answer = put(owner_client, {"temperature": 0.0, "last_messages": 0})
    assert answer["ETag"] == '"2"'
    assert value_of(answer, "max_output_tokens") == (1_000, "user", "your setting")
    assert value_of(answer, "temperature") == (0.0, "user", "your setting")
    assert value_of(answer, "last_messages") == (0, "user", "your setting")
    assert value_of(answer, "max_iterations") == (15, "default", "default")
    assert value_of(answer, "context_token_limit") == (1_000, "default", "as Max Output Tokens says")
    assert owner_client.get(MINE).json() == answer.json()
    assert member_client.get(MINE).json()["version"] == 0


def test_what_the_model_cannot_is_kept_and_told(owner_client: Client) -> None:
    answer = put(owner_client, {"temperature": 1.6})
    assert value_of(answer, "temperature") == (1.0, "limited", "limited by the model: 1.0")
    assert answer.json()["values"]["temperature"]["stored"] == 1.6
    make_model(slug="new", model_id="claude-opus-5-5")
    unsent = put(owner_client, {"temperature": 0.5}, f"{CONFIGS}/new/claude-opus-5-5")
    assert value_of(unsent, "temperature") == (None, "limited", "not sent: this model takes no temperature")


def test_an_effort_is_set_told_and_reset(owner_client: Client) -> None:
    address = f"{CONFIGS}/new/claude-opus-4-6"
    make_model(slug="new", model_id="claude-opus-4-6")
    for effort, value in (("high", "high"), ("xhigh", None), ("", "")):
        told = put(owner_client, {"effort": effort}, address).json()["values"]["effort"]
        assert (told["value"], told["stored"], told["own"]) == (value, effort, effort)
        assert told["choices"] == ["low", "medium", "high", "max"]
        assert (told["minimum"], told["maximum"]) == (None, None)
    assert owner_client.delete(f"{address}?name=effort").status_code == 204
    assert owner_client.get(address).json()["values"]["effort"]["own"] is None


def test_a_delete_resets_mine_alone(owner_client: Client, member_client: Client) -> None:
    put(owner_client, {"max_iterations": 3})
    put(member_client, {"max_iterations": 4})
    gone = owner_client.delete(MINE)
    assert (gone.status_code, gone.content) == (204, b"")
    assert value_of(owner_client.get(MINE), "max_iterations") == (15, "default", "default")
    assert value_of(member_client.get(MINE), "max_iterations")[0] == 4
    assert owner_client.delete(MINE).status_code == 204


def test_a_delete_may_name_one_setting(owner_client: Client) -> None:
    put(owner_client, {"max_iterations": 3, "temperature": 0.1})
    assert owner_client.delete(f"{MINE}?name=temperature").status_code == 204
    body = owner_client.get(MINE).json()["values"]
    assert (body["temperature"]["own"], body["max_iterations"]["own"]) == (None, 3)
    refused = owner_client.delete(f"{MINE}?name=colour")
    assert refused.status_code == 422
    assert set(refused.json()["error"]["params"]["fields"]) == {"name"}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ('{"max_output_tokens": "8192"}', {"max_output_tokens"}),
        ('{"max_output_tokens": true}', {"max_output_tokens"}),
        ('{"max_output_tokens": []}', {"max_output_tokens"}),
        ('{"max_output_tokens": 1e3}', {"max_output_tokens"}),
        ('{"max_output_tokens": 999}', {"max_output_tokens"}),
        ('{"max_output_tokens": 100001}', {"max_output_tokens"}),
        ('{"max_output_tokens": 99999999999999999999999999}', {"max_output_tokens"}),
        ('{"max_iterations": "١٢"}', {"max_iterations"}),
        ('{"max_iterations": 26, "temperature": 2.01}', {"max_iterations", "temperature"}),
        ('{"max_output_tokens": null}', {"max_output_tokens"}),
        ('{"temperature": null}', {"temperature"}),
        ('{"temperature": "NaN"}', {"temperature"}),
        ('{"last_messages": 201, "max_age_minutes": -1}', {"last_messages", "max_age_minutes"}),
        ('{"context_token_limit": 999}', {"context_token_limit"}),
        ('{"context_token_limit": 200001}', {"context_token_limit"}),
        ('{"response_token_limit": 64001}', {"response_token_limit"}),
        ('{"response_token_limit": false}', {"response_token_limit"}),
        ('{"effort": "High"}', {"effort"}),
        ('{"effort": null}', {"effort"}),
        ('{"effort": ["high"]}', {"effort"}),
        ('{"effort": 3}', {"effort"}),
        ('{"user": null}', {"user"}),
        ('{"version": 3}', {"version"}),
        ('{"__proto__": {"x": 1}}', {"__proto__"}),
        ("[]", {"body"}),
        ("7", {"body"}),
        ("", {"body"}),
    ],
)
def test_a_bad_body_is_refused_with_its_fields_and_changes_nothing(
    owner_client: Client, body: str, fields: set[str]
) -> None:
    answer = put(owner_client, body)
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert error["code"] == "invalid_request"
    assert set(error["params"]["fields"]) == fields
    assert not AgentConfig.objects.exists()


@pytest.mark.parametrize("body", ['{"temperature": NaN}', "{", '{"temperature": 1e999}', "\ufeff{}", "[" * 100_000])
def test_what_is_not_json_is_malformed(owner_client: Client, body: str) -> None:
    answer = put(owner_client, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_frame"


def test_if_match_protects_another_tabs_change(owner_client: Client) -> None:
    assert put(owner_client, {"temperature": 0.1}, **{"If-Match": '"0"'}).status_code == 200
    for stale in ('"0"', "0", 'W/"0"', '"99"'):
        answer = put(owner_client, {"temperature": 0.2}, **{"If-Match": stale})
        assert answer.status_code == 409, stale
        assert answer.json()["error"]["params"] == {"version": 1}
    assert owner_client.delete(MINE, headers={"If-Match": '"0"'}).status_code == 409
    assert put(owner_client, {"temperature": 0.3}, **{"If-Match": "*"}).status_code == 200
    assert put(owner_client, {"temperature": 0.4}, **{"If-Match": '"2"'}).status_code == 200
    for nonsense in ('"x"', "-1", '"1", "2"'):
        assert put(owner_client, {"temperature": 0.5}, **{"If-Match": nonsense}).status_code == 422


def test_a_model_id_may_hold_slashes_and_colons(owner_client: Client) -> None:
    make_model(slug="gate", model_id="meta/llama-3:70b", kind=Provider.Kind.OPENAI_COMPATIBLE, wire=Wire.OPENAI_CHAT)
    for written in ("meta/llama-3:70b", "meta%2Fllama-3%3A70b"):
        answer = put(owner_client, {"max_iterations": 5}, f"{CONFIGS}/gate/{written}")
        assert answer.status_code == 200, written
        assert answer.json()["model"] == "meta/llama-3:70b"
        assert value_of(answer, "max_output_tokens")[0] == 4_096


def test_a_provider_without_its_key_can_be_prepared_but_is_not_offered(owner_client: Client) -> None:
    address = f"{CONFIGS}/anthropic/claude-haiku-4-5"
    assert put(owner_client, {"max_output_tokens": 9_000}, address).status_code == 200
    assert "claude-haiku-4-5" not in owner_client.get("/api/v1/models").text


def test_what_is_not_there_is_not_found(owner_client: Client) -> None:
    for address in (f"{CONFIGS}/sandbox/nope", f"{CONFIGS}/nope/sandbox-gpt", f"{CONFIGS}/sandbox/"):
        for answer in (owner_client.get(address), put(owner_client, {}, address), owner_client.delete(address)):
            assert answer.status_code == 404
            assert answer.json()["error"]["code"] == "not_found"


def test_scopes_and_strangers(client: Client, owner: User, token_for: TokenFor) -> None:
    reader, writer = token_for(owner, "read"), token_for(owner, "write")
    assert client.get(MINE, headers={"Authorization": reader}).status_code == 200
    assert put(client, {"max_iterations": 3}, Authorization=reader).status_code == 403
    assert client.delete(MINE, headers={"Authorization": reader}).status_code == 403
    assert not AgentConfig.objects.exists()
    assert put(client, {"max_iterations": 3}, Authorization=writer).status_code == 200
    assert client.delete(MINE, headers={"Authorization": writer}).status_code == 204
    for answer in (client.get(MINE), put(client, {}), client.delete(MINE)):
        assert answer.status_code == 401


def test_the_organisations_value_shows_as_such(owner_client: Client) -> None:
    save(user=None, model=claude(), changes={"max_iterations": 5})
    assert value_of(owner_client.get(MINE), "max_iterations") == (5, "organisation", "set by your organisation")


def test_a_lock_and_a_range_are_told_and_held(owner_client: Client) -> None:
    SettingRule.objects.create(setting="temperature", locked=True)
    SettingRule.objects.create(setting="max_output_tokens", model=claude(), maximum=20_000)
    values = owner_client.get(MINE).json()["values"]
    assert (values["temperature"]["locked"], values["max_output_tokens"]["maximum"]) == (True, 20_000)
    refused = put(owner_client, {"temperature": 0.1, "max_output_tokens": 20_001, "max_iterations": 3})
    assert refused.status_code == 422
    assert refused.json()["error"]["params"]["fields"] == {
        "temperature": "locked by your organisation",
        "max_output_tokens": "must be a whole number from 1,000 to 20,000",
    }
    assert not AgentConfig.objects.exists()


def test_changes_are_in_the_audit_log(owner_client: Client, client: Client, owner: User, token_for: TokenFor) -> None:
    put(owner_client, {"temperature": 0.1})
    put(client, {"temperature": 0.2}, Authorization=token_for(owner, "write"))
    owner_client.delete(MINE)
    told = [(one.actor, one.door, one.action) for one in AuditEntry.objects.order_by("pk")]
    assert told == [(owner, "api", "created"), (owner, "api", "changed"), (owner, "api", "reset")]


class TestTheOrganisations:
    def test_staff_without_the_permission_look_and_change_nothing(self, client: Client, member: User) -> None:
        member.is_staff = True
        member.save()
        client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
        assert client.get(THEIRS).status_code == 200
        for answer in (put(client, {"max_iterations": 5}, THEIRS), client.delete(THEIRS)):
            assert answer.status_code == 403
            assert "nothing was changed" in answer.json()["error"]["message"]
        assert not AgentConfig.objects.exists()
        member.user_permissions.add(Permission.objects.get(codename="change_agentconfig"))
        assert put(client, {"max_iterations": 5}, THEIRS).status_code == 200

    def test_staff_set_and_reset_them(self, staff_client: Client, owner_client: Client) -> None:
        answer = put(staff_client, {"max_iterations": 5}, THEIRS)
        assert answer["ETag"] == '"1"'
        assert value_of(answer, "max_iterations") == (5, "organisation", "set by your organisation")
        assert value_of(owner_client.get(MINE), "max_iterations")[0] == 5
        assert put(staff_client, {"max_iterations": 6}, THEIRS, **{"If-Match": '"0"'}).status_code == 409
        listed = staff_client.get(f"{CONFIGS}?scope=organisation").json()["items"]
        assert [one["version"] for one in listed if one["model"] == "sandbox-claude"] == [1]
        assert staff_client.delete(THEIRS).status_code == 204
        assert value_of(owner_client.get(MINE), "max_iterations") == (15, "default", "default")

    def test_a_lock_does_not_bind_them(self, staff_client: Client) -> None:
        SettingRule.objects.create(setting="temperature", locked=True)
        assert put(staff_client, {"temperature": 0.1}, THEIRS).status_code == 200
        assert put(staff_client, {"temperature": 0.1}).status_code == 422

    def test_others_may_not_even_look(
        self, client: Client, owner_client: Client, owner: User, staff: User, token_for: TokenFor
    ) -> None:
        def every_call(sender: Client, **headers: str) -> list[int]:
            return [
                sender.get(THEIRS, headers=headers).status_code,
                sender.get(f"{CONFIGS}?scope=organisation", headers=headers).status_code,
                put(sender, {"max_iterations": 5}, THEIRS, **headers).status_code,
                sender.delete(THEIRS, headers=headers).status_code,
            ]

        assert every_call(client) == [401] * 4
        assert every_call(owner_client) == [403] * 4
        assert every_call(client, Authorization=token_for(owner, "admin")) == [403] * 4
        assert every_call(client, Authorization=token_for(staff, "write")) == [403] * 4
        assert every_call(client, Authorization=token_for(staff, "admin")) == [200, 200, 200, 204]
        assert owner_client.get(f"{MINE}?scope=everybody").status_code == 422


class TestCopying:
    def test_gives_other_models_what_i_have_set(self, owner_client: Client) -> None:
        put(owner_client, {"temperature": 0.1, "max_iterations": 4})
        answer = post(owner_client, {"to": [{"provider": "sandbox", "model": "sandbox-gpt"}]})
        assert answer.status_code == 200, answer.text
        [item] = answer.json()["items"]
        assert (item["model"], item["version"], item["skipped"]) == ("sandbox-gpt", 1, {})
        shown = owner_client.get(f"{CONFIGS}/sandbox/sandbox-gpt").json()
        assert shown == {name: value for name, value in item.items() if name != "skipped"}
        assert {name for name, one in shown["values"].items() if one["own"] is not None} == {
            "temperature",
            "max_iterations",
        }

    def test_says_what_a_model_does_not_allow(self, owner_client: Client) -> None:
        SettingRule.objects.create(
            setting="temperature", model=LanguageModel.objects.get(model_id="sandbox-gpt"), locked=True
        )
        put(owner_client, {"temperature": 0.1, "max_iterations": 4})
        answer = post(owner_client, {"to": [{"provider": "sandbox", "model": "sandbox-gpt"}]})
        assert answer.json()["items"][0]["skipped"] == {"temperature": "locked by your organisation"}

    def test_works_with_every_kind_of_id(self, owner_client: Client) -> None:
        odd = "meta/llama-3:70b"
        make_model(slug="gate", model_id=odd, kind=Provider.Kind.OPENAI_COMPATIBLE, wire=Wire.OPENAI_CHAT)
        put(owner_client, {"max_iterations": 4}, f"{CONFIGS}/gate/{odd}")
        answer = post(owner_client, {"to": [{"provider": "gate", "model": odd}]}, f"{MINE}/copy")
        assert answer.json()["items"][0]["model"] == odd
        back = post(
            owner_client, {"to": [{"provider": "sandbox", "model": "sandbox-claude"}]}, f"{CONFIGS}/gate/{odd}/copy"
        )
        assert value_of(owner_client.get(MINE), "max_iterations")[0] == 4
        assert back.status_code == 200

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({"to": []}, {"to"}),
            ({}, {"to"}),
            ({"to": "sandbox-gpt"}, {"to"}),
            ({"to": [{"provider": "sandbox"}]}, {"to.0.model"}),
            ({"to": [{"provider": "sandbox", "model": "sandbox-gpt", "x": 1}]}, {"to.0.x"}),
            (
                {"to": [{"provider": "sandbox", "model": "sandbox-gpt"}, {"provider": "sandbox", "model": "nope"}]},
                {"to.1"},
            ),
            ({"to": [{"provider": None, "model": 5}]}, {"to.0.provider", "to.0.model"}),
        ],
    )
    def test_a_bad_target_is_named_and_nothing_is_copied(
        self, owner_client: Client, body: Any, fields: set[str]
    ) -> None:
        put(owner_client, {"max_iterations": 4})
        answer = post(owner_client, body)
        assert answer.status_code == 422, answer.text
        assert set(answer.json()["error"]["params"]["fields"]) == fields
        assert AgentConfig.objects.count() == 1

    def test_is_for_those_who_may_write(self, client: Client, owner: User, token_for: TokenFor) -> None:
        body = {"to": [{"provider": "sandbox", "model": "sandbox-gpt"}]}
        assert post(client, body).status_code == 401
        assert post(client, body, Authorization=token_for(owner, "read")).status_code == 403
        assert post(client, body, f"{CONFIGS}/sandbox/nope/copy", Authorization=token_for(owner)).status_code == 404


def test_what_a_value_means_for_the_rate_limit_and_the_agents_is_told(owner_client: Client) -> None:
    model = claude()
    assert owner_client.get(MINE).json()["safe_for_limit"] is None
    pool = RatePool.objects.create(provider=model.provider, name="all", input_tokens_per_minute=40_000)
    LanguageModel.objects.filter(pk=model.pk).update(pool=pool)
    body = owner_client.get(MINE).json()
    assert body["safe_for_limit"]["calls"] == 40_000 / 8_192
    assert body["safe_for_limit"]["text"].startswith("8,192 tokens against 40,000/min: about 4 calls a minute")
    assert body["agents_that_cannot_run"] == []
    save(user=None, model=model, changes={"max_output_tokens": 1_000})
    LanguageModel.objects.filter(pk=model.pk).update(context_window=1_000, max_output_tokens=900)
    told = owner_client.get(MINE).json()["agents_that_cannot_run"]
    assert {one["agent"] for one in told} == {"smart", "datadog-champion", "api-correlator"}
    assert all(one["needed"] >= one["limit"] == 500 for one in told)


def test_a_list_costs_the_same_for_every_number_of_models(
    owner_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    shipped = len(owner_client.get(f"{CONFIGS}?limit=200").json()["items"])
    for number in range(20):
        make_model(slug="many", model_id=f"m{number}")
    with django_assert_max_num_queries(12):
        assert len(owner_client.get(f"{CONFIGS}?limit=200").json()["items"]) == shipped + 20
