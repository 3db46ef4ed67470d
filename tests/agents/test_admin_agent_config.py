from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from agents.models import AgentConfig, LanguageModel, SettingRule
from agents.setting_changes import must_be
from agents.setting_ranges import ALL_RANGES, ALL_SETTINGS
from agents.settings_resolution import effective, save
from tests.agents.admin_forms import sent_back
from tests.agents.rows import make_model

ADD = reverse("admin:agents_agentconfig_add")
LIST = reverse("admin:agents_agentconfig_changelist")


@pytest.fixture
def model(db: None) -> LanguageModel:
    return make_model()


def config(model: LanguageModel, **values: Any) -> dict[str, Any]:
    return {"model": model.pk, "user": "", **{one.name: "" for one in ALL_SETTINGS}, **values}


def page_of(row: AgentConfig) -> str:
    return reverse("admin:agents_agentconfig_change", args=[row.pk])


def test_an_admin_sets_the_organisations_values(staff_client: Client, owner: User, model: LanguageModel) -> None:
    answer = staff_client.post(ADD, config(model, max_output_tokens="12345", temperature="0", last_messages="7"))
    assert answer.status_code == 302
    resolved = effective(user=owner, model=model)
    assert (resolved.values.max_output_tokens, resolved.values.last_messages) == (12_345, 7)
    assert resolved.sources["temperature"] == "organisation"
    assert resolved.sources["max_iterations"] == "default"
    assert AgentConfig.objects.get().version == 1
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_type) == ("created", "agents.AgentConfig")
    assert entry.changes["max_output_tokens"] == [None, 12_345]
    assert entry.changes["temperature"] == [None, 0.0]


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
        ("last_messages", "201"),
        ("max_age_minutes", "10081"),
        ("context_token_limit", "999"),
        ("response_token_limit", "1000001"),
        ("effort", "High"),
        ("effort", "default"),
        ("effort", "3"),
    ],
)
def test_the_admin_is_as_strict_as_the_api(staff_client: Client, model: LanguageModel, field: str, text: str) -> None:
    answer = staff_client.post(ADD, config(model, **{field: text}))
    assert answer.status_code == 200
    assert "must be " in answer.text
    assert not AgentConfig.objects.exists()


@pytest.mark.parametrize(
    ("rule", "values", "of_owner", "said"),
    [
        ({"setting": "max_iterations", "maximum": 8}, {"max_iterations": "9"}, True, "from 1 to 8"),
        ({"setting": "max_iterations", "maximum": 8}, {"max_iterations": "9"}, False, "from 1 to 8"),
        (
            {"setting": "max_iterations", "locked": True},
            {"max_iterations": "9"},
            True,
            "is locked by your organisation",
        ),
        ({"setting": "max_iterations", "locked": True}, {"max_iterations": "9"}, False, ""),
        ({"setting": "temperature", "locked": True}, {"response_token_limit": "64001"}, False, "to 64,000"),
    ],
)
def test_rules_and_sizes_count_as_in_the_settings_tab(
    staff_client: Client, owner: User, model: LanguageModel, rule: Any, values: Any, of_owner: bool, said: str
) -> None:
    SettingRule.objects.create(**rule)
    answer = staff_client.post(ADD, config(model, user=owner.pk if of_owner else "", **values))
    assert said in answer.text
    assert AgentConfig.objects.exists() is (said == "")


def test_what_a_newer_rule_forbids_stays_until_it_is_changed(
    staff_client: Client, owner: User, model: LanguageModel
) -> None:
    row = AgentConfig.objects.create(model=model, user=owner, max_iterations=20)
    SettingRule.objects.create(setting="max_iterations", locked=True)
    staff_client.post(page_of(row), sent_back(staff_client, page_of(row), temperature="0.5"))
    row.refresh_from_db()
    assert (row.max_iterations, row.temperature) == (20, 0.5)


def test_the_words_are_those_of_the_settings_tab(staff_client: Client, model: LanguageModel) -> None:
    fields = staff_client.get(ADD).context["adminform"].form.fields
    for one in ALL_SETTINGS:
        assert fields[one.name].label == one.label
        assert fields[one.name].help_text.startswith(one.description)


def test_the_help_says_what_a_number_must_be(staff_client: Client, model: LanguageModel) -> None:
    fields = staff_client.get(ADD).context["adminform"].form.fields
    for bounds in ALL_RANGES:
        assert must_be(bounds).removeprefix("must be ") in fields[bounds.name].help_text.lower()


@pytest.mark.parametrize(("sent", "stored"), [("", None), ("-", ""), ("high", "high")])
def test_an_effort_may_be_inherited_or_be_the_models_own(
    staff_client: Client, model: LanguageModel, sent: str, stored: str | None
) -> None:
    staff_client.post(ADD, config(model, temperature="0.5", effort=sent))
    row = AgentConfig.objects.get()
    assert row.effort == stored
    staff_client.post(page_of(row), sent_back(staff_client, page_of(row), temperature="0.6"))
    row.refresh_from_db()
    assert (row.effort, row.temperature) == (stored, 0.6)


def test_there_is_one_row_for_the_organisation(staff_client: Client, model: LanguageModel) -> None:
    staff_client.post(ADD, config(model, max_iterations="5"))
    again = staff_client.post(ADD, config(model, max_iterations="6"))
    assert again.status_code == 200
    assert AgentConfig.objects.get().max_iterations == 5


def test_a_change_raises_the_version_and_is_noted(staff_client: Client, owner: User, model: LanguageModel) -> None:
    save(user=owner, model=model, changes={"max_iterations": 5})
    row = AgentConfig.objects.get()
    AuditEntry.objects.all().delete()
    staff_client.post(page_of(row), config(model, user=owner.pk, max_iterations="6"))
    row.refresh_from_db()
    assert (row.max_iterations, row.version) == (6, 2)
    entry = AuditEntry.objects.get()
    assert (entry.actor_name, entry.action, entry.changes) == ("staff", "changed", {"max_iterations": [5, 6]})


def test_opening_and_saving_changes_nothing(staff_client: Client, model: LanguageModel) -> None:
    row = AgentConfig.objects.create(model=model, max_output_tokens=8_192, temperature=0.75, response_token_limit=0)
    staff_client.post(page_of(row), sent_back(staff_client, page_of(row)))
    after = AgentConfig.objects.get()
    assert (after.max_output_tokens, after.temperature, after.response_token_limit) == (8_192, 0.75, 0)
    assert after.version == row.version
    assert not AuditEntry.objects.exists()


class TestTwoAtOnce:
    """An admin has the page open while somebody changes the same row."""

    @pytest.fixture
    def row(self, owner: User, model: LanguageModel) -> AgentConfig:
        return AgentConfig.objects.create(model=model, user=owner, temperature=0.5, max_iterations=9, effort="low")

    def test_what_the_admin_did_not_touch_stays_as_it_is_now(
        self, staff_client: Client, owner: User, row: AgentConfig
    ) -> None:
        page = sent_back(staff_client, page_of(row), max_iterations="8")
        save(user=owner, model=row.model, changes={"temperature": 0.1, "effort": "", "last_messages": 3})
        assert staff_client.post(page_of(row), page).status_code == 302
        row.refresh_from_db()
        assert (row.max_iterations, row.temperature, row.effort, row.last_messages) == (8, 0.1, "", 3)
        assert AuditEntry.objects.latest("pk").changes == {"max_iterations": [9, 8]}

    @pytest.mark.parametrize(
        ("field", "theirs", "mine", "said"),
        [("temperature", 0.1, "0.9", "0.1 is saved now"), ("effort", "", "max", "own default is saved now")],
    )
    def test_what_both_touched_is_told_once_and_then_the_admins(
        self, staff_client: Client, owner: User, row: AgentConfig, *, field: Any, theirs: Any, mine: str, said: str
    ) -> None:
        page = sent_back(staff_client, page_of(row), **{field: mine})
        save(user=owner, model=row.model, changes={field: theirs})
        answer = staff_client.post(page_of(row), page)
        assert answer.status_code == 200
        assert said in answer.text
        row.refresh_from_db()
        assert getattr(row, field) == theirs
        form = answer.context["adminform"].form
        seen = form.data[form[field].html_initial_name]
        again = staff_client.post(page_of(row), page | {form[field].html_initial_name: seen})
        assert again.status_code == 302
        row.refresh_from_db()
        assert str(getattr(row, field)) == mine

    def test_the_page_carries_along_what_it_shows(self, staff_client: Client, row: AgentConfig) -> None:
        text = staff_client.get(page_of(row)).text
        for name, value in (("temperature", "0.5"), ("effort", "low")):
            assert f'<input type="hidden" name="initial-{name}" value="{value}"' in text

    def test_a_value_can_be_taken_away(self, staff_client: Client, row: AgentConfig) -> None:
        staff_client.post(page_of(row), sent_back(staff_client, page_of(row), temperature="", effort=""))
        row.refresh_from_db()
        assert (row.temperature, row.effort, row.max_iterations) == (None, None, 9)


class TestApplyingDefaults:
    def act(self, client: Client, *rows: AgentConfig, confirmed: bool) -> str:
        data = {"action": "apply_defaults", "_selected_action": [row.pk for row in rows]}
        return client.post(LIST, {**data, **({"confirmed": "yes"} if confirmed else {"index": "0"})}).text

    def test_asks_then_empties_the_rows_and_notes_each(
        self, staff_client: Client, staff: User, owner: User, model: LanguageModel
    ) -> None:
        organisation = AgentConfig.objects.create(model=model, max_output_tokens=2_000)
        own = AgentConfig.objects.create(model=model, user=owner, temperature=1.5, last_messages=3)
        assert "from the next turn on" in self.act(staff_client, organisation, own, confirmed=False)
        assert effective(user=owner, model=model).stored.temperature == 1.5

        self.act(staff_client, organisation, own, confirmed=True)
        assert set(effective(user=owner, model=model).sources.values()) == {"default"}
        noted = {entry.target_id: entry for entry in AuditEntry.objects.all()}
        assert noted[str(organisation.pk)].changes == {"max_output_tokens": [2_000, None]}
        assert noted[str(own.pk)].changes == {"temperature": [1.5, None], "last_messages": [3, None]}
        assert {(entry.actor, entry.door) for entry in noted.values()} == {(staff, "admin")}

    def test_raises_the_version_so_that_an_open_tab_notices(
        self, staff_client: Client, owner: User, model: LanguageModel
    ) -> None:
        save(user=owner, model=model, changes={"max_iterations": 5})
        self.act(staff_client, AgentConfig.objects.get(), confirmed=True)
        assert effective(user=owner, model=model).version == 2


def test_the_organisations_rows_are_told_from_peoples(staff_client: Client, owner: User, model: LanguageModel) -> None:
    organisation = AgentConfig.objects.create(model=model)
    own = AgentConfig.objects.create(model=model, user=owner)
    found = {
        whose: set(staff_client.get(f"{LIST}?of={whose}").context["cl"].queryset)
        for whose in ("organisation", "people", "nonsense")
    }
    assert found == {"organisation": {organisation}, "people": {own}, "nonsense": {organisation, own}}


def test_each_row_leads_to_what_applies_in_the_end(staff_client: Client, owner: User, model: LanguageModel) -> None:
    row = AgentConfig.objects.create(model=model, user=owner, temperature=1)
    link = f"{reverse('settings_ui:effective')}?model={model.pk}&amp;user=owner"
    for address in (LIST, page_of(row)):
        assert link in staff_client.get(address).text


def test_only_staff_gets_in(client: Client, member_client: Client, model: LanguageModel) -> None:
    row = AgentConfig.objects.create(model=model)
    for address in (LIST, ADD, page_of(row)):
        assert client.get(address).status_code == member_client.get(address).status_code == 302
