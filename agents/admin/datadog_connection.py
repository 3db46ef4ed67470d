from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin

from accounts.audited_admin import AuditedAdmin
from agents import secrets
from agents.admin.checked import checked
from agents.admin.moved import ask_again
from agents.admin.secret_entry import SecretEntry, stored
from agents.configuration.fields import Address
from agents.models import DatadogConnection

_KEYS = ("api_key", "application_key")


class DatadogConnectionForm(forms.ModelForm):  # type: ignore[type-arg]
    """An account with its two keys, which are entered here and never shown again."""

    base_url = forms.CharField(
        label="Address",
        required=False,
        widget=forms.TextInput(attrs={"size": 60, "autocomplete": "off"}),
        help_text="Empty for the site's own address, https://api.SITE. Private places must be listed in "
        "EGRESS_ALLOW_PRIVATE.",
    )
    new_api_key = SecretEntry(label="API key")
    clear_api_key = forms.BooleanField(label="Remove the API key", required=False)
    new_application_key = SecretEntry(label="Application key")
    clear_application_key = forms.BooleanField(label="Remove the application key", required=False)

    class Meta:
        model = DatadogConnection
        fields = ["name", "slug", "site", "base_url", "enabled", "position"]
        help_texts = {"enabled": "Switched off: no agent can ask it."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key in _KEYS:
            self.fields[f"new_{key}"].tell(getattr(self.instance, key))  # type: ignore[attr-defined]
        self._stored = [(f"new_{key}", bool(getattr(self.instance, key))) for key in _KEYS]
        self._address = [str(self.instance.site), self.instance.base_url]

    def clean_base_url(self) -> str:
        return str(checked(Address, self.cleaned_data["base_url"]))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        now = [str(data.get("site", self._address[0])), data.get("base_url", self._address[1])]
        ask_again(self, before=self._address, now=now, secrets=self._stored)
        for key in _KEYS:
            entered, clear = data.get(f"new_{key}", ""), data.get(f"clear_{key}", False)
            setattr(self.instance, key, stored(entered=entered, clear=clear, before=getattr(self.instance, key)))
        if data.get("enabled") and data.get("site") != DatadogConnection.Site.SANDBOX:
            self._require_keys(data)
        return data

    def _require_keys(self, data: dict[str, Any]) -> None:
        for key in _KEYS:
            if not getattr(self.instance, key) and f"new_{key}" not in self.errors:
                self.add_error(f"new_{key}", "Datadog wants an API key and an application key.")


@admin.register(DatadogConnection)
class DatadogConnectionAdmin(AuditedAdmin):
    """The Datadog accounts that agents may look into."""

    form = DatadogConnectionForm
    list_display = ["name", "slug", "site", "keys", "enabled", "position"]
    list_filter = ["site", "enabled"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", "site", "base_url", "enabled", "position"]}),
        ("Keys", {"fields": ["new_api_key", "clear_api_key", "new_application_key", "clear_application_key"]}),
    ]

    @admin.display(description="Keys")
    def keys(self, row: DatadogConnection) -> str:
        if row.site == DatadogConnection.Site.SANDBOX:
            return "none needed"
        return f"API: {secrets.hint(row.api_key)}; application: {secrets.hint(row.application_key)}"
