"""A secret in a form: it goes in and never comes out. An empty field keeps what is stored."""

from __future__ import annotations

from typing import Any

from django import forms
from pydantic import SecretStr

from agents import secrets
from agents.admin.checked import checked
from agents.configuration import entered_secrets
from agents.configuration.fields import KEEP, Secret

_HELP = "Now: {hint}. Empty keeps it. Enter env:NAME, file:PATH or the secret itself, which is stored encrypted."


class SecretEntry(forms.CharField):
    """A password input that is never filled in. Its clean value is what was entered, checked; nothing is sealed yet."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "size": 60})
        super().__init__(required=False, widget=widget, **kwargs)

    def clean(self, value: Any) -> str:
        entered: SecretStr = checked(Secret, SecretStr(super().clean(value)))
        text = entered.get_secret_value()
        return "" if text == KEEP else text

    def tell(self, reference: str) -> None:
        """Say in the help text what is stored, as far as it may be said."""
        self.help_text = _HELP.format(hint=secrets.hint(reference))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


def stored(*, entered: str, clear: bool, before: str) -> str:
    """What is to be stored: a reference as it is, a plain secret sealed, "" for none."""
    if clear:
        return ""
    return entered_secrets.stored(SecretStr(entered), now=before) if entered else before
