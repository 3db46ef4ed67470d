from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from accounts.audited_admin import AuditedAdmin
from agents import secrets
from agents.admin.connection_page import connection_page
from agents.admin.oauth2_form import OAUTH2_FIELDS
from agents.admin.provider_form import ProviderForm
from agents.models import Provider


@admin.register(Provider)
class ProviderAdmin(AuditedAdmin):
    """Who serves models. Its secrets go in and never come out; "Test connection" says whether they work."""

    form = ProviderForm
    list_display = ["name", "slug", "kind", "auth", "credentials", "enabled", "position"]
    list_filter = ["kind", "auth", "enabled"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", "kind", "base_url", "enabled", "position"]}),
        ("Credentials", {"fields": ["auth", "new_api_key", "clear_api_key"]}),
        (
            "OAuth2 client credentials",
            {
                "description": "For gateways that want a token of your identity provider.",
                "fields": [*OAUTH2_FIELDS],
                "classes": ["collapse"],
            },
        ),
        ("Headers", {"fields": ["headers"], "classes": ["collapse"]}),
    ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.test_connection)
        return [path("<uuid:pk>/test-connection/", view, name="agents_provider_test"), *super().get_urls()]

    def test_connection(self, request: HttpRequest, pk: Any) -> HttpResponse:
        return connection_page(self, request, provider=self.get_object(request, str(pk)))

    @admin.display(description="Credentials")
    def credentials(self, row: Provider) -> str:
        if row.auth == Provider.Auth.NONE:
            return "none needed"
        is_key = row.auth == Provider.Auth.API_KEY
        return secrets.hint(row.api_key if is_key else row.oauth2.get("client_secret", ""))
