from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from agents.models import LanguageModel, SettingRule
from agents.settings_resolution import effective, save
from tests.agents.rows import make_model

ADD = reverse("admin:agents_settingrule_add")


@pytest.fixture
def model(db: None) -> LanguageModel:
    return make_model()


def rule(**values: Any) -> dict[str, Any]:
    return {"setting": "max_iterations", "model": "", "minimum": "", "maximum": "", **values}


def test_a_lock_and_a_range_reach_the_settings(staff_client: Client, owner: User, model: LanguageModel) -> None:
    save(user=owner, model=model, changes={"max_iterations": 20, "temperature": 0.9})
    AuditEntry.objects.all().delete()
    assert staff_client.post(ADD, rule(maximum="8")).status_code == 302
    assert staff_client.post(ADD, rule(setting="temperature", model=model.pk, locked="on")).status_code == 302
    settings = effective(user=owner, model=model).settings
    assert (settings["max_iterations"].value, settings["max_iterations"].source) == (8, "limited")
    assert settings["temperature"].locked
    assert settings["temperature"].value == settings["temperature"].default
    noted = list(AuditEntry.objects.order_by("id").values_list("action", "target_name"))
    assert noted == [("created", "Max Iterations (all models)"), ("created", f"Temperature ({model})")]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "says nothing"),
        ({"maximum": "26"}, "must be"),
        ({"minimum": "0"}, "must be"),
        ({"minimum": "1.5"}, "must be"),
        ({"minimum": "9", "maximum": "8"}, "must not be below"),
        ({"setting": "temperature", "maximum": "2.5"}, "must be"),
        ({"setting": "nonsense", "maximum": "2"}, "not one of the available choices"),
    ],
)
def test_a_rule_says_something_that_is_possible(
    staff_client: Client, model: LanguageModel, values: dict[str, str], said: str
) -> None:
    answer = staff_client.post(ADD, rule(**values))
    assert answer.status_code == 200
    assert said in answer.text
    assert not SettingRule.objects.exists()


def test_there_is_one_rule_for_a_setting(staff_client: Client, model: LanguageModel) -> None:
    staff_client.post(ADD, rule(maximum="8"))
    assert staff_client.post(ADD, rule(maximum="9")).status_code == 200
    assert staff_client.post(ADD, rule(maximum="9", model=model.pk)).status_code == 302
    assert SettingRule.objects.count() == 2


def test_changing_and_deleting_are_noted(staff_client: Client, model: LanguageModel) -> None:
    staff_client.post(ADD, rule(maximum="8"))
    row = SettingRule.objects.get()
    staff_client.post(reverse("admin:agents_settingrule_change", args=[row.pk]), rule(maximum="8", locked="on"))
    assert "Max Iterations" in staff_client.get(reverse("admin:agents_settingrule_changelist")).text
    staff_client.post(reverse("admin:agents_settingrule_delete", args=[row.pk]), {"post": "yes"})
    noted = list(AuditEntry.objects.order_by("id").values_list("action", "changes"))
    assert noted[1:] == [
        ("changed", {"locked": [False, True]}),
        ("deleted", {"setting": ["max_iterations", None], "locked": [True, None], "maximum": [8.0, None]}),
    ]
