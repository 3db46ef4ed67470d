from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audited_tokens, tokens
from accounts.confirmation import confirmed_action
from accounts.models import ApiToken, AuditEntry, User
from accounts.person_filter import PersonFilter
from accounts.readonly_admin import ReadOnlyAdmin


class _State(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "not revoked"), ("revoked", "revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> QuerySet[ApiToken]:
        if self.value() not in ("open", "revoked"):
            return queryset
        return queryset.filter(revoked_at__isnull=self.value() == "open")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Read-only, but for revoking. A token is made by its user, or with the command `create_token`."""

    list_display = ["prefix", "name", "user", "scope", "valid", "last_used_at", "expires_at"]
    list_filter = ["scope", _State, ("user", PersonFilter)]
    search_fields = ["prefix", "name", "user__username"]
    list_select_related = ["user"]
    fields = ["prefix", "name", "user", "scope", "created_at", "expires_at", "last_used_at", "revoked_at"]
    actions = ["revoke"]

    @admin.display(boolean=True)
    def valid(self, row: ApiToken) -> bool:
        return tokens.is_valid(row, now=timezone.now())

    @confirmed_action(
        description="Revoke the selected API tokens",
        asks="Programs that use these tokens are refused at once, and their open connections are closed within 5 "
        "seconds. A revoked token cannot be brought back.",
        button="Revoke",
        permission="revoke",
    )
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        rows = list(queryset.filter(revoked_at=None))
        assert isinstance(request.user, User)
        for row in rows:
            audited_tokens.revoke(row, actor=request.user, door=AuditEntry.Door.ADMIN)
        self.message_user(request, f"{len(rows)} API token(s) revoked.")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return not lookup.startswith("digest") and super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apitoken")
