from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from agents.models import AgentConfig, LanguageModel, ModelCall, Provider
from agents.settings_resolution import effective, save
from tests.agents.rows import make_model

ADD_CONFIG = reverse("admin:agents_agentconfig_add")
ADD_PROVIDER = reverse("admin:agents_provider_add")


@pytest.fixture
def model(db: None) -> LanguageModel:
    return make_model()


def config(model: LanguageModel, **values: Any) -> dict[str, Any]:
    return {"model": model.pk, "user": "", "max_output_tokens": "", "temperature": "", "max_iterations": "", **values}


def provider(**values: Any) -> dict[str, Any]:
    fields = {"name": "Gate", "slug": "gate", "kind": "openai_compatible", "auth": "api_key", "position": "1"}
    return {**fields, "base_url": "https://gate.example.com/v1", "enabled": "on", **values}


def test_an_admin_sets_the_organisations_values(staff_client: Client, owner: User, model: LanguageModel) -> None:
    answer = staff_client.post(ADD_CONFIG, config(model, max_output_tokens="12345", temperature="0"))
    assert answer.status_code == 302, answer.text
    resolved = effective(user=owner, model=model)
    assert (resolved.values.max_output_tokens, resolved.values.temperature) == (12_345, 0.0)
    assert resolved.sources["temperature"] == "organisation"
    assert resolved.sources["max_iterations"] == "default"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("max_output_tokens", "999"),
        ("max_output_tokens", "100001"),
        ("max_output_tokens", "1e3"),
        ("max_output_tokens", "٨١٩٢"),
        ("max_output_tokens", "8192.0"),
        ("temperature", "2.01"),
        ("temperature", "nan"),
        ("max_iterations", "0"),
        ("max_iterations", "26"),
        ("max_iterations", "-1"),
    ],
)
def test_the_admin_is_as_strict_as_the_api(staff_client: Client, model: LanguageModel, field: str, text: str) -> None:
    answer = staff_client.post(ADD_CONFIG, config(model, **{field: text}))
    assert answer.status_code == 200
    assert "must be a " in answer.text
    assert not AgentConfig.objects.exists()


def test_there_is_one_row_for_the_organisation(staff_client: Client, model: LanguageModel) -> None:
    staff_client.post(ADD_CONFIG, config(model, max_iterations="5"))
    again = staff_client.post(ADD_CONFIG, config(model, max_iterations="6"))
    assert again.status_code == 200
    assert AgentConfig.objects.get().max_iterations == 5


def test_a_change_in_the_admin_raises_the_version(staff_client: Client, owner: User, model: LanguageModel) -> None:
    save(user=owner, model=model, changes={"max_iterations": 5})
    row = AgentConfig.objects.get()
    address = reverse("admin:agents_agentconfig_change", args=[row.pk])
    staff_client.post(address, config(model, user=owner.pk, max_iterations="6"))
    row.refresh_from_db()
    assert (row.max_iterations, row.version) == (6, 2)


def test_opening_and_saving_leaves_the_values_as_they_are(staff_client: Client, model: LanguageModel) -> None:
    row = AgentConfig.objects.create(model=model, max_output_tokens=8_192, temperature=0.75)
    address = reverse("admin:agents_agentconfig_change", args=[row.pk])
    form = staff_client.get(address).context["adminform"].form
    shown = {name: form[name].value() for name in form.fields}
    staff_client.post(address, {name: "" if value is None else value for name, value in shown.items()})
    row.refresh_from_db()
    assert (row.max_output_tokens, row.temperature, row.max_iterations) == (8_192, 0.75, None)


def test_a_key_itself_is_refused_and_not_shown_again(staff_client: Client) -> None:
    answer = staff_client.post(ADD_PROVIDER, provider(api_key="sk-canary-9d1c"))
    assert answer.status_code == 200
    assert "never the key itself" in answer.text
    assert "canary" not in answer.text
    assert not Provider.objects.exists()


@pytest.mark.parametrize("reference", ["env:GATE_KEY", "file:/run/secrets/gate", ""])
def test_a_reference_to_a_key_is_kept(staff_client: Client, reference: str) -> None:
    assert staff_client.post(ADD_PROVIDER, provider(api_key=reference)).status_code == 302
    assert Provider.objects.get().api_key == reference


@pytest.mark.parametrize("base_url", ["ftp://x.example", "javascript:alert(1)", "file:///etc/passwd"])
def test_a_base_url_is_http(staff_client: Client, base_url: str) -> None:
    assert staff_client.post(ADD_PROVIDER, provider(base_url=base_url)).status_code == 200
    assert not Provider.objects.exists()


def test_the_ledger_is_for_reading(staff_client: Client, model: LanguageModel, owner: User) -> None:
    call = ModelCall.objects.create(model=model, user=owner, estimated_input_tokens=100, max_output_tokens=10)
    assert staff_client.get(reverse("admin:agents_modelcall_changelist")).status_code == 200
    page = staff_client.get(reverse("admin:agents_modelcall_change", args=[call.pk]))
    assert page.status_code == 200
    assert 'name="_save"' not in page.text
    for action in ("change", "delete"):
        assert staff_client.post(reverse(f"admin:agents_modelcall_{action}", args=[call.pk])).status_code == 403
    assert staff_client.get(reverse("admin:agents_modelcall_add")).status_code == 403


@pytest.mark.parametrize("name", ["provider", "ratepool", "languagemodel", "agentconfig", "modelcall"])
def test_only_staff_sees_the_admin(
    client: Client, member_client: Client, staff_client: Client, model: LanguageModel, name: str
) -> None:
    address = reverse(f"admin:agents_{name}_changelist")
    assert staff_client.get(address).status_code == 200
    assert client.get(address).status_code == member_client.get(address).status_code == 302
