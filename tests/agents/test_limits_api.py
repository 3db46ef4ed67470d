from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from agents.defaults import ensure_shipped_rows
from agents.governor.bucket import Bucket
from agents.governor.limits import Cost, PoolLimits
from agents.governor.state import PoolState
from agents.models import LanguageModel, Provider, RatePool
from agents.pool_limits import limits_of, model_key, pool_key
from tests.agents.governed_pools import Kept, kept_states, used_pool
from tests.conftest import TokenFor

LIMITS = "/api/v1/limits"


@pytest.fixture(autouse=True)
def _shipped(db: None, settings: Settings) -> None:
    settings.ANTHROPIC_API_KEY = settings.OPENAI_API_KEY = ""
    ensure_shipped_rows()


@pytest.fixture
def kept() -> Iterator[Kept]:
    with kept_states() as kept:
        yield kept


@pytest.fixture
def tight() -> RatePool:
    return RatePool.objects.get(name="claude-tight")


def asked(client: Client, query: str = "") -> dict[str, Any]:
    answer = client.get(f"{LIMITS}{query}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def of(client: Client, model: str) -> dict[str, Any]:
    (found,) = [item for item in asked(client)["items"] if model in item["models"]]
    assert isinstance(found, dict)
    return found


def dimension(pool: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in pool["dimensions"] if one["dimension"] == name]
    assert isinstance(found, dict)
    return found


def test_an_unused_pool_as_it_is_promised(owner_client: Client) -> None:
    assert of(owner_client, "sandbox-gpt-tight") == {
        "pool": "gpt-tight",
        "provider": "sandbox",
        "models": ["sandbox-gpt-tight"],
        "dimensions": [
            {
                "dimension": "requests",
                "configured": 50,
                "learnt": None,
                "limit": 50,
                "burst_seconds": 6.0,
                "capacity": 4,
                "level": 4,
                "used": 0,
                "full_in_seconds": 0.0,
                "others_share": 0.0,
            },
            {
                "dimension": "tokens",
                "configured": 40_000,
                "learnt": None,
                "limit": 40_000,
                "burst_seconds": 60.0,
                "capacity": 39_900,
                "level": 39_900,
                "used": 0,
                "full_in_seconds": 0.0,
                "others_share": 0.0,
            },
        ],
        "waiting": 0,
        "running": 0,
        "concurrency": None,
        "wait_seconds": 0.0,
        "closed": None,
        "differs": [],
    }


def test_what_is_used_and_who_waits_without_who_they_are(
    owner_client: Client, member_client: Client, kept: Kept, tight: RatePool
) -> None:
    kept[pool_key(tight)] = used_pool(limits_of(tight), taken={"requests": 1.0, "input": 30_000.0}, waiting=2)
    for client in (owner_client, member_client):
        pool = of(client, "sandbox-claude-tight")
        assert (pool["waiting"], pool["running"]) == (2, 1)
        assert 29_000 < dimension(pool, "input")["used"] <= 30_000
        assert 40 < dimension(pool, "input")["full_in_seconds"] <= 45
        assert pool["wait_seconds"] > 60
        text = client.get(LIMITS).text
        assert "secret-user" not in text
        assert "somebody" not in text


def test_what_headers_taught_stands_beside_what_was_entered(owner_client: Client, kept: Kept, tight: RatePool) -> None:
    told: Cost = {"input": 30_000.0, "output": 8_000.0}
    kept[pool_key(tight)] = used_pool(limits_of(tight), taken={"requests": 1.0}, told=told)
    pool = of(owner_client, "sandbox-claude-tight")
    shown = dimension(pool, "input")
    assert (shown["configured"], shown["learnt"], shown["limit"]) == (40_000, 30_000, 30_000)
    assert (dimension(pool, "output")["learnt"], pool["differs"]) == (None, ["input"])


def test_a_closed_pool_says_why(owner_client: Client, kept: Kept, tight: RatePool) -> None:
    kept[pool_key(tight)] = used_pool(limits_of(tight), taken={"requests": 1.0})
    kept[pool_key(tight)].closed = "provider_spend_limit"
    pool = of(owner_client, "sandbox-claude-tight")
    assert (pool["closed"], pool["wait_seconds"]) == ("provider_spend_limit", None)


def test_a_model_in_no_pool_has_only_what_was_learnt(owner_client: Client, kept: Kept) -> None:
    pool = of(owner_client, "sandbox-gpt")
    assert (pool["pool"], pool["models"], pool["dimensions"]) == (None, ["sandbox-gpt"], [])
    model = LanguageModel.objects.get(model_id="sandbox-gpt")
    state = kept[model_key(model)] = PoolState.fresh(PoolLimits(per_minute={}), now=0.0)
    state.buckets["tokens"] = Bucket(level=0.0, rate=500.0 / 60.0, burst=60.0)
    shown = dimension(of(owner_client, "sandbox-gpt"), "tokens")
    assert (shown["configured"], shown["learnt"], shown["limit"]) == (None, 500, 500)
    assert of(owner_client, "sandbox-gpt")["differs"] == []


def test_models_that_share_a_pool_are_one_row(owner_client: Client, tight: RatePool) -> None:
    LanguageModel.objects.filter(model_id="sandbox-claude").update(pool=tight)
    assert of(owner_client, "sandbox-claude")["models"] == ["sandbox-claude", "sandbox-claude-tight"]


def test_only_pools_that_could_be_used_are_shown(owner_client: Client, tight: RatePool) -> None:
    RatePool.objects.create(provider=tight.provider, name="empty", requests_per_minute=5)
    unkeyed = RatePool.objects.create(provider=Provider.objects.get(slug="openai"), name="o", requests_per_minute=5)
    LanguageModel.objects.filter(model_id="gpt-4o").update(pool=unkeyed)
    LanguageModel.objects.filter(model_id="sandbox-gpt-tight").update(enabled=False)
    assert [item["pool"] for item in asked(owner_client)["items"]] == [None, None, "claude-tight"]


def test_who_may_ask(client: Client, owner: User, token_for: TokenFor) -> None:
    assert client.get(LIMITS).status_code == 401
    assert client.get(LIMITS, headers={"Authorization": token_for(owner, "read")}).status_code == 200


def test_it_comes_in_pages(owner_client: Client) -> None:
    first = asked(owner_client, "?limit=3")
    rest = asked(owner_client, f"?limit=3&cursor={first['next_cursor']}")
    assert [item["pool"] for item in first["items"] + rest["items"]] == [None, None, "claude-tight", "gpt-tight"]
    assert rest["next_cursor"] is None
    assert owner_client.get(f"{LIMITS}?cursor=x").status_code == 422


def test_pools_cost_no_queries_of_their_own(
    owner_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(3):  # session, user, models
        asked(owner_client)
