"""The agents: edited copies of shipped ones, and an organisation's own. One click leads back to what was shipped."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from accounts import audit
from accounts.audited_admin import AuditedAdmin
from accounts.confirmation import Question, ask, is_confirmed
from accounts.snapshots import snapshot
from agents.admin import agent_compared
from agents.admin.agent_copy_form import AgentCopyForm
from agents.agent_copies import as_copy
from agents.agent_sizes import warnings_on
from agents.models import AgentCopy
from agents.roster import ROSTER, made_of, shipped

_ASKS = (
    "What was edited here goes, and the agent is as it is shipped again, switched on, with all its tools. The audit "
    "log keeps what was written. It applies from the next turn on."
)


@admin.register(AgentCopy)
class AgentCopyAdmin(AuditedAdmin):
    form = AgentCopyForm
    change_form_template = "admin/agents/agentcopy/change_form.html"
    change_list_template = "admin/agents/agentcopy/change_list.html"
    list_display = ["called", "slug", "edited", "enabled", "tokens", "updated_at"]
    search_fields = ["name", "slug"]
    _TEXTS = ["name", "description", "instructions", "starters", "tools", "enabled", "seen_version"]

    def get_fieldsets(self, request: HttpRequest, obj: AgentCopy | None = None) -> Any:
        beside: dict[str, Any] = {"fields": ["compared"], "classes": ["compared"]}
        first = ["slug", *self._TEXTS, "based_on"]
        if obj is not None and agent_compared.has_moved(obj):
            first.append("seen_change")
        return [(None, {"fields": first}), ("Beside the shipped agent", beside)]

    def get_readonly_fields(self, request: HttpRequest, obj: AgentCopy | None = None) -> list[str]:
        return ["compared"] if obj is None else ["slug", "based_on", "compared"]

    @admin.display(description="Agent", ordering="slug")
    def called(self, row: AgentCopy) -> str:
        base = shipped(row.based_on)
        return row.name or (base.name if base else row.slug)

    @admin.display(description="Not as shipped")
    def edited(self, row: AgentCopy) -> str:
        return agent_compared.edited(row)

    @admin.display(description="Tokens of every call")
    def tokens(self, row: AgentCopy) -> str:
        return agent_compared.most_tokens(row)

    @admin.display(description="Now")
    def compared(self, row: AgentCopy) -> SafeString | str:
        return agent_compared.compared(row)

    def has_delete_permission(self, request: HttpRequest, obj: AgentCopy | None = None) -> bool:
        """An edited copy is not deleted, but reset; it comes to the same, and is asked in other words."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or shipped(obj.slug) is None)

    def save_model(self, request: HttpRequest, obj: AgentCopy, form: Any, change: bool) -> None:  # noqa: PLR0917
        super().save_model(request, obj, form, change)
        agent = made_of(as_copy(obj))
        for warning in warnings_on(agent, base=form.base) if agent is not None else ():
            self.message_user(request, warning, messages.WARNING)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        rows = dict(AgentCopy.objects.values_list("slug", "pk"))
        context = {"shipped": [{"agent": agent, "row": rows.get(agent.slug)} for agent in ROSTER]}
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def change_view(  # noqa: PLR0917 - Django's signature
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        context = {"resettable": row is not None and self._may_reset(request, row), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.reset)
        return [path("<uuid:pk>/reset/", view, name="agents_agentcopy_reset"), *super().get_urls()]

    def reset(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Asks, and on the POST that answers puts the shipped agent back."""
        row = self.get_object(request, str(pk))
        if row is None:
            raise Http404("no such agent")
        if not self._may_reset(request, row):
            raise PermissionDenied
        if not is_confirmed(request):
            return ask(model_admin=self, request=request, question=self._question(row))
        with transaction.atomic():
            before, old = snapshot(row), row.pk
            row.delete()
            row.pk = old
            self.audit(request, row, action="reset to shipped", changes=audit.difference(before, {}))
        self.message_user(request, f"{self.called(row)} is as shipped again, from the next turn on.")
        return redirect("admin:agents_agentcopy_changelist")

    def _may_reset(self, request: HttpRequest, row: AgentCopy) -> bool:
        return shipped(row.slug) is not None and super().has_delete_permission(request, row)

    def _question(self, row: AgentCopy) -> Question:
        return Question(
            title=f"Reset {self.called(row)} to what is shipped",
            asks=_ASKS,
            button="Reset to shipped",
            back=reverse("admin:agents_agentcopy_change", args=[row.pk]),
        )
