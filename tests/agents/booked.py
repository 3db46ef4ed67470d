"""Rows of the ledger for tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.models import User
from agents.models import LanguageModel, ModelCall


def book(user: User | None, model: LanguageModel | None, *, at: datetime | None = None, **values: Any) -> ModelCall:
    """A completed call of 100 tokens in (40 of them cached) and 10 out, unless `values` say otherwise."""
    counted = {"input_tokens": 100, "cache_read_tokens": 40, "output_tokens": 10, "status": "completed"}
    row = ModelCall.objects.create(
        user=user, model=model, estimated_input_tokens=120, max_output_tokens=8_192, **(counted | values)
    )
    ModelCall.objects.filter(pk=row.pk).update(created_at=at or timezone.now())
    return row
