"""Nothing happens at a click: an admin action first asks, on a page of its own, and acts on the POST that answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import model_ngettext
from django.db import transaction
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

ROWS_SHOWN = 50
_YES = "confirmed"
_Act = Callable[[Any, HttpRequest, QuerySet[Any]], None]
_Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]


@dataclass(frozen=True, kw_only=True)
class Question:
    """`asks` says in whole sentences what will happen; `button` is its verb. `rows` are what it happens to."""

    title: str
    asks: str
    button: str
    back: str
    rows: Sequence[str] = ()
    more: int = 0
    hidden: Sequence[tuple[str, str]] = ()
    form: BaseForm | None = None


def is_confirmed(request: HttpRequest) -> bool:
    return request.method == "POST" and request.POST.get(_YES) == "yes"


def ask(*, model_admin: Any, request: HttpRequest, question: Question) -> TemplateResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": question.title,
        "question": question,
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/ask.html", context)


def confirmed_action(
    *, description: str, asks: str, button: str, permission: str = "change"
) -> Callable[[_Act], _Action]:
    """A changelist action that runs in one transaction, after its question was answered."""

    def decorate(act: _Act) -> _Action:
        @admin.action(description=description, permissions=[permission])
        @wraps(act)
        def run(self: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
            if is_confirmed(request):
                with transaction.atomic():
                    act(self, request, queryset)
                return None
            question = _about(request, queryset, asks=asks, button=button)
            return ask(model_admin=self, request=request, question=question)

        return run

    return decorate


def _about(request: HttpRequest, queryset: QuerySet[Any], *, asks: str, button: str) -> Question:
    count = queryset.count()
    chosen = [(ACTION_CHECKBOX_NAME, pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)]
    across = request.POST.get("select_across", "0")
    return Question(
        title=f"{button}: {count} {model_ngettext(queryset, count)}",
        asks=asks,
        button=button,
        back=request.get_full_path(),
        rows=[str(row) for row in queryset[:ROWS_SHOWN]],
        more=max(0, count - ROWS_SHOWN),
        hidden=[("action", request.POST["action"]), ("select_across", across), *chosen],
    )
