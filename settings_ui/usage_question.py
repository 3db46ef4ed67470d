"""What the usage page was asked: which days, and whose calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast
from urllib.parse import urlencode

from django import forms

from agents.periods import FIRST_DAY, LAST_DAY, Period, last_days, of_days

PRESETS = (7, 30, 90, 365)
DEFAULT_DAYS = 30
MOST_DAYS = 366
Scope = Literal["own", "everyone"]


def _day_field() -> forms.DateField:
    return forms.DateField(required=False, input_formats=["%Y-%m-%d"])


class UsageForm(forms.Form):
    """`days` (one of PRESETS), or `from` and `to`, which go before it. Nothing said: the last 30 days, one's own."""

    days = forms.TypedChoiceField(choices=[(days, days) for days in PRESETS], coerce=int, required=False)
    scope = forms.ChoiceField(choices=[("own", "My own"), ("everyone", "Everyone's")], required=False)

    def __init__(self, data: Mapping[str, Any], *, now: datetime) -> None:
        super().__init__(data)
        self.now = now
        self.fields["from"], self.fields["to"] = _day_field(), _day_field()

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if "from" in cleaned and "to" in cleaned:
            try:
                cleaned["period"] = self._period(cleaned)
            except ValueError as fault:
                self.add_error("from", str(fault))
        return cleaned

    def _period(self, cleaned: dict[str, Any]) -> Period:
        first, last = cleaned["from"], cleaned["to"]
        if first is None and last is None:
            return last_days(cleaned.get("days") or DEFAULT_DAYS, now=self.now)
        last = last or self.now.astimezone(UTC).date()
        first = first or last
        if not FIRST_DAY <= first <= last <= LAST_DAY:
            raise ValueError("The first day must not lie after the last.")
        if (last - first).days >= MOST_DAYS:
            raise ValueError(f"At most {MOST_DAYS} days, please.")
        return of_days(first, last)


@dataclass(frozen=True, kw_only=True)
class UsageQuestion:
    """`preset` is the number of days if they were asked for as such."""

    period: Period
    scope: Scope
    preset: int | None

    @property
    def query(self) -> str:
        """The address of the same question: it moves on with the days if it was asked for as the last so many."""
        return urlencode(self._days | ({"scope": self.scope} if self.scope != "own" else {}))

    @property
    def _days(self) -> dict[str, object]:
        if self.preset:
            return {"days": self.preset}
        return {"from": self.period.first_day.isoformat(), "to": self.period.last_day.isoformat()}

    @classmethod
    def of(cls, form: UsageForm) -> UsageQuestion:
        """Only of a valid form."""
        cleaned = form.cleaned_data
        own_days = cleaned["from"] or cleaned["to"]
        return cls(
            period=cleaned["period"],
            scope=cast(Scope, cleaned["scope"] or "own"),
            preset=None if own_days else cleaned["days"] or DEFAULT_DAYS,
        )
