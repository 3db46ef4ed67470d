"""Staff only: "why is this 4,096 for this user?" Each setting with what every layer says, and the one that won."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import User
from agents.models import LanguageModel
from agents.setting_changes import Value
from agents.setting_ranges import ALL_SETTINGS, Choice, Range, Setting
from agents.settings_resolution import EffectiveSetting, effective
from settings_ui.said import number, said

_NAMES_SUGGESTED = 200
_LAYERS = {"default": "Default", "organisation": "Organisation", "user": "Own"}


class _Question(forms.Form):
    """For whom, and for which model. Nobody: what everyone starts from."""

    user = forms.CharField(required=False, max_length=150, strip=True)
    model = forms.ModelChoiceField(queryset=LanguageModel.objects.select_related("provider"))

    def clean_user(self) -> User | None:
        name = self.cleaned_data["user"]
        person = User.objects.filter(username=name).first() if name else None
        if name and person is None:
            raise forms.ValidationError("Nobody has this user name.")
        return person


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one layer says; `wins` if that is what counts."""

    layer: str
    shown: str
    wins: bool


@dataclass(frozen=True, kw_only=True)
class Line:
    label: str
    unit: str
    layers: tuple[Cell, Cell, Cell]
    allowed: str
    locked: bool
    value: str
    note: str


@login_required
@require_GET
def explain(request: HttpRequest) -> HttpResponse:
    if not (isinstance(request.user, User) and _may_look(request.user)):
        raise PermissionDenied
    models = list(LanguageModel.objects.select_related("provider"))
    first = {"model": models[0].pk} if models else {}
    question = _Question({"user": request.GET.get("user", ""), "model": request.GET.get("model", first.get("model"))})
    context: dict[str, Any] = {
        "question": question,
        "models": models,
        "names": User.objects.order_by("username").values_list("username", flat=True)[:_NAMES_SUGGESTED],
    }
    if question.is_valid():
        person, model = question.cleaned_data["user"], question.cleaned_data["model"]
        settings = effective(user=person, model=model).settings
        lines = [_line(setting, settings[setting.name]) for setting in ALL_SETTINGS]
        context |= {"person": person, "model": model, "lines": lines}
    return render(request, "settings_ui/effective.html", context)


def _may_look(person: User) -> bool:
    """Whoever sees the same values in the admin."""
    may = (person.has_perm(f"agents.{what}_agentconfig") for what in ("view", "change"))
    return person.is_staff and any(may)


def _line(setting: Setting, in_force: EffectiveSetting) -> Line:
    held = {"default": in_force.default, "organisation": in_force.organisation, "user": in_force.own}
    default, organisation, own = (
        Cell(layer=_LAYERS[layer], shown=_shown(setting, value), wins=layer == in_force.layer)
        for layer, value in held.items()
    )
    return Line(
        label=setting.label,
        unit=setting.unit,
        layers=(default, organisation, own),
        allowed=_allowed(setting, in_force),
        locked=in_force.locked,
        value="not sent" if in_force.value is None else _shown(setting, in_force.value),
        note=_for_staff(in_force.note),
    )


def _for_staff(note: str) -> str:
    """The notes speak to the person whose settings they are."""
    return note.replace("your setting", "their own setting").replace("your organisation", "the organisation")


def _allowed(setting: Setting, in_force: EffectiveSetting) -> str:
    if isinstance(setting, Choice):
        return ", ".join(in_force.choices) or setting.empty_means
    ends = (in_force.minimum, in_force.maximum)
    return " to ".join(number(setting, end) for end in ends if end is not None)


def _shown(setting: Setting, value: Value | None) -> str:
    if value is None:
        return "—"
    has_zero_apart = isinstance(setting, Range) and bool(setting.zero_means)
    return f"0 ({said(setting, value)})" if value == 0 and has_zero_apart else said(setting, value)
