"""What the provider of a model refused, kept with its row: written by whichever process learns it, forgotten by an
admin."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from agents.llm.capabilities import Parameter
from agents.models import LanguageModel


def remember(model: LanguageModel, parameters: Iterable[Parameter]) -> None:
    """Add to the row and to `model` itself. Two that learn at once do not lose each other's: the row is locked between
    reading and writing. LanguageModel.DoesNotExist if the row is gone."""
    with transaction.atomic():
        row = LanguageModel.objects.select_for_update().only("refused_parameters").get(pk=model.pk)
        row.refused_parameters = sorted({*row.refused_parameters, *parameters})
        row.save(update_fields=["refused_parameters"])
    model.refused_parameters = row.refused_parameters


def forget(model: LanguageModel) -> list[str]:
    """Send everything again from the next call on. Returns what had been refused."""
    with transaction.atomic():
        row = LanguageModel.objects.select_for_update().only("refused_parameters").get(pk=model.pk)
        known = list(row.refused_parameters)
        row.refused_parameters = []
        row.save(update_fields=["refused_parameters"])
    model.refused_parameters = []
    return known
