"""System checks: what an admin should hear of at `manage.py check --database default`, and at every start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import DatabaseError
from django.utils import timezone

from agents.llm.capability_overrides import faults_of
from agents.models import LanguageModel
from agents.retirement import leaving, retirement_notice


@register(Tags.database)
def check_models(databases: Iterable[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """agents.W001: a model retires soon · agents.W002: an override that this version does not understand."""
    if "default" not in (databases or ()):
        return []
    try:
        return [*_retiring(), *_misunderstood()]
    except DatabaseError:
        return []  # The tables are not there yet: `migrate` checks before it makes them.


def _retiring() -> Iterator[CheckMessage]:
    today = timezone.localdate()
    for model in leaving(today=today):
        hint = "Switch it off in admin once nobody needs it."
        yield Warning(retirement_notice(model, today=today), hint=hint, obj=model, id="agents.W001")


def _misunderstood() -> Iterator[CheckMessage]:
    for model in LanguageModel.objects.exclude(capabilities={}).select_related("provider"):
        for name, fault in faults_of(model.capabilities).items():
            text = f"The override of {name} is not used: {fault}"
            yield Warning(text, hint="Correct it on the model's page in admin.", obj=model, id="agents.W002")
