from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from agents.models import AgentConfig, LanguageModel, SettingRule
from settings_ui.effective_view import Line
from tests.agents.rows import make_model

PAGE = reverse("settings_ui:effective")


@pytest.fixture
def model(db: None) -> LanguageModel:
    return make_model(model_id="claude-haiku-4-5")


def lines(client: Client, model: LanguageModel, user: str = "") -> dict[str, Line]:
    page = client.get(PAGE, {"model": str(model.pk), "user": user})
    assert page.status_code == 200
    return {line.label: line for line in page.context["lines"]}


def winners(line: Line) -> list[bool]:
    return [cell.wins for cell in line.layers]


def test_every_layer_is_shown_and_the_last_one_wins(staff_client: Client, owner: User, model: LanguageModel) -> None:
    AgentConfig.objects.create(model=model, max_output_tokens=6_000, max_iterations=9)
    AgentConfig.objects.create(model=model, user=owner, max_output_tokens=4_096)
    told = lines(staff_client, model, "owner")

    tokens = told["Max Output Tokens"]
    assert [cell.shown for cell in tokens.layers] == ["8,192", "6,000", "4,096"]
    assert winners(tokens) == [False, False, True]
    assert (tokens.value, tokens.note) == ("4,096", "their own setting")
    assert winners(told["Max Iterations"]) == [False, True, False]
    assert told["Max Iterations"].value == "9"
    assert winners(told["Temperature"]) == [True, False, False]


def test_a_limit_of_the_model_is_told(staff_client: Client, owner: User, model: LanguageModel) -> None:
    AgentConfig.objects.create(model=model, user=owner, temperature=1.5)
    temperature = lines(staff_client, model, "owner")["Temperature"]
    assert (temperature.layers[2].shown, temperature.value) == ("1.5", "1.0")
    assert temperature.note == "limited by the model: 1.0"
    assert temperature.allowed == "0.0 to 1.0"


def test_a_lock_is_told_and_the_organisation_wins(staff_client: Client, owner: User, model: LanguageModel) -> None:
    AgentConfig.objects.create(model=model, max_iterations=7)
    AgentConfig.objects.create(model=model, user=owner, max_iterations=20)
    SettingRule.objects.create(setting="max_iterations", locked=True)
    line = lines(staff_client, model, "owner")["Max Iterations"]
    assert line.locked
    assert winners(line) == [False, True, False]
    assert line.layers[2].shown == "20"
    assert (line.value, line.note) == ("7", "locked by the organisation")


def test_a_value_that_is_not_sent_is_told(staff_client: Client, db: None) -> None:
    line = lines(staff_client, make_model(model_id="claude-opus-5-5"))["Temperature"]
    assert line.value == "not sent"


def test_zero_says_what_it_means(staff_client: Client, model: LanguageModel) -> None:
    told = lines(staff_client, model)
    assert told["Max Age"].value == "0 (no cap)"
    assert told["Context Token Limit"].layers[0].shown == "0 (as Max Output Tokens says)"


def test_without_a_person_it_is_what_everyone_starts_from(
    staff_client: Client, staff: User, model: LanguageModel
) -> None:
    AgentConfig.objects.create(model=model, user=staff, max_iterations=3)
    line = lines(staff_client, model)["Max Iterations"]
    assert (line.layers[2].shown, line.value) == ("—", "15")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"user": "nobody"}, "Nobody has this user name."),
        ({"model": "nonsense"}, "There is no such model"),
        ({"model": "00000000-0000-0000-0000-000000000000"}, "There is no such model"),
    ],
)
def test_what_is_not_there_is_told(
    staff_client: Client, model: LanguageModel, query: dict[str, str], said: str
) -> None:
    page = staff_client.get(PAGE, query)
    assert page.status_code == 200
    assert said in page.text
    assert "lines" not in page.context


def test_the_first_model_is_shown_at_first(staff_client: Client, model: LanguageModel) -> None:
    assert staff_client.get(PAGE).context["model"] == model


def test_without_models_it_says_so(staff_client: Client) -> None:
    assert "There is no model yet." in staff_client.get(PAGE).text


def test_names_are_written_as_text(staff_client: Client, model: LanguageModel) -> None:
    User.objects.create_user(username="<script>alert(1)</script>")
    LanguageModel.objects.update(name="<img src=x>")
    page = staff_client.get(PAGE, {"user": "<script>alert(1)</script>"})
    assert "<script>alert(1)" not in page.text
    assert "<img src=x>" not in page.text


def test_it_is_linked_from_the_admin(staff_client: Client, owner: User, model: LanguageModel) -> None:
    assert f'href="{PAGE}"' in staff_client.get(reverse("admin:index")).text
    person = staff_client.get(reverse("admin:accounts_user_change", args=[owner.pk])).text
    assert f'href="{PAGE}?user=owner"' in person


def test_staff_alone_may_look(client: Client, member_client: Client, model: LanguageModel) -> None:
    assert client.get(PAGE)["Location"].startswith("/login/")
    assert member_client.get(PAGE).status_code == 403


@pytest.mark.parametrize(("right", "status"), [("", 403), ("view_agentconfig", 200), ("change_agentconfig", 200)])
def test_staff_see_it_who_see_the_same_in_the_admin(
    client: Client, member: User, model: LanguageModel, right: str, status: int
) -> None:
    member.is_staff = True
    member.save()
    member.user_permissions.set(Permission.objects.filter(codename=right))
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(PAGE).status_code == status
