from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from accounts.refusals import NotFound
from agents.availability import available_models, find_model
from agents.defaults import ensure_shipped_rows
from agents.models import LanguageModel, Provider
from tests.agents.rows import make_model


@pytest.fixture(autouse=True)
def _without_keys(db: None, settings: Settings) -> None:
    settings.ANTHROPIC_API_KEY = settings.OPENAI_API_KEY = ""
    ensure_shipped_rows()


SANDBOX = ["sandbox-claude", "sandbox-gpt", "sandbox-claude-tight", "sandbox-gpt-tight"]


def offered(user: User) -> list[str]:
    return [row.model_id for row in available_models(user)]


def test_without_a_key_only_the_sandbox_is_offered(owner: User) -> None:
    assert offered(owner) == SANDBOX


def test_a_key_switches_its_provider_on_and_its_loss_off(owner: User, settings: Settings) -> None:
    settings.ANTHROPIC_API_KEY = "k"
    assert offered(owner) == [
        "claude-sonnet-5-5",
        "claude-opus-5-5",
        "claude-haiku-5-5",
        "claude-sonnet-4-6",
        "claude-haiku-4-5",
        *SANDBOX,
    ]
    settings.ANTHROPIC_API_KEY = ""
    assert offered(owner) == SANDBOX
    assert Provider.objects.get(slug="anthropic").enabled


def test_what_an_admin_switched_off_is_not_offered(owner: User) -> None:
    LanguageModel.objects.filter(model_id="sandbox-gpt").update(enabled=False)
    assert offered(owner) == [name for name in SANDBOX if name != "sandbox-gpt"]
    Provider.objects.filter(slug="sandbox").update(enabled=False)
    assert offered(owner) == []


def test_asking_takes_one_query_and_brings_provider_and_pool(
    owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        shown = [(row.provider.slug, row.pool.name if row.pool else None) for row in available_models(owner)]
    assert shown == [("sandbox", None), ("sandbox", None), ("sandbox", "claude-tight"), ("sandbox", "gpt-tight")]


def test_a_model_is_found_by_its_names_whatever_they_hold(db: None) -> None:
    row = make_model(slug="gate", model_id="meta/llama-3:70b")
    assert find_model(provider="gate", model_id="meta/llama-3:70b") == row
    for provider, model_id in [("gate", "meta/llama-3"), ("nowhere", "meta/llama-3:70b"), ("", "")]:
        with pytest.raises(NotFound):
            find_model(provider=provider, model_id=model_id)


def test_a_model_that_is_switched_off_is_not_found() -> None:
    Provider.objects.filter(slug="sandbox").update(enabled=False)
    with pytest.raises(NotFound):
        find_model(provider="sandbox", model_id="sandbox-gpt")
