from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from accounts.audited_admin import AuditedAdmin
from agents import secrets
from agents.admin.checked import checked
from agents.admin.moved import ask_again
from agents.admin.oauth2_form import OAUTH2_FIELDS, OAuth2Form, line
from agents.admin.secret_entry import SecretEntry, stored
from agents.admin.source_page import source_page
from agents.configuration.fields import Address
from agents.models import HttpSource
from agents.sources import allowed


class HttpSourceForm(OAuth2Form):
    """A service with its secrets, which are entered here and never shown again."""

    base_url = line(
        "Base URL",
        "What every path is put behind. Empty: the sandbox's fictional company. Private places must be listed in "
        "EGRESS_ALLOW_PRIVATE.",
    )
    new_api_key = SecretEntry(label="Key")
    clear_api_key = forms.BooleanField(label="Remove the key", required=False)

    class Meta:
        model = HttpSource
        fields = [
            "name",
            "slug",
            "base_url",
            "auth",
            "header_name",
            "header_scheme",
            "allowed_paths",
            "allowed_methods",
            "operations",
            "enabled",
        ]
        help_texts = {"enabled": "Switched off: no agent can ask it."}
        widgets = {
            "allowed_paths": forms.Textarea(attrs={"rows": 4, "cols": 60}),
            "operations": forms.Textarea(attrs={"rows": 6, "cols": 90}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_api_key"].tell(self.instance.api_key)  # type: ignore[attr-defined]
        self._had_key = bool(self.instance.api_key)
        self._address = self.instance.base_url

    def clean_base_url(self) -> str:
        return str(checked(Address, self.cleaned_data["base_url"]))

    def clean_allowed_paths(self) -> str:
        return _without_fault(self.cleaned_data["allowed_paths"], allowed.patterns_fault)

    def clean_allowed_methods(self) -> str:
        return _without_fault(self.cleaned_data["allowed_methods"].upper(), allowed.methods_fault)

    def clean_header_scheme(self) -> str:
        return _without_fault(self.cleaned_data["header_scheme"], allowed.header_scheme_fault)

    def clean_header_name(self) -> str:
        return _without_fault(self.cleaned_data["header_name"], allowed.header_fault)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        secrets = [("new_api_key", self._had_key), ("new_client_secret", bool(self._before.get("client_secret")))]
        before = [self._address, self._before.get("token_url", "")]
        now = [data.get("base_url", self._address), data.get("oauth2_token_url", "")]
        ask_again(self, before=before, now=now, secrets=secrets)
        entered, clear = data.get("new_api_key", ""), data.get("clear_api_key", False)
        self.instance.api_key = stored(entered=entered, clear=clear, before=self.instance.api_key)
        self.take_oauth2(data, needed=data.get("auth") == HttpSource.Auth.OAUTH2)
        if data.get("auth") == HttpSource.Auth.HEADER and "new_api_key" not in self.errors:
            if not self.instance.api_key:
                self.add_error("new_api_key", "A header needs a key.")
            if not data.get("header_name"):
                self.add_error("header_name", "A header needs a name.")
        return data


def _without_fault(text: str, fault_of: Any, /) -> str:
    if fault := fault_of(text):
        raise forms.ValidationError(fault)
    return text


@admin.register(HttpSource)
class HttpSourceAdmin(AuditedAdmin):
    """The services that agents may call over HTTP."""

    form = HttpSourceForm
    list_display = ["name", "slug", "base_url", "auth", "credentials", "enabled"]
    list_filter = ["auth", "enabled"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", "base_url", "enabled"]}),
        ("What agents may do", {"fields": ["allowed_paths", "allowed_methods", "operations"]}),
        ("Credentials", {"fields": ["auth", "header_name", "header_scheme", "new_api_key", "clear_api_key"]}),
        ("OAuth2 client credentials", {"fields": [*OAUTH2_FIELDS], "classes": ["collapse"]}),
    ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.test_connection)
        return [path("<uuid:pk>/test-connection/", view, name="agents_httpsource_test"), *super().get_urls()]

    def test_connection(self, request: HttpRequest, pk: Any) -> HttpResponse:
        return source_page(self, request, source=self.get_object(request, str(pk)))

    @admin.display(description="Credentials")
    def credentials(self, row: HttpSource) -> str:
        if row.auth == HttpSource.Auth.NONE:
            return "none needed"
        is_header = row.auth == HttpSource.Auth.HEADER
        return secrets.hint(row.api_key if is_header else row.oauth2.get("client_secret", ""))
