"""The chat page and the fragments of its sidebar. What happens in a conversation goes over the socket, not here."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.refusals import InvalidRequest, NotFound
from chat import conversations, transcript
from chat.models import Conversation
from chat.shown_receipt import shown_receipt

# Stands in the page's address pattern where the script puts the id of a new conversation.
ANY_ID = uuid.UUID(int=0)
ROWS = 50
MOST_ROWS = 500


@login_required
@never_cache
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """A new chat."""
    return _page(request, None)


@login_required
@never_cache
@require_GET
def conversation(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """One conversation of the user's; 404 for anybody else's."""
    try:
        return _page(request, conversations.get(_user(request), conversation_id))
    except NotFound as error:
        raise Http404 from error


@login_required
@never_cache
@require_GET
def sidebar(request: HttpRequest) -> HttpResponse:
    """The list of conversations, at least `?rows=` of them; or with `?cursor=` the rows after it."""
    cursor = request.GET.get("cursor") or None
    try:
        rows = _rows(_user(request), cursor=cursor, shown=request.GET.get("rows", ""))
    except InvalidRequest as error:
        raise Http404 from error
    return render(request, "chat/_rows.html" if cursor else "chat/_conversations.html", rows)


@login_required
@never_cache
@require_GET
def receipt(request: HttpRequest, turn_id: uuid.UUID) -> HttpResponse:
    """What the newest model call of a turn carried, or with `?n=` an earlier one; 404 for anybody else's."""
    n = request.GET.get("n", "")
    if n and not (n.isascii() and n.isdigit() and len(n) <= 4):
        raise Http404
    try:
        shown = shown_receipt(_user(request), turn_id, n=int(n) if n else None)
    except NotFound as error:
        raise Http404 from error
    return render(request, "chat/_receipt.html", {"receipt": shown, "turn": turn_id})


@login_required
@require_POST
def rename(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Answers with the list as it is then, and with what was wrong with the title."""
    user = _user(request)
    try:
        conversations.rename(user, conversation_id, request.POST.get("title", ""))
    except NotFound as error:
        raise Http404 from error
    except InvalidRequest as error:
        return render(request, "chat/_conversations.html", {**_rows(user), "error": error.message}, status=422)
    return render(request, "chat/_conversations.html", _rows(user))


@login_required
@require_POST
def delete(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    """Answers with the list as it is then."""
    user = _user(request)
    try:
        conversations.delete(user, conversation_id)
    except NotFound as error:
        raise Http404 from error
    return render(request, "chat/_conversations.html", _rows(user))


def _page(request: HttpRequest, shown: Conversation | None) -> HttpResponse:
    user = _user(request)
    page = {"page_state": transcript.page_state(user, shown), "shown": shown, "any_id": ANY_ID}
    return render(request, "chat/page.html", {**page, **_rows(user)})


def _rows(user: User, *, cursor: str | None = None, shown: str = "") -> dict[str, Any]:
    """A page of rows; not fewer than the reader has `shown` already."""
    is_number = shown.isascii() and shown.isdigit() and len(shown) <= 4
    limit = min(int(shown), MOST_ROWS) if is_number else 0
    items, next_cursor = conversations.list_page(user, cursor=cursor, limit=max(limit, ROWS))
    return {"conversations": items, "next_cursor": next_cursor}


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User), "every view here asks for a signed-in user"
    return request.user
