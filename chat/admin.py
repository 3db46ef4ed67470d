"""What runs, for whoever looks after the server: states and numbers of turns, never what anyone wrote."""

from __future__ import annotations

from django.contrib import admin

from accounts.person_filter import PersonFilter
from accounts.readonly_admin import ReadOnlyAdmin
from accounts.value_filter import ValueFilter
from chat.models import Turn


@admin.register(Turn)
class TurnAdmin(ReadOnlyAdmin):
    """Conversations, titles and messages are private, and their names would show in a link."""

    list_display = ["id", "owner", "status", "reason", "agent", "model", "created_at", "started_at", "ended_at"]
    list_select_related = ["model__provider", "conversation__owner"]
    list_filter = [
        "created_at",
        "status",
        "model",
        ("conversation__owner", PersonFilter),
        ("reason", ValueFilter),
        "agent",
    ]
    search_fields = ["conversation__owner__username"]
    search_help_text = "A user name."
    date_hierarchy = "created_at"
    show_full_result_count = False
    readonly_fields = (
        "id",
        "number",
        "owner",
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

    @admin.display(description="User", ordering="conversation__owner__username")
    def owner(self, row: Turn) -> str:
        return str(row.conversation.owner)

    @admin.display(description="Conversation")
    def conversation_id(self, row: Turn) -> str:
        return str(row.conversation_id)
