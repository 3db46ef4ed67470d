"""The settings of provider/model pairs, the organisation's and people's: pages of their own, and part of a model's."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from accounts.audited_admin import AuditedAdmin
from accounts.confirmation import confirmed_action
from accounts.models import AuditEntry, User
from agents import settings_resolution
from agents.admin.agent_config_form import ADVANCED, NAMES, AgentConfigForm
from agents.models import AgentConfig
from agents.setting_ranges import RANGES

INLINE_ROWS = 50


class _OfWhom(admin.SimpleListFilter):
    title = "whose"
    parameter_name = "of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("organisation", "the organisation's"), ("people", "people's own")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AgentConfig]) -> QuerySet[AgentConfig]:
        if self.value() not in ("organisation", "people"):
            return queryset
        return queryset.filter(user__isnull=self.value() == "organisation")


@admin.register(AgentConfig)
class AgentConfigAdmin(AuditedAdmin):
    form = AgentConfigForm
    list_display = ["model", "of_whom", *(bounds.name for bounds in RANGES), "why"]
    list_select_related = ["model__provider", "user"]
    list_filter = ["model", _OfWhom]
    search_fields = ["model__model_id", "user__username"]
    autocomplete_fields = ["user"]
    readonly_fields = ["version", "updated_at", "why"]
    fieldsets = [
        (None, {"fields": ["model", "user", *(bounds.name for bounds in RANGES)]}),
        ("Advanced", {"fields": [*ADVANCED]}),
        ("As it is now", {"fields": ["version", "updated_at", "why"]}),
    ]
    actions = ["apply_defaults"]

    @admin.display(description="Of", ordering="user")
    def of_whom(self, row: AgentConfig) -> str:
        return str(row.user or "the organisation")

    @admin.display(description="Effective")
    def why(self, row: AgentConfig) -> SafeString | str:
        """A link to the page that explains what applies in the end."""
        if row._state.adding:
            return "—"
        query = {"model": str(row.model_id)} | ({"user": row.user.username} if row.user else {})
        return format_html(
            '<a href="{}?{}">what applies, and why</a>', reverse("settings_ui:effective"), urlencode(query)
        )

    @confirmed_action(
        description="Apply the defaults to the selected agent configs",
        asks="All their values go. The organisation's config then says what is built in; a person's says what the "
        "organisation says. It applies from the next turn on.",
        button="Apply the defaults",
    )
    def apply_defaults(self, request: HttpRequest, queryset: QuerySet[AgentConfig]) -> None:
        rows = list(queryset.select_related("model__provider", "user"))
        assert isinstance(request.user, User)
        for row in rows:
            settings_resolution.reset(user=row.user, model=row.model, actor=request.user, door=AuditEntry.Door.ADMIN)
        self.message_user(request, f"{len(rows)} agent config(s) have the defaults. It applies from the next turn on.")


class _NewestFew(BaseInlineFormSet):  # type: ignore[type-arg]
    """Shows so many rows that the form can still be sent. What is sent back may be any row of the model."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound and self.queryset is not None:
            newest = self.queryset.order_by("-updated_at").values_list("pk", flat=True)[:INLINE_ROWS]
            self.queryset = self.queryset.filter(pk__in=list(newest))


class _ConfigInline(admin.StackedInline):  # type: ignore[type-arg]
    model = AgentConfig
    form = AgentConfigForm
    extra = 0
    show_change_link = True
    classes = ["collapse"]


class OrganisationInline(_ConfigInline):
    """The one row without a user."""

    verbose_name = "agent config of the organisation"
    fields = NAMES
    max_num = 1

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentConfig]:
        return super().get_queryset(request).filter(user=None)


class PeopleInline(_ConfigInline):
    verbose_name = "agent config of a person"
    verbose_name_plural = f"agent configs of people (the {INLINE_ROWS} changed last)"
    formset = _NewestFew
    fields = ["user", *NAMES]
    autocomplete_fields = ["user"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AgentConfig]:
        return super().get_queryset(request).filter(user__isnull=False).select_related("user")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.base_fields["user"].required = True
        formset.form.base_fields["user"].help_text = ""
        return formset
