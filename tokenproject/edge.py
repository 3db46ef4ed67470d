"""What holds for every request and response that is not a static file."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from accounts.refusals import InvalidRequest
from tokenproject.api_errors import on_refusal
from tokenproject.error_body import error_response, is_for_programs


class Edge(MiddlewareMixin):
    """Refuses NUL in addresses (PostgreSQL would fail on it), keeps every page out of caches, and gives an API client
    JSON also where Django itself answered (a method that is not allowed)."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if "\0" not in request.path_info and b"\0" not in unquote_to_bytes(request.META.get("QUERY_STRING", "")):
            return None
        return on_refusal(request, InvalidRequest.of_fields({"address": "must not hold the NUL character"}))

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code == 405 and is_for_programs(request):
            response = _method_not_allowed(response)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response


def _method_not_allowed(plain: HttpResponseBase) -> HttpResponse:
    response = error_response(
        405, code="invalid_request", message=f"Not with this method. Allowed here: {plain['Allow']}."
    )
    response["Allow"] = plain["Allow"]
    return response
