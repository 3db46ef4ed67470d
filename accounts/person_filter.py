from __future__ import annotations

from django.contrib import admin


class PersonFilter(admin.RelatedOnlyFieldListFilter):
    """Offers the people who occur in the list. Django's own ignores the choice while fewer than two of them do, and so
    would show other people's rows under the name of one who has none."""

    def has_output(self) -> bool:
        return True
