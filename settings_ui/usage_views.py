"""The usage page and its export. Members see their own usage; staff also everyone's."""

from __future__ import annotations

from typing import Any, get_args

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from agents import usage
from agents.usage import Grouping, UsageRow
from settings_ui.usage_csv import usage_csv
from settings_ui.usage_question import PRESETS, UsageForm, UsageQuestion
from settings_ui.usage_shown import chart_data, share, shown_row, table_of

_TEMPLATE = "settings_ui/usage.html"
_FEWEST_POINTS = 2


@login_required
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    form = _form(request)
    context: dict[str, Any] = {"form": form, "presets": PRESETS}
    if not form.is_valid():
        return render(request, _TEMPLATE, context, status=422)
    question = UsageQuestion.of(form)
    rows = {group_by: _rows(request, question, group_by) for group_by in _groupings(question)}
    days = rows["day"]
    total = usage.total(days)
    context |= {
        "question": question,
        "total": shown_row("", total),
        "cached_share": share(total.cache_read_tokens, total.input_tokens),
        "uncounted": total.uncounted,
        "day_table": table_of("day", days),
        "tables": [table_of(group_by, found) for group_by, found in rows.items() if group_by != "day"],
        "chart": chart_data(days, period=question.period) if len(days) >= _FEWEST_POINTS else None,
    }
    return render(request, _TEMPLATE, context)


@login_required
@require_GET
def export(request: HttpRequest, group_by: str) -> HttpResponse:
    form = _form(request)
    if not form.is_valid():
        raise Http404("no such period")
    question = UsageQuestion.of(form)
    wanted = next((known for known in _groupings(question) if known == group_by), None)
    if wanted is None:
        raise Http404("no such grouping")
    response = HttpResponse(usage_csv(wanted, _rows(request, question, wanted)), content_type="text/csv; charset=utf-8")
    period = question.period
    name = f"usage-by-{wanted}-{period.first_day}-to-{period.last_day}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _form(request: HttpRequest) -> UsageForm:
    """PermissionDenied for a member who asks for everyone's."""
    form = UsageForm(request.GET, now=timezone.now())
    if request.GET.get("scope") == "everyone" and not _person(request).is_staff:
        raise PermissionDenied
    return form


def _groupings(question: UsageQuestion) -> list[Grouping]:
    return [group_by for group_by in get_args(Grouping) if group_by != "user" or question.scope == "everyone"]


def _rows(request: HttpRequest, question: UsageQuestion, group_by: Grouping) -> list[UsageRow]:
    user = None if question.scope == "everyone" else _person(request)
    return usage.usage_by(group_by, period=question.period, user=user)


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("a view without login_required")
    return request.user
