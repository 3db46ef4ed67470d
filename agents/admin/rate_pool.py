from __future__ import annotations

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.audited_admin import AuditedAdmin
from agents.models import RatePool
from agents.pool_usage import Level, last_minute


@admin.register(RatePool)
class RatePoolAdmin(AuditedAdmin):
    """The limits of one credential, beside what the ledger says was used of them in the last minute."""

    list_display = ["name", "provider", "headroom"]
    list_select_related = ["provider"]
    list_filter = ["provider"]
    search_fields = ["name", "provider__name"]
    readonly_fields = ["headroom", "models_in_it"]
    fieldsets = [
        (None, {"fields": ["provider", "name", "models_in_it"]}),
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
        (
            "Now",
            {
                "description": "As the ledger of model calls tells it; calls that other programs make with the same "
                "credential are not in it.",
                "fields": ["headroom"],
            },
        ),
    ]

    @admin.display(description="Used in the last minute (the ledger's view)")
    def headroom(self, pool: RatePool) -> SafeString | str:
        if pool._state.adding:
            return "—"
        levels = last_minute(pool, now=timezone.now())
        return format_html_join("", "<div>{}</div>", ((_said(level),) for level in levels)) or "no limit is set"

    @admin.display(description="Models that share it")
    def models_in_it(self, pool: RatePool) -> str:
        if pool._state.adding:
            return "—"
        return ", ".join(model.name for model in pool.models.all()) or "none: choose this pool at a model"


def _said(level: Level) -> str:
    return f"{level.used:,} of {level.limit:,} {level.what}, {level.left:,} left"
