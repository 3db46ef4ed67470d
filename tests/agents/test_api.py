from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from agents.defaults import ensure_shipped_rows
from agents.models import Provider, RatePool

CANARY = "sk-canary-7f3a"


@pytest.fixture(autouse=True)
def _shipped(db: None, settings: Settings) -> None:
    settings.ANTHROPIC_API_KEY, settings.OPENAI_API_KEY = "", CANARY
    ensure_shipped_rows()


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
        ("openai", "gpt-6-sol"),
        ("openai", "gpt-6.2-sol"),
        ("openai", "gpt-6-luna"),
        ("openai", "gpt-5.4-mini"),
        ("openai", "gpt-4.1"),
        ("openai", "gpt-4o"),
        ("sandbox", "sandbox-claude"),
        ("sandbox", "sandbox-gpt"),
        ("sandbox", "sandbox-claude-tight"),
        ("sandbox", "sandbox-gpt-tight"),
    ]
    assert models[7] == {
        "provider": "sandbox",
        "id": "sandbox-gpt",
        "name": "Sandbox GPT",
        "capabilities": {
            "context_window": 128_000,
            "max_input_tokens": None,
            "max_output_tokens": 16_384,
            "temperature": "range",
            "temperature_max": 2.0,
            "thinking": "none",
            "efforts": [],
            "default_effort": None,
            "cache": "automatic",
            "retires": None,
            "known": True,
        },
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
