"""The one setting that is a word: the tab offers what the model has, and keeps what it has not."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, User
from agents.models import AgentConfig, LanguageModel, SettingRule
from agents.settings_resolution import effective, save
from tests.agents.rows import make_model
from tests.settings_ui.tab_page import card, opened, page, post, words

pytestmark = pytest.mark.usefixtures("shipped")

QUERY = "?provider=x&model=claude-opus-4-6"


@pytest.fixture
def opus(shipped: None) -> LanguageModel:
    return make_model(slug="x", model_id="claude-opus-4-6")


def options(text: str, name: str = "effort") -> dict[str, str]:
    """What can be chosen, by the value that is sent."""
    select = re.search(rf'<select[^>]*name="{name}".*?</select>', text, re.DOTALL)
    assert select is not None
    found = re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)<', select[0])
    return {value: unescape(said).strip() for value, said in found}


def stored(user: User, model: LanguageModel) -> Any:
    return effective(user=user, model=model).settings["effort"].own


def test_what_the_model_has_can_be_chosen(owner_client: Client, owner: User, opus: LanguageModel) -> None:
    assert options(page(owner_client, QUERY)) == {
        "": "Model's own default",
        "low": "low",
        "medium": "medium",
        "high": "high",
        "max": "max",
    }
    answer = post(owner_client, opened(owner_client, QUERY) | {"effort": "max"}, query=QUERY)
    assert answer.status_code == 302
    assert stored(owner, opus) == "max"
    text = page(owner_client, QUERY)
    assert opened(owner_client, QUERY)["effort"] == "max"
    assert "your setting Yours max" in card(text, "effort")
    assert "Reset to the model's own default" in card(text, "effort")
    assert "1 of 5 set" in words(text)
    assert AuditEntry.objects.get().changes == {"effort": [None, "max"]}


def test_what_the_model_does_by_itself_is_named_where_it_is_known(owner_client: Client) -> None:
    make_model(slug="x", model_id="claude-sonnet-5-5")
    assert options(page(owner_client, "?provider=x&model=claude-sonnet-5-5"))[""] == "Model's own default (high)"


def test_the_models_own_default_may_stand_against_the_organisations(
    owner_client: Client, owner: User, opus: LanguageModel
) -> None:
    save(user=None, model=opus, changes={"effort": "high"})
    form = opened(owner_client, QUERY)
    assert form["effort"] == "high"
    post(owner_client, form | {"effort": ""}, query=QUERY)
    assert stored(owner, opus) == ""
    text = card(page(owner_client, QUERY), "effort")
    assert "Organisation high Yours the model's own default" in text
    assert "Reset to high" in text
    post(owner_client, opened(owner_client, QUERY), what="reset", query=f"{QUERY}&setting=effort")
    assert stored(owner, opus) is None


def test_what_the_model_does_not_have_is_kept_and_told(owner_client: Client, owner: User, opus: LanguageModel) -> None:
    save(user=owner, model=opus, changes={"effort": "xhigh"})
    text = page(owner_client, QUERY)
    assert options(text)["xhigh"] == "xhigh (not sent)"
    assert "not sent: this model has no effort “xhigh” Your xhigh is kept." in card(text, "effort")
    assert post(owner_client, opened(owner_client, QUERY), query=QUERY).status_code == 302
    assert stored(owner, opus) == "xhigh"
    assert AgentConfig.objects.get().version == 1
    assert re.search(r"Thinking Effort.*xhigh.*not sent", words(text.partition("Differences from")[2]))


def test_a_model_without_any_says_so(owner_client: Client, owner: User) -> None:
    text = page(owner_client)
    assert opened(owner_client)["effort"] == ""
    assert "<select" not in text.partition('id="effort-label"')[2].partition("</fieldset>")[0]
    assert "This model has no effort to choose, so none is sent." in card(text, "effort")
    make_model(slug="x", model_id="claude-next")
    unknown = card(page(owner_client, "?provider=x&model=claude-next"), "effort")
    assert "It is not known whether this model takes an effort, so none is sent." in unknown


@pytest.mark.parametrize("word", ["High", " high", "8192", "١", "default", "\u0000"])
def test_anything_else_is_refused_at_its_field(owner_client: Client, opus: LanguageModel, word: str) -> None:
    answer = post(owner_client, opened(owner_client, QUERY) | {"effort": word, "temperature": "0.1"}, query=QUERY)
    assert answer.status_code == 422
    assert "Thinking Effort must be one of none, minimal, low" in card(answer.text, "effort")
    assert not AgentConfig.objects.exists()


def test_a_form_that_does_not_hold_it_is_refused(owner_client: Client, owner: User, opus: LanguageModel) -> None:
    save(user=owner, model=opus, changes={"effort": "low"})
    form = opened(owner_client, QUERY)
    del form["effort"]
    assert post(owner_client, form, query=QUERY).status_code == 422
    assert stored(owner, opus) == "low"


def test_a_locked_one_cannot_be_changed(owner_client: Client, owner: User, opus: LanguageModel) -> None:
    SettingRule.objects.create(setting="effort", locked=True)
    save(user=None, model=opus, changes={"effort": "low"})
    form = opened(owner_client, QUERY)
    assert "effort" not in form
    assert "locked by your organisation" in card(page(owner_client, QUERY), "effort")
    post(owner_client, form | {"effort": "max"}, query=QUERY)
    assert stored(owner, opus) is None


def test_two_tabs_are_told_what_moved(owner_client: Client, owner: User, opus: LanguageModel) -> None:
    form = opened(owner_client, QUERY)
    save(user=owner, model=opus, changes={"effort": "low"})
    answer = post(owner_client, form | {"effort": "max"}, query=QUERY)
    assert answer.status_code == 409
    said = card(answer.text, "effort")
    assert "it was the model's own default when you began, and low is saved now" in said
    assert "Take low instead" in said
    assert stored(owner, opus) == "low"


def test_it_is_copied_with_the_others(owner_client: Client, owner: User, opus: LanguageModel) -> None:
    save(user=owner, model=opus, changes={"effort": "high"})
    other = make_model(slug="y", model_id="claude-haiku-4-5")
    answer = post(owner_client, opened(owner_client, QUERY) | {"to": str(other.pk)}, what="copy", query=QUERY)
    assert answer.status_code == 302
    assert "Thinking Effort high" in words(page(owner_client, QUERY))
    assert stored(owner, other) == "high"
    assert effective(user=owner, model=other).values.effort is None


def test_staff_see_why(staff_client: Client, owner: User, opus: LanguageModel) -> None:
    save(user=owner, model=opus, changes={"effort": "xhigh"})
    answer = staff_client.get("/settings/effective/", {"user": owner.username, "model": str(opus.pk)})
    line = next(line for line in answer.context["lines"] if line.label == "Thinking Effort")
    assert (line.value, line.layers[2].shown, line.layers[2].wins) == ("not sent", "xhigh", True)
    assert line.allowed == "low, medium, high, max"
    assert line.note == "not sent: this model has no effort “xhigh”"
