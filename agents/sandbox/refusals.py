"""HTTP answers that faults ask for in place of a reply."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from agents.sandbox.request import SandboxRequest
from agents.sandbox.response import SandboxResponse, whole_response
from agents.sandbox.script.faults import Fault
from agents.sandbox.visit import Visit
from agents.sandbox.wire.base import Wire

_PAGE = b"<!doctype html><title>Gateway</title><h1>This page is no API answer</h1><p>The sandbox was asked for it."
_PAGE_STATUS = {"html_200": 200, "html_502": 502}
_FLAT = {
    "object": "error",
    "message": "The request was refused by the gateway.",
    "type": "BadRequestError",
    "param": None,
    "code": 400,
}


def refuse(
    wire: Wire, *, fault: Fault, request: SandboxRequest, headers: Mapping[str, str], visit: Visit
) -> SandboxResponse:
    """The answer of a fault of kind "refused". What is an error of the vendor is raised as a WireError."""
    body, status, kind = _odd_answer(wire, fault=fault, request=request, visit=visit)
    if not status:
        error = wire.fault(fault.name)
        error.headers |= headers
        raise error
    visit.entry.end("refused")
    told = {} if fault.name in _PAGE_STATUS else headers
    return whole_response(body, status=status, headers=told, entry=visit.entry, content_type=kind)


def _odd_answer(wire: Wire, *, fault: Fault, request: SandboxRequest, visit: Visit) -> tuple[bytes, int, str]:
    """(body, status, content type) of an answer that no vendor gives; status 0 for what the vendor does give."""
    if fault.name in _PAGE_STATUS:
        return _PAGE, _PAGE_STATUS[fault.name], "text/html"
    match fault.name:
        case "flat_error":
            return orjson.dumps(_FLAT), 400, "application/json"
        case "json_error_200":
            error = wire.error_body(wire.fault("error_503"), request_id=visit.request_id)
            return orjson.dumps(error), 200, "application/json"
        case "empty_body":
            return b"", 200, "text/event-stream" if request.stream else "application/json"
    return b"", 0, ""
