"""What an error outside the API's operations looks like: JSON under /api/, a tidy page elsewhere."""

from __future__ import annotations

import logging
import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

from tokenproject.error_body import error_response, is_for_programs, new_ref

logger = logging.getLogger("tokenproject.pages")

_NOT_FOUND = "There is nothing here under this address."
_FORBIDDEN = "You may not do this. Nothing was changed."
_BAD_REQUEST = "The request cannot be understood. Nothing was changed."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_for_programs(request):
        return error_response(400, code="bad_frame", message=_BAD_REQUEST)
    return HttpResponse(loader.render_to_string("400.html"), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_for_programs(request):
        return error_response(403, code="forbidden", message=_FORBIDDEN)
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_for_programs(request):
        return error_response(404, code="not_found", message=_NOT_FOUND)
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    ref = new_ref()
    logger.error("unexpected, ref %s: %s %s", ref, request.method, request.path, exc_info=sys.exc_info())
    if is_for_programs(request):
        message = f"Something went wrong on our side. If it happens again, tell an admin this reference: {ref}."
        return error_response(500, code="internal", message=message, ref=ref)
    # Without the request: whatever failed must not fail again in a context processor.
    return HttpResponse(loader.render_to_string("500.html", {"ref": ref}), status=500)
