"""Models that their vendor stops to serve: whoever uses one hears of it a month before."""

from __future__ import annotations

from datetime import date, timedelta

from agents.model_capabilities import capabilities_for
from agents.models import LanguageModel

NOTICE = timedelta(days=30)


def retirement_notice(model: LanguageModel, *, today: date, within: timedelta = NOTICE) -> str:
    """A sentence where the day is past or not further away than `within`, else ""."""
    day = capabilities_for(model).retires
    if day is None or day - today > within:
        return ""
    tense = "was to be switched off" if day <= today else "will be switched off"
    return f"{model.name} {tense} by its vendor on {day:%d %B %Y}. Plan for another model."


def leaving(*, today: date) -> list[LanguageModel]:
    """The models that are on offer here and near their end."""
    rows = LanguageModel.objects.filter(enabled=True, provider__enabled=True).select_related("provider")
    return [row for row in rows if retirement_notice(row, today=today)]
