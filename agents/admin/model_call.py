from __future__ import annotations

from django.contrib import admin

from accounts.person_filter import PersonFilter
from accounts.readonly_admin import ReadOnlyAdmin
from accounts.value_filter import ValueFilter
from agents.models import ModelCall


@admin.register(ModelCall)
class ModelCallAdmin(ReadOnlyAdmin):
    """The ledger is written by the governor alone. It holds numbers, never what anyone wrote."""

    list_display = ["created_at", "user", "model", "outcome", "tokens", "waited"]
    list_select_related = ["model__provider", "user"]
    list_filter = ["created_at", "status", "model", ("user", PersonFilter), "purpose", ("error_code", ValueFilter)]
    search_fields = ["user__username", "request_id"]
    search_help_text = "A user name, or the provider's request id."
    date_hierarchy = "created_at"
    show_full_result_count = False

    @admin.display(description="Outcome", ordering="status")
    def outcome(self, call: ModelCall) -> str:
        return f"{call.get_status_display()}{call.error_code and f': {call.error_code}'}"

    @admin.display(description="Tokens", ordering="input_tokens")
    def tokens(self, call: ModelCall) -> str:
        if call.input_tokens is None:
            return f"about {call.estimated_input_tokens:,} in"
        return f"{call.input_tokens:,} in (estimated {call.estimated_input_tokens:,}), {call.output_tokens or 0:,} out"

    @admin.display(description="Waited", ordering="waited_ms")
    def waited(self, call: ModelCall) -> str:
        return f"{call.waited_ms / 1000:.1f} s"
