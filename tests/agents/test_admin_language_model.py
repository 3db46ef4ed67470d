from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from agents.admin.agent_config import INLINE_ROWS
from agents.models import AgentConfig, LanguageModel, RatePool, SettingRule, Wire
from tests.agents.admin_forms import sent_back
from tests.agents.rows import make_model

ORGANISATION, PEOPLE = "configs", "configs-2"


@pytest.fixture
def model(db: None) -> LanguageModel:
    return make_model(model_id="claude-haiku-4-5")


def page_of(model: LanguageModel) -> str:
    return reverse("admin:agents_languagemodel_change", args=[model.pk])


class TestCapabilities:
    def test_what_is_built_in_stands_beside_the_override(self, staff_client: Client, model: LanguageModel) -> None:
        LanguageModel.objects.update(context_window=150_000)
        fields = staff_client.get(page_of(model)).context["adminform"].form.fields
        assert fields["context_window"].help_text.endswith("Built in: 200,000 tokens.")
        assert fields["max_output_tokens"].help_text.endswith("Built in: 64,000 tokens.")

    @pytest.mark.parametrize(
        ("model_id", "wire", "said"),
        [
            ("claude-haiku-4-5", Wire.ANTHROPIC_MESSAGES, "0 to 1; a higher setting is sent as 1"),
            ("claude-opus-5-5", Wire.ANTHROPIC_MESSAGES, "the model does not take one"),
            ("gpt-5.5", Wire.OPENAI_CHAT, "its own default alone"),
            ("llama-77b", Wire.OPENAI_CHAT, "assumed: we do not know this model"),
        ],
    )
    def test_the_temperature_is_told(self, staff_client: Client, db: None, model_id: str, wire: str, said: str) -> None:
        assert said in staff_client.get(page_of(make_model(model_id=model_id, wire=wire))).text

    def test_a_model_that_we_do_not_know_says_so(self, staff_client: Client, db: None) -> None:
        page = staff_client.get(page_of(make_model(model_id="llama-77b", wire=Wire.OPENAI_CHAT))).text
        assert page.count("not known to us") == 2
        assert "no date known" in page

    def test_the_day_of_retirement_is_told(self, staff_client: Client, db: None) -> None:
        assert "30 November 2026" in staff_client.get(page_of(make_model(model_id="claude-sonnet-4-5"))).text


class TestOverrides:
    def test_each_stands_beside_what_is_built_in(self, staff_client: Client, model: LanguageModel) -> None:
        fields = staff_client.get(page_of(model)).context["adminform"].form.fields
        assert fields["able_cache_minimum"].help_text == "Built in: 4,096."
        assert fields["able_forced_tool_choice"].help_text == "Built in: yes."
        assert fields["able_retires"].help_text == "Built in: none known."
        assert fields["able_efforts"].help_text.endswith("Built in: none known.")

    def test_are_stored_noted_and_shown_again(self, staff_client: Client, model: LanguageModel) -> None:
        entered = {
            "able_token_factor": "1.4",
            "able_efforts": "low, high",
            "able_forced_tool_choice": "no",
            "able_retires": "2027-06-30",
            "able_temperature": "none",
        }
        assert staff_client.post(page_of(model), sent_back(staff_client, page_of(model), **entered)).status_code == 302
        model.refresh_from_db()
        stored = {
            "temperature": "none",
            "forced_tool_choice": False,
            "efforts": ["low", "high"],
            "token_factor": 1.4,
            "retires": "2027-06-30",
        }
        assert model.capabilities == stored
        told = {f"capabilities.{name}": [None, value] for name, value in stored.items()}
        assert AuditEntry.objects.get(target_id=str(model.pk)).changes == told
        page = staff_client.get(page_of(model))
        assert "does not take one" in page.text
        assert sent_back(staff_client, page_of(model)).items() >= entered.items() - {("able_token_factor", "1.4")}
        assert staff_client.post(page_of(model), sent_back(staff_client, page_of(model))).status_code == 302
        assert AuditEntry.objects.count() == 1

    def test_an_empty_list_of_efforts_can_be_said(self, staff_client: Client, model: LanguageModel) -> None:
        staff_client.post(page_of(model), sent_back(staff_client, page_of(model), able_efforts="-"))
        model.refresh_from_db()
        assert model.capabilities == {"efforts": []}
        assert sent_back(staff_client, page_of(model))["able_efforts"] == "-"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("able_token_factor", "11"),
            ("able_token_factor", "nan"),
            ("able_efforts", "low, extreme"),
            ("able_retires", "tomorrow"),
            ("able_cache_minimum", "0"),
            ("able_temperature", "yes"),
            ("able_temperature_max", "3"),
        ],
    )
    def test_nonsense_is_an_error_of_its_field(
        self, staff_client: Client, model: LanguageModel, field: str, value: str
    ) -> None:
        answer = staff_client.post(page_of(model), sent_back(staff_client, page_of(model), **{field: value}))
        assert list(answer.context["adminform"].form.errors) == [field]
        model.refresh_from_db()
        assert model.capabilities == {}


class TestItsConfigs:
    def test_both_kinds_are_changed_in_one_go_and_noted(
        self, staff_client: Client, owner: User, model: LanguageModel
    ) -> None:
        organisation = AgentConfig.objects.create(model=model, max_iterations=5)
        own = AgentConfig.objects.create(model=model, user=owner, max_iterations=6)
        changes = {f"{ORGANISATION}-0-max_iterations": "7", f"{PEOPLE}-0-max_iterations": "8"}
        answer = staff_client.post(page_of(model), sent_back(staff_client, page_of(model), **changes))
        assert answer.status_code == 302
        for row, iterations in ((organisation, 7), (own, 8)):
            row.refresh_from_db()
            assert (row.max_iterations, row.version) == (iterations, 2)
            entry = AuditEntry.objects.get(target_id=str(row.pk))
            assert (entry.action, entry.changes) == ("changed", {"max_iterations": [iterations - 2, iterations]})

    def test_rows_are_added_and_deleted_and_noted(
        self, staff_client: Client, owner: User, member: User, model: LanguageModel
    ) -> None:
        own = AgentConfig.objects.create(model=model, user=owner, max_iterations=6)
        changes = {
            f"{ORGANISATION}-TOTAL_FORMS": "1",
            f"{ORGANISATION}-0-temperature": "0.3",
            f"{PEOPLE}-TOTAL_FORMS": "2",
            f"{PEOPLE}-0-DELETE": "on",
            f"{PEOPLE}-1-user": str(member.pk),
            f"{PEOPLE}-1-max_iterations": "9",
        }
        answer = staff_client.post(page_of(model), sent_back(staff_client, page_of(model), **changes))
        assert answer.status_code == 302
        assert set(AgentConfig.objects.values_list("user", "temperature", "max_iterations")) == {
            (None, 0.3, None),
            (member.pk, None, 9),
        }
        noted = {(entry.action, entry.target_name) for entry in AuditEntry.objects.all()}
        assert noted == {
            ("created", f"{model} (organisation)"),
            ("created", f"{model} (member)"),
            ("deleted", f"{model} (owner)"),
        }
        assert AuditEntry.objects.get(action="deleted").target_id == str(own.pk)

    @pytest.mark.parametrize("prefix", [ORGANISATION, PEOPLE])
    def test_are_checked_as_strictly_as_everywhere(
        self, staff_client: Client, owner: User, model: LanguageModel, prefix: str
    ) -> None:
        AgentConfig.objects.create(model=model, max_output_tokens=5_000)
        AgentConfig.objects.create(model=model, user=owner, max_output_tokens=5_000)
        fields = sent_back(staff_client, page_of(model), **{f"{prefix}-0-max_output_tokens": "999"})
        answer = staff_client.post(page_of(model), fields)
        assert answer.status_code == 200
        assert "must be a whole number from 1,000 to 100,000" in answer.text
        assert set(AgentConfig.objects.values_list("max_output_tokens", flat=True)) == {5_000}

    def test_follow_the_rules(self, staff_client: Client, owner: User, model: LanguageModel) -> None:
        own = AgentConfig.objects.create(model=model, user=owner, max_iterations=5)
        SettingRule.objects.create(setting="max_iterations", locked=True)
        fields = sent_back(staff_client, page_of(model), **{f"{PEOPLE}-0-max_iterations": "6"})
        assert "is locked by your organisation" in staff_client.post(page_of(model), fields).text
        own.refresh_from_db()
        assert own.max_iterations == 5

    def test_a_new_model_comes_with_its_config(self, staff_client: Client, model: LanguageModel) -> None:
        address = reverse("admin:agents_languagemodel_add")
        fields = {
            "provider": model.provider.pk,
            "model_id": "new",
            "name": "New",
            "wire": "openai_chat",
            "context_window": "100000",
            "max_output_tokens": "8000",
            f"{ORGANISATION}-TOTAL_FORMS": "1",
            f"{ORGANISATION}-0-max_iterations": "4",
        }
        assert staff_client.post(address, sent_back(staff_client, address, **fields)).status_code == 302
        config = AgentConfig.objects.get()
        assert (config.model.model_id, config.max_iterations) == ("new", 4)

    def test_a_persons_row_needs_a_person(self, staff_client: Client, model: LanguageModel) -> None:
        changes = {f"{PEOPLE}-TOTAL_FORMS": "1", f"{PEOPLE}-0-max_iterations": "9"}
        answer = staff_client.post(page_of(model), sent_back(staff_client, page_of(model), **changes))
        assert answer.status_code == 200
        assert not AgentConfig.objects.exists()

    def test_of_many_people_the_newest_are_shown_and_can_be_saved(
        self, staff_client: Client, model: LanguageModel
    ) -> None:
        people = User.objects.bulk_create(User(username=f"p{number}") for number in range(INLINE_ROWS + 5))
        rows = [AgentConfig.objects.create(model=model, user=person, max_iterations=3) for person in people]
        fields = sent_back(staff_client, page_of(model))
        assert fields[f"{PEOPLE}-TOTAL_FORMS"] == INLINE_ROWS
        assert str(rows[0].pk) not in map(str, fields.values())
        AgentConfig.objects.filter(pk=rows[0].pk).update(max_iterations=4)
        rows[0].refresh_from_db()
        rows[0].save()  # now it is among the newest, and another one is not
        answer = staff_client.post(page_of(model), fields | {f"{PEOPLE}-3-max_iterations": "5"})
        assert answer.status_code == 302
        assert AgentConfig.objects.filter(max_iterations=5).count() == 1


def test_a_pool_of_another_provider_is_refused(staff_client: Client, model: LanguageModel) -> None:
    other = make_model(slug="other").provider
    pool = RatePool.objects.create(provider=other, name="theirs")
    answer = staff_client.post(page_of(model), sent_back(staff_client, page_of(model), pool=pool.pk))
    assert answer.status_code == 200
    assert "belongs to another provider" in answer.text


def test_opening_and_saving_changes_nothing(staff_client: Client, owner: User, model: LanguageModel) -> None:
    AgentConfig.objects.create(model=model, temperature=0.75)
    AgentConfig.objects.create(model=model, user=owner, response_token_limit=0)
    assert staff_client.post(page_of(model), sent_back(staff_client, page_of(model))).status_code == 302
    assert not AuditEntry.objects.exists()
    assert set(AgentConfig.objects.values_list("version", flat=True)) == {1}


def test_only_staff_gets_in(client: Client, member_client: Client, model: LanguageModel) -> None:
    assert client.get(page_of(model)).status_code == member_client.get(page_of(model)).status_code == 302


class TestRefusals:
    LIST = reverse("admin:agents_languagemodel_changelist")

    def forget(self, client: Client, *models: LanguageModel) -> int:
        data = {"action": "forget_refusals", "_selected_action": [model.pk for model in models], "confirmed": "yes"}
        return client.post(self.LIST, data).status_code

    def refusing(self, model: LanguageModel, *names: str) -> LanguageModel:
        model.refused_parameters = list(names)
        model.save()
        return model

    def test_what_was_refused_is_shown(self, staff_client: Client, model: LanguageModel) -> None:
        assert "nothing so far" in staff_client.get(page_of(model)).text
        self.refusing(model, "stream_options", "temperature")
        page = staff_client.get(page_of(model)).text
        assert "stream_options, temperature: learnt from its errors" in page
        assert "is never sent" in page, "and what the settings say follows"

    def test_it_can_be_forgotten_which_the_audit_log_keeps(self, staff_client: Client, model: LanguageModel) -> None:
        self.refusing(model, "temperature")
        self.forget(staff_client, model, make_model(model_id="another"))
        model.refresh_from_db()
        assert model.refused_parameters == []
        [entry] = AuditEntry.objects.filter(action="refusals forgotten")
        assert (entry.actor_name, entry.changes) == ("staff", {"refused_parameters": [["temperature"], []]})

    def test_it_is_asked_first(self, staff_client: Client, model: LanguageModel) -> None:
        self.refusing(model, "temperature")
        data = {"action": "forget_refusals", "_selected_action": [model.pk], "index": "0"}
        assert "sends everything again" in staff_client.post(self.LIST, data).text
        model.refresh_from_db()
        assert model.refused_parameters == ["temperature"]

    def test_nobody_else_can_forget_it(
        self, owner_client: Client, member_client: Client, client: Client, model: LanguageModel
    ) -> None:
        self.refusing(model, "temperature")
        for somebody in (owner_client, member_client, client):
            assert self.forget(somebody, model) == 302
        model.refresh_from_db()
        assert model.refused_parameters == ["temperature"]

    @pytest.mark.parametrize(
        ("changes", "left"),
        [({"name": "New"}, ["effort"]), ({"model_id": "new"}, []), ({"wire": Wire.OPENAI_CHAT}, [])],
    )
    def test_another_model_id_or_wire_begins_anew(
        self, staff_client: Client, model: LanguageModel, changes: dict[str, str], left: list[str]
    ) -> None:
        self.refusing(model, "effort")
        staff_client.post(page_of(model), sent_back(staff_client, page_of(model), **changes))
        model.refresh_from_db()
        assert model.refused_parameters == left
