"""What runs, for whoever looks after the server: states and numbers of turns, never what anyone wrote."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from chat.models import Turn


@admin.register(Turn)
class TurnAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only. Conversations, titles and messages are private, and their names would show in a link."""

    list_display = ["id", "status", "reason", "agent", "model", "created_at", "started_at", "ended_at"]
    list_select_related = ["model__provider"]
    list_filter = ["status", "reason", "agent", "model"]
    date_hierarchy = "created_at"
    readonly_fields = (
        "id",
        "number",
        "conversation_id",
        "status",
        "reason",
        "agent",
        "model",
        "settings",
        "usage",
        "seq",
        "lease_owner",
        "lease_until",
        "epoch",
        "stop_requested_at",
        "created_at",
        "started_at",
        "ended_at",
    )
    fields = readonly_fields

    @admin.display(description="Conversation")
    def conversation_id(self, row: Turn) -> str:
        return str(row.conversation_id)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
