from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from agents.models import LanguageModel, ModelCall
from tests.agents.rows import make_model

LIST = reverse("admin:agents_modelcall_changelist")


@pytest.fixture
def model(db: None) -> LanguageModel:
    return make_model()


@pytest.fixture
def call(model: LanguageModel, owner: User) -> ModelCall:
    return ModelCall.objects.create(model=model, user=owner, estimated_input_tokens=100, max_output_tokens=10)


def test_the_ledger_is_for_reading(staff_client: Client, call: ModelCall) -> None:
    assert staff_client.get(LIST).status_code == 200
    page = staff_client.get(reverse("admin:agents_modelcall_change", args=[call.pk]))
    assert page.status_code == 200
    assert 'name="_save"' not in page.text
    for action in ("change", "delete"):
        assert staff_client.post(reverse(f"admin:agents_modelcall_{action}", args=[call.pk])).status_code == 403
    assert staff_client.get(reverse("admin:agents_modelcall_add")).status_code == 403


def test_it_is_filtered_by_user_model_status_and_day(
    staff_client: Client, call: ModelCall, member: User, model: LanguageModel
) -> None:
    other = ModelCall.objects.create(
        model=make_model(model_id="n"), user=member, status="failed", estimated_input_tokens=1, max_output_tokens=1
    )
    day = f"{call.created_at:created_at__year=%Y&created_at__month=%m&created_at__day=%d}"
    filters = {
        f"user__id__exact={member.pk}": {other},
        f"model__id__exact={model.pk}": {call},
        "status__exact=failed": {other},
        "q=owner": {call},
        day: {call, other},
        "created_at__year=2001": set(),
    }
    found = {query: set(staff_client.get(f"{LIST}?{query}").context["cl"].queryset) for query in filters}
    assert found == filters


def test_the_estimate_stands_beside_what_was_reported(staff_client: Client, call: ModelCall) -> None:
    assert "about 100 in" in staff_client.get(LIST).text
    ModelCall.objects.filter(pk=call.pk).update(input_tokens=1_104, output_tokens=7)
    assert "1,104 in (estimated 100), 7 out" in staff_client.get(LIST).text


def test_only_staff_gets_in(client: Client, member_client: Client, call: ModelCall) -> None:
    assert client.get(LIST).status_code == member_client.get(LIST).status_code == 302
