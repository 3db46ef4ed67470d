"""The system checks tell of models that leave, and of overrides that this version does not understand."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from agents.checks import check_models
from agents.models import LanguageModel
from agents.retirement import leaving, retirement_notice
from tests.agents.rows import make_model

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 30)


def ids() -> list[str]:
    return [str(message.id) for message in check_models(databases=["default"])]


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (DAY - timedelta(days=31), ""),
        (DAY - timedelta(days=30), "will be switched off by its vendor on 30 November 2026"),
        (DAY - timedelta(days=1), "will be switched off"),
        (DAY, "was to be switched off"),
        (DAY + timedelta(days=400), "was to be switched off"),
    ],
)
def test_a_month_before_the_day_it_is_said(today: date, words: str) -> None:
    said = retirement_notice(make_model(model_id="claude-sonnet-4-5"), today=today)
    assert words in said
    assert bool(said) == bool(words)


def test_only_what_is_on_offer_is_named() -> None:
    one = make_model(model_id="claude-sonnet-4-5")
    assert leaving(today=DAY) == [one]
    LanguageModel.objects.update(enabled=False)
    assert leaving(today=DAY) == []


def test_a_model_that_leaves_is_a_warning() -> None:
    row = make_model(model_id="our-own")
    assert ids() == []
    row.capabilities = {"retires": timezone.localdate().isoformat()}
    row.save()
    assert ids() == ["agents.W001"]


def test_an_override_that_is_not_understood_is_a_warning() -> None:
    row = make_model(model_id="our-own")
    row.capabilities = {"token_factor": 99, "speed": "fast"}
    row.save()
    assert ids() == ["agents.W002", "agents.W002"]


def test_the_command_prints_them() -> None:
    make_model(model_id="our-own")
    LanguageModel.objects.update(capabilities={"retires": "2020-01-01"})
    said = io.StringIO()
    call_command("check", databases=["default"], stderr=said)
    assert "our-own was to be switched off by its vendor on 01 January 2020" in said.getvalue()
    assert check_models(databases=None) == []
