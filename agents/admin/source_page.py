"""The admin page "Test connection" of an HTTP source: one GET, and what came of it."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.audited_admin import AuditedAdmin
from accounts.confirmation import Question, ask, is_confirmed
from agents.models import HttpSource
from agents.sources.trial import path_to_try, try_source

_ASKS = (
    "This makes one GET of {what}, signed as every call of an agent is, and shows its status and the first characters "
    "of the answer. It takes at most half a minute. Nothing is changed here."
)


def source_page(model_admin: AuditedAdmin, request: HttpRequest, *, source: HttpSource | None) -> HttpResponse:
    if source is None:
        raise Http404("no such source")
    if not model_admin.has_change_permission(request, source):
        raise PermissionDenied
    if not is_confirmed(request):
        return ask(model_admin=model_admin, request=request, question=_question(source))
    trial = async_to_sync(try_source)(source)
    changes = {"outcome": (None, "works" if trial.works else "failed")}
    model_admin.audit(request, source, action="connection tested", changes=changes)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": f"The connection to {source} {'works' if trial.works else 'does not work'}",
        "source": source,
        "trial": trial,
    }
    return TemplateResponse(request, "admin/agents/httpsource/connection.html", context)


def _question(source: HttpSource) -> Question:
    return Question(
        title=f"Test the connection to {source}",
        asks=_ASKS.format(what=path_to_try(source) or "the base URL"),
        button="Test connection",
        back=reverse("admin:agents_httpsource_change", args=[source.pk]),
    )
