"""The REST API: its routers, its one way of signing in, its one shape of errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from accounts.api import router as accounts_router
from accounts.bearer import SessionOrBearer, identify
from accounts.refusals import Refusal
from agents.api import router as agents_router
from agents.limits_api import router as limits_router
from agents.usage_api import router as usage_router
from chat.api import router as chat_router
from chat.approvals_api import router as approvals_router
from tokenproject.api_errors import add_handlers, on_refusal
from tokenproject.api_schema import DescribedApi
from tokenproject.health import router as health_router
from tokenproject.json_bodies import Renderer, StrictParser

View = Callable[..., HttpResponse]


def _signed_in(view: View) -> View:
    """For the OpenAPI document, which is no operation of the API."""

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            identify(request)
        except Refusal as refusal:
            return on_refusal(request, refusal)
        return view(request, **kwargs)

    return guarded


api = DescribedApi(
    title="Tokenproject",
    version="1",
    urls_namespace="api",
    auth=SessionOrBearer(),
    parser=StrictParser(),
    renderer=Renderer(),
    docs_url=None,  # urls.py has it, for staff only
    docs_decorator=_signed_in,
)
add_handlers(api)
api.add_router("", health_router)
api.add_router("", accounts_router)
api.add_router("", agents_router)
api.add_router("", usage_router)
api.add_router("", limits_router)
api.add_router("", chat_router)
api.add_router("", approvals_router)
