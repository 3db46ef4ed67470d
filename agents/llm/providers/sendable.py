"""What of a request a model can take, the same on every wire. What it cannot take is not sent, and nobody is told:
the settings page says so beforehand."""

from __future__ import annotations

from agents.llm.capabilities import Effort
from agents.llm.providers.base import ModelRequest


def temperature_of(request: ModelRequest, *, wire_maximum: float) -> float | None:
    """A temperature above what the model or the wire takes is sent as that maximum."""
    able = request.capabilities
    if request.temperature is None or able.temperature != "range":
        return None
    return min(max(request.temperature, 0.0), able.temperature_max or wire_maximum, wire_maximum)


def effort_of(request: ModelRequest) -> Effort | None:
    return request.effort if request.effort in request.capabilities.efforts else None


def forbids_tools(request: ModelRequest) -> bool:
    """Is the model to be told that it may call none of its tools? Without tools there is nothing to forbid."""
    return bool(request.tools) and request.tool_choice == "none" and "tool_choice" not in request.capabilities.refused
