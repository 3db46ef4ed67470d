from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from accounts.audited_admin import AuditedAdmin
from agents import secrets
from agents.admin.checked import checked
from agents.admin.mcp_tools_page import tools_page
from agents.admin.moved import ask_again
from agents.admin.oauth2_form import OAUTH2_FIELDS, OAuth2Form, line
from agents.admin.secret_entry import SecretEntry, stored
from agents.configuration.fields import Headers
from agents.configuration.moving import leads_elsewhere
from agents.mcp.address import url_fault
from agents.mcp_rows import McpGrant, McpServer
from agents.secrets import is_outside
from agents.sources import allowed


class McpServerForm(OAuth2Form):
    """A server with its secrets, which are entered here and never shown again."""

    url = line(
        "URL",
        "Of its streamable HTTP endpoint: https://mcp.example.com/mcp. It may have a query that chooses tools, but no "
        "secret. Private places must be listed in EGRESS_ALLOW_PRIVATE.",
    )
    new_api_key = SecretEntry(label="Key")
    clear_api_key = forms.BooleanField(label="Remove the key", required=False)
    headers = forms.JSONField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text='Sent beside that, as JSON: {"X-MCP-Readonly": "true"}. Everybody here can read them: write env:NAME '
        "or file:PATH in the place of a secret.",
    )
    headers_too = forms.BooleanField(
        label="Send secret headers to a new address, too",
        required=False,
        help_text="Only where the URL leads to another host, and a header with env:NAME or file:PATH stays.",
    )

    class Meta:
        model = McpServer
        fields = ["name", "slug", "url", "auth", "header_name", "header_scheme", "headers", "enabled"]
        help_texts = {"enabled": "Switched off: no agent is offered its tools."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["url"].required = True
        self.fields["new_api_key"].tell(self.instance.api_key)  # type: ignore[attr-defined]
        self._had_key = bool(self.instance.api_key)
        self._address = self.instance.url
        self._secret_headers = {value for value in self.instance.headers.values() if is_outside(value)}

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if "_" in slug:
            raise forms.ValidationError("Write a hyphen for an underscore: names of tools are SLUG__TOOL.")
        return slug

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        if fault := url_fault(url):
            raise forms.ValidationError(f"{fault[0].upper()}{fault[1:]}.")
        return url

    def clean_headers(self) -> dict[str, str]:
        return dict(checked(Headers, self.cleaned_data["headers"] or {}))

    def clean_header_scheme(self) -> str:
        return _without(allowed.header_scheme_fault, self.cleaned_data["header_scheme"])

    def clean_header_name(self) -> str:
        return _without(allowed.header_fault, self.cleaned_data["header_name"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        secrets = [("new_api_key", self._had_key), ("new_client_secret", bool(self._before.get("client_secret")))]
        before = [self._address, self._before.get("token_url", "")]
        now = [data.get("url", self._address), data.get("oauth2_token_url", "")]
        ask_again(self, before=before, now=now, secrets=secrets)
        self._ask_about_headers(data)
        entered, clear = data.get("new_api_key", ""), data.get("clear_api_key", False)
        self.instance.api_key = stored(entered=entered, clear=clear, before=self.instance.api_key)
        self.take_oauth2(data, needed=data.get("auth") == McpServer.Auth.OAUTH2)
        if data.get("auth") == McpServer.Auth.HEADER:
            self._check_header(data)
        return data

    def _ask_about_headers(self, data: dict[str, Any]) -> None:
        """They are filled in on the page, so that sending them elsewhere has to be said."""
        if data.get("headers_too") or not leads_elsewhere(before=[self._address], now=[data.get("url", self._address)]):
            return
        if kept := [name for name, value in data.get("headers", {}).items() if value in self._secret_headers]:
            said = f"The address has changed: say that the new one gets {', '.join(kept)}, or write them otherwise."
            self.add_error("headers_too", said)

    def _check_header(self, data: dict[str, Any]) -> None:
        if not self.instance.api_key and "new_api_key" not in self.errors:
            self.add_error("new_api_key", "A header needs a key.")
        if not data.get("header_name") and "header_name" not in self.errors:
            self.add_error("header_name", "A header needs a name.")


def _without(fault_of: Any, text: str, /) -> str:
    if fault := fault_of(text):
        raise forms.ValidationError(fault)
    return text


@admin.register(McpServer)
class McpServerAdmin(AuditedAdmin):
    """The MCP servers, and on a page of its own which of their tools agents may use."""

    form = McpServerForm
    change_form_template = "admin/agents/mcpserver/change_form.html"
    list_display = ["name", "slug", "chosen", "enabled", "credentials", "url"]
    list_filter = ["auth", "enabled"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", "url", "enabled"]}),
        ("Credentials", {"fields": ["auth", "header_name", "header_scheme", "new_api_key", "clear_api_key"]}),
        ("OAuth2 client credentials", {"fields": [*OAUTH2_FIELDS], "classes": ["collapse"]}),
        ("Headers", {"fields": ["headers", "headers_too"], "classes": ["collapse"]}),
    ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.tools)
        return [path("<uuid:pk>/tools/", view, name="agents_mcpserver_tools"), *super().get_urls()]

    def tools(self, request: HttpRequest, pk: Any) -> HttpResponse:
        return tools_page(self, request, server=self.get_object(request, str(pk)))

    @admin.display(description="Credentials")
    def credentials(self, row: McpServer) -> str:
        if row.auth == McpServer.Auth.NONE:
            return "none needed"
        is_header = row.auth == McpServer.Auth.HEADER
        return secrets.hint(row.api_key if is_header else row.oauth2.get("client_secret", ""))

    @admin.display(description="Tools")
    def chosen(self, row: McpServer) -> str:
        """How many are given to an agent, and what an admin has to look at."""
        given = McpGrant.objects.filter(tool__server=row).exclude(policy=McpGrant.Policy.OFF)
        tools = {grant.tool for grant in given.select_related("tool")}
        held = sum(tool.is_held_back for tool in tools)
        words = f"{len(tools)} of {row.tools.count()}" if row.read_at else "not read yet"
        return f"{words}, {held} held back" if held else words
