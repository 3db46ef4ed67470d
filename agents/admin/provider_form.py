from __future__ import annotations

from typing import Any

from django import forms

from agents.admin.checked import checked
from agents.admin.moved import ask_again
from agents.admin.oauth2_form import OAuth2Form, line
from agents.admin.secret_entry import SecretEntry, stored
from agents.configuration.fields import Address, Headers
from agents.models import Provider


class ProviderForm(OAuth2Form):
    """A provider with its secrets, which are entered here and never shown again."""

    base_url = line("Base URL", "Empty for the provider's own address. OpenAI kinds end in /v1.")
    new_api_key = SecretEntry(label="API key")
    clear_api_key = forms.BooleanField(label="Remove the API key", required=False)
    headers = forms.JSONField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text='Sent with every call, as JSON: {"x-team": "payments"}. Everybody here can read them: write '
        "env:NAME or file:PATH in the place of a secret.",
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
        self.fields["new_api_key"].tell(self.instance.api_key)  # type: ignore[attr-defined]
        self._had_key = bool(self.instance.api_key)
        self._address = self.instance.base_url or self.instance.kind

    def clean_base_url(self) -> str:
        return str(checked(Address, self.cleaned_data["base_url"]))

    def clean_headers(self) -> dict[str, str]:
        return dict(checked(Headers, self.cleaned_data["headers"] or {}))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        self._ask_again(data)
        self.instance.api_key = stored(
            entered=data.get("new_api_key", ""), clear=data.get("clear_api_key", False), before=self.instance.api_key
        )
        self.take_oauth2(data, needed=data.get("auth") == Provider.Auth.OAUTH2)
        return data

    def _ask_again(self, data: dict[str, Any]) -> None:
        """Without an address of its own, the kind says where a provider is."""
        secrets = [("new_api_key", self._had_key), ("new_client_secret", bool(self._before.get("client_secret")))]
        before = [self._address, self._before.get("token_url", "")]
        address = data.get("base_url", self._address) or data.get("kind", self._address)
        ask_again(self, before=before, now=[address, data.get("oauth2_token_url", "")], secrets=secrets)
