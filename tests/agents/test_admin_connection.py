from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from agents import registry, secrets
from agents.models import LanguageModel, ModelCall, Provider
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.pace import Pacing
from tests.agents.rows import make_model

KEY = "sk-canary-9d1c-0123456789f3"


@pytest.fixture(autouse=True)
def _quick_sandbox() -> None:
    async_to_sync(registry.warm_up)()
    registry.use_sandbox(SandboxApp(exchange=Exchange(pacing=Pacing(factor=0))))


def page_of(provider: Provider) -> str:
    return reverse("admin:agents_provider_test", args=[provider.pk])


def sandboxed() -> LanguageModel:
    return make_model(model_id="sandbox-claude")


@pytest.mark.django_db(transaction=True)
def test_it_asks_then_calls_and_tells_step_by_step(staff_client: Client, staff: User) -> None:
    model = sandboxed()
    question = staff_client.get(page_of(model.provider))
    assert "costs a few tokens" in question.text
    assert model.name in question.text
    assert not ModelCall.objects.exists()

    result = staff_client.post(page_of(model.provider), {"confirmed": "yes", "model": model.pk})
    assert [step.outcome for step in result.context["steps"]] == ["ok"] * 4, result.context["steps"]
    assert "The connection to p works" in result.text
    assert result.text.count("fine.") == 4
    assert ModelCall.objects.get().user == staff
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.changes) == ("connection tested", {"outcome": [None, "works"]})


def test_what_fails_is_told_without_the_key(staff_client: Client, db: None) -> None:
    sealed = secrets.seal(KEY)
    model = make_model(kind="openai", auth="api_key", api_key=sealed, base_url="https://10.0.0.1/v1")
    result = staff_client.post(page_of(model.provider), {"confirmed": "yes", "model": model.pk})
    assert result.status_code == 200
    assert "does not work" in result.text
    assert "Address: failed." in result.text
    assert KEY not in result.text
    assert sealed not in result.text
    assert AuditEntry.objects.get().changes == {"outcome": [None, "failed: Address"]}


def test_a_get_and_an_unanswered_question_call_nobody(staff_client: Client, db: None) -> None:
    model = sandboxed()
    staff_client.get(page_of(model.provider), {"confirmed": "yes", "model": str(model.pk)})
    staff_client.post(page_of(model.provider), {"model": model.pk})
    assert not ModelCall.objects.exists()


def test_a_model_of_another_provider_is_not_called(staff_client: Client, db: None) -> None:
    other = make_model(slug="other")
    answer = staff_client.post(page_of(sandboxed().provider), {"confirmed": "yes", "model": other.pk})
    assert "Select a valid choice" in answer.text
    assert not ModelCall.objects.exists()


def test_a_provider_without_models_leads_to_adding_one(staff_client: Client, db: None) -> None:
    provider = Provider.objects.create(slug="empty", name="Empty", kind="sandbox", auth="none")
    page = staff_client.get(page_of(provider), follow=True)
    assert "this provider has none yet" in page.text
    assert page.context["adminform"].form["provider"].value() == str(provider.pk)


def test_only_who_may_change_providers_tests_them(
    client: Client, member_client: Client, member: User, staff_client: Client, db: None
) -> None:
    model = sandboxed()
    data = {"confirmed": "yes", "model": model.pk}
    assert client.post(page_of(model.provider), data).status_code == 302
    assert member_client.post(page_of(model.provider), data).status_code == 302
    User.objects.filter(pk=member.pk).update(is_staff=True)
    assert member_client.post(page_of(model.provider), data).status_code in (403, 404)
    address = page_of(model.provider)
    model.provider.delete()
    assert staff_client.post(address, data).status_code == 404
    assert not ModelCall.objects.exists()
