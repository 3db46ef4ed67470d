from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from agents.defaults import ensure_shipped_rows
from agents.models import AgentConfig, Provider, RatePool, Wire
from agents.settings_resolution import save
from tests.agents.rows import make_model
from tests.conftest import TokenFor

CONFIGS = "/api/v1/agent-configs"
MINE = f"{CONFIGS}/sandbox/sandbox-claude"
CANARY = "sk-canary-7f3a"


@pytest.fixture(autouse=True)
def _shipped(db: None, settings: Settings) -> None:
    settings.ANTHROPIC_API_KEY, settings.OPENAI_API_KEY = "", CANARY
    ensure_shipped_rows()


def put(client: Client, body: Any, address: str = MINE, **headers: str) -> Any:
    return client.put(address, body, content_type="application/json", headers=headers)


def test_what_can_be_chosen(owner_client: Client) -> None:
    pool = RatePool.objects.create(provider=Provider.objects.get(slug="sandbox"), name="all", requests_per_minute=5)
    pool.provider.models.filter(model_id="sandbox-gpt").update(pool=pool)

    providers = owner_client.get("/api/v1/providers").json()
    assert providers == {
        "items": [
            {"id": "openai", "name": "OpenAI", "kind": "openai"},
            {"id": "sandbox", "name": "Sandbox", "kind": "sandbox"},
        ],
        "next_cursor": None,
    }
    models = owner_client.get("/api/v1/models").json()["items"]
    assert [(model["provider"], model["id"]) for model in models] == [
        ("openai", "gpt-4.1"),
        ("openai", "gpt-4o"),
        ("sandbox", "sandbox-claude"),
        ("sandbox", "sandbox-gpt"),
    ]
    assert models[3] == {
        "provider": "sandbox",
        "id": "sandbox-gpt",
        "name": "Sandbox GPT",
        "capabilities": {"context_window": 128_000, "max_output_tokens": 16_384},
        "pool": "all",
    }
    agents = owner_client.get("/api/v1/agents").json()["items"]
    assert [agent["name"] for agent in agents] == ["Smart Agent", "Datadog Champion", "API Correlator"]
    assert set(agents[0]) == {"id", "name", "description", "starters"}


@pytest.mark.parametrize(
    "path", ["providers", "models", "agents", "agent-configs", "agent-configs/sandbox/sandbox-gpt"]
)
def test_no_answer_holds_a_secret_and_none_is_for_strangers(owner_client: Client, client: Client, path: str) -> None:
    answer = owner_client.get(f"/api/v1/{path}")
    assert answer.status_code == 200
    assert CANARY not in answer.text
    assert "env:" not in answer.text
    assert client.get(f"/api/v1/{path}").status_code == 401


def test_lists_come_in_pages(owner_client: Client) -> None:
    first = owner_client.get(f"{CONFIGS}?limit=3").json()
    rest = owner_client.get(f"{CONFIGS}?limit=3&cursor={first['next_cursor']}").json()
    assert [item["model"] for item in first["items"] + rest["items"]] == [
        "gpt-4.1",
        "gpt-4o",
        "sandbox-claude",
        "sandbox-gpt",
    ]
    assert rest["next_cursor"] is None


def test_the_effective_settings_come_with_their_sources_and_version(owner_client: Client) -> None:
    answer = owner_client.get(MINE)
    assert answer.json() == {
        "provider": "sandbox",
        "model": "sandbox-claude",
        "values": {
            "max_output_tokens": {"value": 8_192, "source": "default"},
            "temperature": {"value": 0.7, "source": "default"},
            "max_iterations": {"value": 15, "source": "default"},
        },
        "version": 0,
    }
    assert answer["ETag"] == '"0"'


def test_a_put_is_partial_and_mine_alone(owner_client: Client, member_client: Client) -> None:
    assert put(owner_client, {"max_output_tokens": 1_000}).status_code == 200
    answer = put(owner_client, {"temperature": 0.0})
    assert answer["ETag"] == '"2"'
    values = answer.json()["values"]
    assert values["max_output_tokens"] == {"value": 1_000, "source": "user"}
    assert values["temperature"] == {"value": 0.0, "source": "user"}
    assert values["max_iterations"] == {"value": 15, "source": "default"}
    assert owner_client.get(MINE).json() == answer.json()
    assert member_client.get(MINE).json()["version"] == 0


def test_a_delete_resets_mine_alone(owner_client: Client, member_client: Client, member: User) -> None:
    put(owner_client, {"max_iterations": 3})
    put(member_client, {"max_iterations": 4})
    gone = owner_client.delete(MINE)
    assert (gone.status_code, gone.content) == (204, b"")
    assert owner_client.get(MINE).json()["values"]["max_iterations"] == {"value": 15, "source": "default"}
    assert member_client.get(MINE).json()["values"]["max_iterations"]["value"] == 4
    assert owner_client.delete(MINE).status_code == 204


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
        assert answer.json()["values"]["max_output_tokens"]["value"] == 4_096


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
    save(
        user=None,
        model=Provider.objects.get(slug="sandbox").models.get(model_id="sandbox-claude"),
        changes={"max_iterations": 5},
    )
    assert owner_client.get(MINE).json()["values"]["max_iterations"] == {"value": 5, "source": "organisation"}
