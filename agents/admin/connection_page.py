"""The admin page "Test connection": it asks for a model, makes one tiny call, and tells what happened step by step."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.audited_admin import AuditedAdmin
from accounts.confirmation import Question, ask, is_confirmed
from agents.models import LanguageModel, Provider
from agents.test_connection import Step, try_connection

_ASKS = (
    "This looks at the address and the key, connects, and lets one model answer a tiny question. It costs a few "
    "tokens, counts toward the rate limit like every call, and takes at most half a minute. Nothing is changed."
)


class _WhichModel(forms.Form):
    model = forms.ModelChoiceField(queryset=LanguageModel.objects.none(), empty_label=None)

    def __init__(self, provider: Provider, data: Any = None) -> None:
        rows = (
            LanguageModel.objects.filter(provider=provider).select_related("provider").order_by("-enabled", "position")
        )
        super().__init__(data, initial={"model": rows.first()})
        self.fields["model"].queryset = rows  # type: ignore[attr-defined]


def connection_page(model_admin: AuditedAdmin, request: HttpRequest, *, provider: Provider | None) -> HttpResponse:
    if provider is None:
        raise Http404("no such provider")
    if not model_admin.has_change_permission(request, provider):
        raise PermissionDenied
    if not provider.models.exists():
        said = "A connection is tested with a model, and this provider has none yet. Add one, then test."
        model_admin.message_user(request, said, messages.WARNING)
        return redirect(f"{reverse('admin:agents_languagemodel_add')}?provider={provider.pk}")
    form = _WhichModel(provider, request.POST if is_confirmed(request) else None)
    if not form.is_valid():
        return ask(model_admin=model_admin, request=request, question=_question(provider, form))
    model: LanguageModel = form.cleaned_data["model"]
    steps = async_to_sync(try_connection)(model=model, user_id=str(request.user.pk))
    works = steps[-1].outcome == "ok"
    changes = {"outcome": (None, "works" if works else f"failed: {steps[-1].name}")}
    model_admin.audit(request, provider, action="connection tested", changes=changes)
    return _result(model_admin, request, model=model, steps=steps, works=works)


def _question(provider: Provider, form: _WhichModel) -> Question:
    return Question(
        title=f"Test the connection to {provider}",
        asks=_ASKS,
        button="Test connection",
        back=reverse("admin:agents_provider_change", args=[provider.pk]),
        form=form,
    )


def _result(
    model_admin: AuditedAdmin, request: HttpRequest, *, model: LanguageModel, steps: list[Step], works: bool
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": f"The connection to {model.provider} {'works' if works else 'does not work'}",
        "provider": model.provider,
        "model": model,
        "steps": steps,
        "works": works,
    }
    return TemplateResponse(request, "admin/agents/provider/connection.html", context)
