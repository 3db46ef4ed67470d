"""Agents in the admin: edited, switched off, added, compared with what is shipped, and reset to it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from agents.admin.agent_compared import has_moved
from agents.models import AgentConfig, AgentCopy, LanguageModel
from agents.roster import ROSTER, agent_named, offered, shipped
from tests.agents.admin_forms import sent_back
from tests.agents.rows import make_model

ADD = reverse("admin:agents_agentcopy_add")
LIST = reverse("admin:agents_agentcopy_changelist")
CHAMPION = "datadog-champion"
EDIT = f"{ADD}?slug={CHAMPION}&based_on={CHAMPION}"
BASE = next(agent for agent in ROSTER if agent.slug == CHAMPION)

pytestmark = pytest.mark.django_db


def page_of(row: AgentCopy) -> str:
    return reverse("admin:agents_agentcopy_change", args=[row.pk])


def reset_of(row: AgentCopy) -> str:
    return reverse("admin:agents_agentcopy_reset", args=[row.pk])


def saved(client: Client, address: str, **changes: Any) -> AgentCopy:
    answer = client.post(address, sent_back(client, address, **changes))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    return AgentCopy.objects.latest("updated_at")


def faults(client: Client, address: str, **changes: Any) -> dict[str, Any]:
    answer = client.post(address, sent_back(client, address, **changes))
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


def test_the_list_leads_to_every_shipped_agent(staff_client: Client) -> None:
    page = staff_client.get(LIST).text
    for agent in ("smart", CHAMPION, "api-correlator"):
        assert f"{ADD}?slug={agent}&amp;based_on={agent}" in page
        assert f"{ADD}?based_on={agent}" in page
    row = AgentCopy.objects.create(slug=CHAMPION, based_on=CHAMPION)
    page = staff_client.get(LIST).text
    assert f"?slug={CHAMPION}" not in page
    assert page_of(row) in page


def test_the_form_shows_the_shipped_agent_and_saved_as_it_is_keeps_nothing(staff_client: Client) -> None:
    shown = sent_back(staff_client, EDIT)
    assert (shown["name"], shown["instructions"]) == (BASE.name, BASE.instructions)
    assert shown["starters"].splitlines() == list(BASE.starters)
    row = saved(staff_client, EDIT)
    said = (row.name, row.description, row.instructions, row.starters, row.tools_off, row.shipped_instructions)
    assert said == ("", "", "", [], [], "")
    agent = agent_named(CHAMPION)
    assert agent is not None
    assert agent.tools.specs == BASE.tools.specs


def test_only_what_was_changed_is_kept_and_is_on_record(staff_client: Client, staff: User) -> None:
    instructions = f"{BASE.instructions}\r\nAnswer in French.\r\n"
    tools = [name for name in sent_back(staff_client, EDIT)["tools"] if name != "datadog_monitors"]
    row = saved(staff_client, EDIT, instructions=instructions, tools=tools)
    assert row.instructions == f"{BASE.instructions}\nAnswer in French."
    assert (row.name, row.starters, row.tools_off) == ("", [], ["datadog_monitors"])
    assert row.shipped_instructions == BASE.instructions
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor) == ("created", staff)
    assert set(entry.changes) == {"slug", "based_on", "instructions", "tools_off"}
    page = staff_client.get(page_of(row)).text
    assert "<ins>Answer in French.</ins>" in page
    assert "<del>" not in page
    assert "instructions; without datadog_monitors" in staff_client.get(LIST).text


def test_what_is_shipped_is_below(staff_client: Client) -> None:
    row = saved(staff_client, EDIT, name="Detective")
    page = staff_client.get(page_of(row))
    assert "The instructions are as shipped." in page.text
    assert "The shipped instructions of Datadog Champion" in page.text


def test_above_the_budget_it_warns_and_saves(staff_client: Client) -> None:
    ensure_models()
    address = page_of(saved(staff_client, EDIT))
    long = "Look at the logs of the last hour first. " * 200
    answer = staff_client.post(address, sent_back(staff_client, address, instructions=long), follow=True)
    assert "tokens of every call, and the budget is 2,000. It works" in answer.text
    assert "the budget is 2,000" in staff_client.get(LIST).text
    assert AgentCopy.objects.get().instructions == long.strip()


def test_a_model_whose_limit_it_exceeds_is_named(staff_client: Client) -> None:
    model = ensure_models()
    AgentConfig.objects.create(model=model, max_output_tokens=1_000)
    page = staff_client.get(page_of(saved(staff_client, EDIT))).text
    assert f"Datadog Champion cannot run with {model.name} below a higher limit" in page


def test_only_what_fits_no_model_at_all_is_refused(staff_client: Client) -> None:
    ensure_models()
    LanguageModel.objects.update(enabled=False)
    LanguageModel.objects.filter(model_id="tiny").update(enabled=True)
    found = faults(staff_client, EDIT, instructions="Look at the logs. " * 1_000)
    assert "it could not answer at all" in found["instructions"][0]
    assert not AgentCopy.objects.exists()


def ensure_models() -> LanguageModel:
    make_model(model_id="tiny", slug="small", kind="openai_compatible", wire="openai_chat", context_window=3_000)
    return make_model()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"instructions": "x" * 20_001}, "instructions"),
        ({"instructions": "bell \x07"}, "instructions"),
        ({"instructions": "nul \x00"}, "instructions"),
        ({"starters": "\n".join("abcdefg")}, "starters"),
        ({"starters": "x" * 201}, "starters"),
        ({"description": "x" * 201}, "description"),
        ({"name": "two\u2028lines"}, "name"),
        ({"name": "Smart Agent"}, "name"),
        ({"slug": "smart"}, "slug"),
        ({"slug": "two words"}, "slug"),
        ({"tools": ["recall"]}, "tools"),
    ],
)
def test_what_cannot_be_sent_is_refused_at_its_field(staff_client: Client, changes: dict[str, Any], field: str) -> None:
    assert set(faults(staff_client, EDIT, **changes)) == {field}
    assert not AgentCopy.objects.exists()


def test_the_default_agent_stays_on(staff_client: Client) -> None:
    address = f"{ADD}?slug=smart&based_on=smart"
    assert "cannot be switched off" in str(faults(staff_client, address, enabled=None))
    saved(staff_client, EDIT, enabled=None)
    assert CHAMPION not in {agent.slug for agent in offered()}


def test_an_agent_is_added_with_the_tools_of_a_shipped_one(staff_client: Client) -> None:
    address = f"{ADD}?based_on={CHAMPION}"
    assert set(faults(staff_client, address, slug="night-watch")) == {"name"}
    row = saved(staff_client, address, slug="night-watch", name="Night Watch", instructions="You watch.")
    agent = agent_named("night-watch")
    assert agent is not None
    assert (agent.name, agent.instructions, agent.tools.specs) == ("Night Watch", "You watch.", BASE.tools.specs)
    assert offered()[-1] is agent
    assert "Reset to shipped" not in staff_client.get(page_of(row)).text
    delete = reverse("admin:agents_agentcopy_delete", args=[row.pk])
    assert staff_client.post(delete, {"post": "yes"}).status_code == 302
    assert agent_named("night-watch") is None


def test_reset_asks_then_puts_the_shipped_agent_back_and_is_on_record(staff_client: Client, staff: User) -> None:
    row = saved(staff_client, EDIT, instructions="You guess.", enabled=None)
    assert reset_of(row) in staff_client.get(page_of(row)).text
    assert "switched on, with all its tools" in staff_client.get(reset_of(row)).text
    assert AgentCopy.objects.exists()
    answer = staff_client.post(reset_of(row), {"confirmed": "yes"}, follow=True)
    assert "is as shipped again" in answer.text
    assert agent_named(CHAMPION) is shipped(CHAMPION)
    entry = AuditEntry.objects.filter(action="reset to shipped").get()
    assert (entry.actor, entry.target_id) == (staff, str(row.pk))
    assert entry.changes["instructions"] == ["You guess.", None]


def test_a_copy_of_a_shipped_agent_is_reset_and_not_deleted(staff_client: Client) -> None:
    row = saved(staff_client, EDIT)
    delete = reverse("admin:agents_agentcopy_delete", args=[row.pk])
    assert delete not in staff_client.get(page_of(row)).text
    assert staff_client.post(delete, {"post": "yes"}).status_code == 403
    assert AgentCopy.objects.exists()


def test_it_says_when_the_shipped_instructions_have_changed_since(staff_client: Client) -> None:
    row = saved(staff_client, EDIT, instructions="You guess.")
    assert "have changed since" not in staff_client.get(page_of(row)).text
    AgentCopy.objects.update(shipped_instructions=f"{BASE.instructions}\nAn old line.")
    page = staff_client.get(page_of(row)).text
    assert "have changed since these were written" in page
    assert "<del>An old line.</del>" in page
    assert "have changed since" in staff_client.get(LIST).text
    saved(staff_client, page_of(row), name="Detective")
    row.refresh_from_db()
    assert has_moved(row), "saving something else is no sign that it was seen"
    saved(staff_client, page_of(row), seen_change="on")
    row.refresh_from_db()
    assert not has_moved(row)


def test_what_somebody_else_saved_meanwhile_is_told_once(staff_client: Client) -> None:
    row = saved(staff_client, EDIT)
    late = sent_back(staff_client, page_of(row), instructions="Mine.")
    saved(staff_client, page_of(row), instructions="Theirs.")
    answer = staff_client.post(page_of(row), late)
    assert "Somebody else has saved this agent meanwhile" in answer.text
    assert "Mine." in answer.text
    again = {**late, "seen_version": answer.context["adminform"].form["seen_version"].value()}
    assert staff_client.post(page_of(row), again).status_code == 302
    row.refresh_from_db()
    assert row.instructions == "Mine."


def test_an_agent_whose_base_is_gone_has_a_page_that_says_so(staff_client: Client) -> None:
    row = AgentCopy.objects.create(slug="old", based_on="retired", name="Old")
    assert "no longer shipped" in staff_client.get(page_of(row)).text
    assert staff_client.get(LIST).status_code == 200


@pytest.mark.parametrize("who", ["member_client", "client"])
def test_nobody_but_staff_gets_in(request: pytest.FixtureRequest, who: str) -> None:
    row = AgentCopy.objects.create(slug=CHAMPION, based_on=CHAMPION)
    somebody: Client = request.getfixturevalue(who)
    for address in (LIST, ADD, page_of(row), reset_of(row)):
        assert somebody.get(address).status_code == 302
    assert somebody.post(reset_of(row), {"confirmed": "yes"}).status_code == 302
    assert AgentCopy.objects.exists()


def test_staff_who_may_only_look_cannot_reset(owner: User, owner_client: Client) -> None:
    row = AgentCopy.objects.create(slug=CHAMPION, based_on=CHAMPION)
    owner.is_staff = True
    owner.save()
    owner.user_permissions.add(Permission.objects.get(codename="view_agentcopy"))
    assert "Reset to shipped" not in owner_client.get(page_of(row)).text
    assert owner_client.post(reset_of(row), {"confirmed": "yes"}).status_code == 403
    assert "add an agent" not in owner_client.get(LIST).text
    assert AgentCopy.objects.exists()
