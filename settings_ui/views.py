"""The settings tab "Agent Config". It works as a plain form; scripts only make it pleasanter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.refusals import VersionConflict
from agents import settings_resolution
from agents.availability import available_models
from agents.models import LanguageModel
from agents.settings_resolution import EffectiveSettings
from settings_ui.forms import AgentConfigForm
from settings_ui.setting_cards import cards_of

_TEMPLATE = "settings_ui/agent_config.html"


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    models = available_models(_person(request))
    if not models:
        return render(request, _TEMPLATE, {"models": models})
    model = _chosen(models, request)
    resolved = settings_resolution.effective(user=_person(request), model=model)
    return _page(request, models=models, model=model, form=AgentConfigForm(resolved), resolved=resolved)


@login_required
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    models = available_models(_person(request))
    model = _chosen(models, request)
    resolved = settings_resolution.effective(user=_person(request), model=model)
    form = AgentConfigForm(resolved, request.POST)
    if not form.is_valid():
        return _page(request, models=models, model=model, form=form, resolved=resolved, status=422)
    try:
        if changes := form.changes():
            settings_resolution.save(
                user=_person(request), model=model, changes=changes, if_match=form.cleaned_data["version"]
            )
    except VersionConflict as conflict:
        return _conflict(request, models=models, model=model, form=form, conflict=conflict)
    said = "Saved. It applies from the next turn on." if changes else "Nothing was changed, so nothing was saved."
    messages.success(request, said)
    return _back_to(model)


@login_required
@require_POST
def reset(request: HttpRequest) -> HttpResponse:
    model = _chosen(available_models(_person(request)), request)
    settings_resolution.reset(user=_person(request), model=model)
    messages.success(request, "Reset: your own values for this model are gone. It applies from the next turn on.")
    return _back_to(model)


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("a view without login_required")
    return request.user


def _chosen(models: Sequence[LanguageModel], request: HttpRequest) -> LanguageModel:
    """The model that the address names; the provider's first where it names another provider's model."""
    slug, model_id = request.GET.get("provider"), request.GET.get("model")
    of_provider = [model for model in models if slug is None or model.provider.slug == slug]
    if not of_provider:
        raise Http404("no such provider")
    return next((model for model in of_provider if model.model_id == model_id), of_provider[0])


def _page(
    request: HttpRequest,
    *,
    models: Sequence[LanguageModel],
    model: LanguageModel,
    form: AgentConfigForm,
    resolved: EffectiveSettings,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "providers": {row.provider.slug: row.provider for row in models}.values(),
        "models": [row for row in models if row.provider_id == model.provider_id],
        "model": model,
        "query": _query(model),
        "form": form,
        "cards": cards_of(form, model=model, resolved=resolved),
        "has_own_values": "user" in resolved.sources.values(),
    }
    return render(request, _TEMPLATE, context, status=status)


def _conflict(
    request: HttpRequest,
    *,
    models: Sequence[LanguageModel],
    model: LanguageModel,
    form: AgentConfigForm,
    conflict: VersionConflict,
) -> HttpResponse:
    resolved = settings_resolution.effective(user=_person(request), model=model)
    form = form.rebased(resolved)
    form.add_error(None, conflict.message)
    return _page(request, models=models, model=model, form=form, resolved=resolved, status=409)


def _query(model: LanguageModel) -> str:
    return urlencode({"provider": model.provider.slug, "model": model.model_id})


def _back_to(model: LanguageModel) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('settings_ui:home')}?{_query(model)}")
