"""The part of a form that holds OAuth2 client credentials, for every row that has a field `oauth2`."""

from __future__ import annotations

from typing import Any

from django import forms
from pydantic import SecretStr, ValidationError

from agents.admin.checked import fault_text
from agents.admin.secret_entry import SecretEntry, stored
from agents.configuration.fields import KEEP
from agents.configuration.oauth2_block import OAuth2Block

OAUTH2_FIELDS = [
    "oauth2_token_url",
    "oauth2_client_id",
    "new_client_secret",
    "clear_client_secret",
    "oauth2_scope",
    "oauth2_audience",
    "oauth2_client_auth",
]
_KEYS = ("token_url", "client_id", "scope", "audience")


def line(label: str, help_text: str = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"size": 60, "autocomplete": "off"})
    return forms.CharField(label=label, required=False, widget=widget, help_text=help_text, strip=True)


class OAuth2Form(forms.ModelForm):  # type: ignore[type-arg]
    """The client secret is entered here and never shown again."""

    oauth2_token_url = line("Token URL")
    oauth2_client_id = line("Client id")
    new_client_secret = SecretEntry(label="Client secret")
    clear_client_secret = forms.BooleanField(label="Remove the client secret", required=False)
    oauth2_scope = line("Scope")
    oauth2_audience = line("Audience")
    oauth2_client_auth = forms.ChoiceField(
        label="Client sends its secret",
        required=False,
        choices=[("basic", "in a Basic header"), ("body", "in the body")],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._before: dict[str, Any] = dict(self.instance.oauth2)
        self.fields["new_client_secret"].tell(self._before.get("client_secret", ""))  # type: ignore[attr-defined]
        for key in (*_KEYS, "client_auth"):
            self.initial.setdefault(f"oauth2_{key}", self._before.get(key, ""))

    def take_oauth2(self, data: dict[str, Any], *, needed: bool) -> None:
        """Put what was entered into the row; faults become the form's, as does that it is `needed` and not there."""
        self.instance.oauth2 = self._oauth2(data)
        if needed and not self.instance.oauth2:
            self.add_error("oauth2_token_url", "OAuth2 needs a token URL, a client id and a client secret.")

    def _oauth2(self, data: dict[str, Any]) -> dict[str, str]:
        """As it is stored: all of it, or nothing."""
        before = self._before.get("client_secret", "")
        entered, clear = data.get("new_client_secret", ""), data.get("clear_client_secret", False)
        secret = stored(entered=entered, clear=clear, before=before)
        values = {key: data.get(f"oauth2_{key}", "") for key in _KEYS}
        if not secret and not any(values.values()):
            return {}
        values["client_auth"] = data.get("oauth2_client_auth") or "basic"
        self._check_oauth2({**values, "client_secret": SecretStr(entered or (KEEP if secret else ""))})
        return {**values, "client_secret": secret}

    def _check_oauth2(self, values: dict[str, Any]) -> None:
        try:
            OAuth2Block.model_validate(values)
        except ValidationError as error:
            for fault in error.errors(include_input=False):
                name = str(fault["loc"][0])
                field = "new_client_secret" if name == "client_secret" else f"oauth2_{name}"
                self.add_error(field, fault_text(fault))
