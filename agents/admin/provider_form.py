from __future__ import annotations

from typing import Any

from django import forms
from pydantic import SecretStr, ValidationError

from agents.admin.checked import checked, fault_text
from agents.admin.secret_entry import SecretEntry, stored
from agents.configuration.fields import KEEP, Address, Headers
from agents.configuration.schema import OAuth2Block
from agents.models import Provider

_OAUTH2 = ("token_url", "client_id", "scope", "audience")


def _line(label: str, help_text: str = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"size": 60, "autocomplete": "off"})
    return forms.CharField(label=label, required=False, widget=widget, help_text=help_text, strip=True)


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    """A provider with its secrets, which are entered here and never shown again."""

    base_url = _line("Base URL", "Empty for the provider's own address. OpenAI kinds end in /v1.")
    new_api_key = SecretEntry(label="API key")
    clear_api_key = forms.BooleanField(label="Remove the API key", required=False)
    headers = forms.JSONField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text='Sent with every call, as JSON: {"x-team": "payments"}. Everybody here can read them: write '
        "env:NAME or file:PATH in the place of a secret.",
    )
    oauth2_token_url = _line("Token URL")
    oauth2_client_id = _line("Client id")
    new_client_secret = SecretEntry(label="Client secret")
    clear_client_secret = forms.BooleanField(label="Remove the client secret", required=False)
    oauth2_scope = _line("Scope")
    oauth2_audience = _line("Audience")
    oauth2_client_auth = forms.ChoiceField(
        label="Client sends its secret",
        required=False,
        choices=[("basic", "in a Basic header"), ("body", "in the body")],
    )

    class Meta:
        model = Provider
        fields = ["name", "slug", "kind", "auth", "base_url", "headers", "enabled", "position"]
        help_texts = {
            "slug": "The provider's short name in addresses, the API and configuration files.",
            "auth": "How calls are signed: with the API key, with a token got by OAuth2, or not at all.",
            "enabled": "Switched off: nobody can choose its models, and nothing is sent to it.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._before: dict[str, Any] = dict(self.instance.oauth2)
        self.fields["new_api_key"].tell(self.instance.api_key)  # type: ignore[attr-defined]
        self.fields["new_client_secret"].tell(self._before.get("client_secret", ""))  # type: ignore[attr-defined]
        for key in (*_OAUTH2, "client_auth"):
            self.initial.setdefault(f"oauth2_{key}", self._before.get(key, ""))

    def clean_base_url(self) -> str:
        return str(checked(Address, self.cleaned_data["base_url"]))

    def clean_headers(self) -> dict[str, str]:
        return dict(checked(Headers, self.cleaned_data["headers"] or {}))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        self.instance.api_key = stored(
            entered=data.get("new_api_key", ""), clear=data.get("clear_api_key", False), before=self.instance.api_key
        )
        self.instance.oauth2 = self._oauth2(data)
        if data.get("auth") == Provider.Auth.OAUTH2 and not self.instance.oauth2:
            self.add_error("oauth2_token_url", "OAuth2 needs a token URL, a client id and a client secret.")
        return data

    def _oauth2(self, data: dict[str, Any]) -> dict[str, str]:
        """As it is stored: all of it, or nothing."""
        before = self._before.get("client_secret", "")
        entered, clear = data.get("new_client_secret", ""), data.get("clear_client_secret", False)
        secret = stored(entered=entered, clear=clear, before=before)
        values = {key: data.get(f"oauth2_{key}", "") for key in _OAUTH2}
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
