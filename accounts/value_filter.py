from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin


class ValueFilter(admin.AllValuesFieldListFilter):
    """Offers the values that occur, and calls the empty one "none": Django's own would give it a link without text."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] if choice["display"] != "" else "none"}
