from __future__ import annotations

from django.contrib import admin
from django.utils.safestring import SafeString

from accounts.audited_admin import AuditedAdmin
from agents.admin import pool_now
from agents.models import RatePool


@admin.register(RatePool)
class RatePoolAdmin(AuditedAdmin):
    """The limits of one credential, as they were entered and as the provider was learnt to enforce them, and what is
    free of them now."""

    list_display = ["name", "provider", "now"]
    list_select_related = ["provider"]
    list_filter = ["provider"]
    search_fields = ["name", "provider__name"]
    readonly_fields = ["now_in_full", "models_in_it"]
    fieldsets = [
        (None, {"fields": ["provider", "name", "models_in_it"]}),
        (
            "Now",
            {
                "description": "What is learnt comes from the provider's answers. The ledger counts our own calls; "
                "what other programs use with the same credential is not in it.",
                "fields": ["now_in_full"],
            },
        ),
        (
            "Limits per minute",
            {
                "description": "Take them from the provider's console. Empty: no such limit. Where the provider counts "
                "input and output together, fill in tokens per minute alone.",
                "fields": [
                    "requests_per_minute",
                    "input_tokens_per_minute",
                    "output_tokens_per_minute",
                    "tokens_per_minute",
                    "count_cached_input",
                ],
            },
        ),
        (
            "How calls are let through",
            {
                "description": "Leave these as they are unless the provider says otherwise, or refuses calls although "
                "its limits per minute are not reached.",
                "fields": ["concurrent_calls", "token_burst_seconds", "request_burst_seconds", "patience_seconds"],
            },
        ),
    ]

    @admin.display(description="Now")
    def now(self, pool: RatePool) -> SafeString | str:
        return pool_now.in_short(pool)

    @admin.display(description="How it stands")
    def now_in_full(self, pool: RatePool) -> SafeString | str:
        return "—" if pool._state.adding else pool_now.in_full(pool)

    @admin.display(description="Models that share it")
    def models_in_it(self, pool: RatePool) -> str:
        if pool._state.adding:
            return "—"
        return ", ".join(model.name for model in pool.models.all()) or "none: choose this pool at a model"
