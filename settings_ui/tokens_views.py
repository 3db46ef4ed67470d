"""The API tokens of the person: a list, one more (shown once), and an end to one of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts import audited_tokens, tokens
from accounts.models import ApiToken, AuditEntry, User
from settings_ui.tokens_form import NewTokenForm

_TEMPLATE = "settings_ui/api_tokens.html"
_DOOR = AuditEntry.Door.PAGE
ENDED_SHOWN = 50


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _make(request)
    return render(request, _TEMPLATE, _context(request, NewTokenForm()))


@sensitive_variables("issued", "context")
def _make(request: HttpRequest) -> HttpResponse:
    """The answer to the POST itself shows the token: kept for a redirect, it would be stored somewhere."""
    person, form = _person(request), NewTokenForm(request.POST)
    if not form.is_valid():
        return render(request, _TEMPLATE, _context(request, form), status=422)
    issued = audited_tokens.make(
        user=person,
        actor=person,
        door=_DOOR,
        scope=form.cleaned_data["scope"],
        name=form.cleaned_data["name"],
        expires_at=form.expires_at(now=timezone.now()),
    )
    context = _context(request, NewTokenForm()) | {"issued": issued}
    return render(request, _TEMPLATE, context, status=201)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Asks first; 404 for anybody else's."""
    row = _person(request).api_tokens.filter(pk=token_id).first()
    if row is None:
        raise Http404("no such token")
    if request.method != "POST":
        return render(request, "settings_ui/api_tokens_revoke.html", {"token": row})
    audited_tokens.revoke(row, actor=_person(request), door=_DOOR)
    messages.success(request, f"Revoked: {row}. Programs that use it are refused from now on.")
    return redirect("settings_ui:tokens")


def _context(request: HttpRequest, form: NewTokenForm) -> dict[str, Any]:
    now = timezone.now()
    rows = list(ApiToken.objects.filter(user=_person(request)).order_by("-created_at", "-id"))
    valid = [row for row in rows if tokens.is_valid(row, now=now)]
    ended = [row for row in rows if row not in valid]
    return {"form": form, "valid": valid, "ended": ended[:ENDED_SHOWN], "ended_count": len(ended)}


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("a view without login_required")
    return request.user
