"""A stored secret does not follow an address to another place: whoever may change the one need not know the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from agents.configuration.moving import leads_elsewhere


def ask_again(
    form: forms.ModelForm[Any], *, before: Sequence[str], now: Sequence[str], secrets: Sequence[tuple[str, bool]]
) -> None:
    """Where an address of `now` leads to another origin than the one of `before` in its place, each of the `secrets`
    (its field, is one stored) must be entered with it, or removed."""
    if not leads_elsewhere(before=before, now=now):
        return
    for field, is_stored in secrets:
        cleared = form.cleaned_data.get(field.replace("new_", "clear_", 1))
        if is_stored and not form.cleaned_data.get(field) and not cleared and field not in form.errors:
            form.add_error(field, "The address has changed: enter it again for the new one, or remove it.")
