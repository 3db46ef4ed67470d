"""The settings tab "Agent Config". It works as a plain form; scripts only make it pleasanter.

All its buttons send the same form, so that whatever one presses, nothing that was typed elsewhere on it is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.models import AuditEntry, User
from accounts.refusals import InvalidRequest, VersionConflict
from agents import settings_resolution
from agents.availability import available_models
from agents.setting_ranges import SETTING_OF, SettingName
from settings_ui.agent_config_page import cards_context, page_of
from settings_ui.copy_targets import what_was_copied
from settings_ui.forms import AgentConfigForm
from settings_ui.model_choice import Choice
from settings_ui.own_settings import OwnSettings
from settings_ui.resetting import what_was_reset

_TEMPLATE = "settings_ui/agent_config.html"
_BY = AuditEntry.Door.PAGE


View = Callable[[HttpRequest], HttpResponse]


def _from_the_form(view: View) -> View:
    """For POST alone. Who comes back to such an address otherwise (a reload, a sign-in in between) gets the page."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return redirect(f"{reverse('settings_ui:home')}?{request.GET.urlencode()}")
        return view(request)

    return guarded


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    models = available_models(_person(request))
    if not models:
        return render(request, _TEMPLATE, {"news": _news(request)})
    choice = Choice.by_address(models, request.GET)
    return _page(request, choice, AgentConfigForm(_own(request, choice)))


@_from_the_form
def save(request: HttpRequest) -> HttpResponse:
    choice = _choice(request)
    form = AgentConfigForm(_own(request, choice), request.POST)
    if not form.is_valid():
        return _page(request, choice, form, status=422)
    try:
        if form.changes:
            settings_resolution.save(
                user=_person(request),
                model=choice.model,
                changes=form.changes,
                if_match=form.cleaned_data["version"],
                actor=_person(request),
                door=_BY,
            )
    except VersionConflict:
        return _conflict(request, choice, form)
    except InvalidRequest as refusal:  # an admin's rule came in between
        form.add_error(None, refusal.message)
        return _page(request, choice, form, status=422)
    said = "Saved. It applies from the next turn on." if form.changes else "Nothing was changed, so nothing was saved."
    messages.success(request, said)
    return _back_to(choice)


@_from_the_form
def reset(request: HttpRequest) -> HttpResponse:
    """One setting (`?setting=`), or all: then what was typed goes, too."""
    choice = _choice(request)
    before = _own(request, choice)
    form = AgentConfigForm(before, request.POST)
    names = _names(request.GET.get("setting"))
    try:
        settings_resolution.reset(
            user=_person(request),
            model=choice.model,
            names=names,
            if_match=form.seen_version,
            actor=_person(request),
            door=_BY,
        )
    except VersionConflict:
        return _conflict(request, choice, form)
    now = _own(request, choice)
    messages.success(request, what_was_reset(before=before, now=now))
    return _go_on(request, choice, form.rebased(now, forget=names))


@_from_the_form
def copy(request: HttpRequest) -> HttpResponse:
    choice = _choice(request)
    own = _own(request, choice)
    form = AgentConfigForm(own, request.POST)
    chosen = [model for model in choice.models if str(model.pk) in request.POST.getlist("to") and model != choice.model]
    if own.own and chosen:
        copied = settings_resolution.copy_own(
            user=own.user, source=choice.model, targets=chosen, actor=own.user, door=_BY
        )
        messages.success(request, what_was_copied(own, copied))
    else:
        messages.warning(request, "Nothing was copied: choose at least one model to copy to.")
    return _go_on(request, choice, form.rebased(own))


@login_required
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The cards with what the entries would mean. Nothing is saved."""
    choice = _choice(request)
    form = AgentConfigForm(_own(request, choice), request.POST)
    return render(request, "settings_ui/_cards.html", cards_context(form, choice=choice))


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("a view without login_required")
    return request.user


def _choice(request: HttpRequest) -> Choice:
    return Choice.by_address(available_models(_person(request)), request.GET)


def _own(request: HttpRequest, choice: Choice) -> OwnSettings:
    return OwnSettings.of(user=_person(request), model=choice.model)


def _names(setting: str | None) -> list[SettingName]:
    if setting is None:
        return list(SETTING_OF)
    if setting not in SETTING_OF:
        raise Http404("no such setting")
    return [name for name in SETTING_OF if name == setting]


def _page(
    request: HttpRequest, choice: Choice, form: AgentConfigForm, *, status: int = 200, conflict: bool = False
) -> HttpResponse:
    context = page_of(form, choice=choice) | {"conflict": conflict, "news": _news(request)}
    return render(request, _TEMPLATE, context, status=status)


def _news(request: HttpRequest) -> str:
    return " ".join(str(message) for message in messages.get_messages(request))


def _conflict(request: HttpRequest, choice: Choice, form: AgentConfigForm) -> HttpResponse:
    return _page(request, choice, form.rebased(_own(request, choice)), status=409, conflict=True)


def _go_on(request: HttpRequest, choice: Choice, form: AgentConfigForm) -> HttpResponse:
    """To the page of now; with what was typed on it and is not saved yet, if there is any."""
    if form.touched:
        return _page(request, choice, form)
    return _back_to(choice)


def _back_to(choice: Choice) -> HttpResponse:
    return redirect(f"{reverse('settings_ui:home')}?{choice.query}")
