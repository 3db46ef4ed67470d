"""What comes after the first account: go on with the sandbox, or paste a key and see at once whether it works."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.models import User
from agents import secrets
from agents.first_key import Tried, candidates, try_and_keep
from agents.provider_keys import has_credentials
from settings_ui.first_key_form import FirstKeyForm


@login_required
@permission_required("agents.change_provider", raise_exception=True)
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    form = FirstKeyForm(request.POST or None, models=candidates())
    if request.method != "POST":
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    tried = _tried(request, form)
    fresh = FirstKeyForm(models=candidates())
    fresh.initial["vendor"] = tried.model.provider.slug
    return _page(request, fresh, tried=tried)


@sensitive_variables()
def _tried(request: HttpRequest, form: FirstKeyForm) -> Tried:
    if not isinstance(request.user, User):
        raise TypeError("a view without login_required")
    return async_to_sync(try_and_keep)(model=form.model, key=form.cleaned_data["key"], person=request.user)


def _page(request: HttpRequest, form: FirstKeyForm, *, tried: Tried | None = None, status: int = 200) -> HttpResponse:
    providers = [model.provider for model in candidates()]
    ready = [(row.name, secrets.hint(row.api_key)) for row in providers if row.enabled and has_credentials(row)]
    context = {"form": form, "tried": tried, "ready": ready}
    return render(request, "settings_ui/first_key.html", context, status=status)
