"""The filter by values that occur, on the list of model calls."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from accounts.models import User
from agents.models import ModelCall

LIST = reverse("admin:agents_modelcall_changelist")


def call(error_code: str) -> ModelCall:
    return ModelCall.objects.create(estimated_input_tokens=1, max_output_tokens=1, error_code=error_code)


def test_the_empty_value_has_a_name_and_can_be_chosen(staff_client: Client, staff: User) -> None:
    fine, _ = call(""), call("provider_timeout")
    page = staff_client.get(LIST)
    [by_code] = [spec for spec in page.context["cl"].filter_specs if spec.title == "error code"]
    shown = [choice["display"] for choice in by_code.choices(page.context["cl"])]
    assert shown == ["All", "none", "provider_timeout"]
    assert list(staff_client.get(f"{LIST}?error_code=").context["cl"].queryset) == [fine]
