from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms

from accounts.models import ApiToken

_LIFETIMES = [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("never", "Never")]
_MEANINGS = {
    ApiToken.Scope.READ: "Read: see conversations, settings and usage",
    ApiToken.Scope.WRITE: "Read and write: also chat and change settings",
    ApiToken.Scope.ADMIN: "Administer: also make API tokens, and what staff may do if you are staff",
}


class NewTokenForm(forms.Form):
    """What a new token is called, what it may do, and how long."""

    name = forms.CharField(
        max_length=100,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
        help_text="What will use it, so that you know later which one to revoke.",
    )
    scope = forms.ChoiceField(choices=list(_MEANINGS.items()), initial=ApiToken.Scope.WRITE, widget=forms.RadioSelect)
    lifetime = forms.ChoiceField(
        label="Expires after", choices=_LIFETIMES, initial="90", widget=forms.Select(attrs={"class": "select"})
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, label_suffix="")

    def expires_at(self, *, now: datetime) -> datetime | None:
        """Only of a valid form."""
        days = self.cleaned_data["lifetime"]
        return None if days == "never" else now + timedelta(days=int(days))
