from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.models import AuditEntry
from accounts.person_filter import PersonFilter
from accounts.readonly_admin import ReadOnlyAdmin

_LONGEST = 200  # characters of one value


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Nobody changes or deletes an entry, whatever permissions they have."""

    list_display = ["at", "by", "done", "what"]
    list_display_links = ["at"]
    list_filter = ["door", "action", "target_type", ("actor", PersonFilter)]
    search_fields = ["actor_name", "target_name", "target_id"]
    date_hierarchy = "at"
    readonly_fields = ["at", "who", "door", "action", "target_type", "target_id", "target_name", "what"]
    fields = ("at", "who", "door", "action", "target_type", "target_id", "target_name", "what")
    show_full_result_count = False

    @admin.display(description="Who", ordering="actor_name")
    def who(self, entry: AuditEntry) -> str:
        return entry.actor_name or "the server itself"

    @admin.display(description="By", ordering="actor_name")
    def by(self, entry: AuditEntry) -> str:
        return f"{self.who(entry)} ({entry.get_door_display()})"

    @admin.display(description="Did", ordering="action")
    def done(self, entry: AuditEntry) -> str:
        return f"{entry.action}: {entry.target_type.rpartition('.')[2]} {entry.target_name}"

    @admin.display(description="What: old → new")
    def what(self, entry: AuditEntry) -> SafeString | str:
        lines = ((name, _said(old), _said(new)) for name, (old, new) in entry.changes.items())
        return format_html_join("", '<div class="change"><b>{}</b>: {} → {}</div>', lines) or "—"


def _said(value: Any) -> str:
    if value is None or value == []:
        return "—"
    if value == "":
        return "(empty)"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
