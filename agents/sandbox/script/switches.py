"""Faults that are switched on from outside: for the requests to come, whatever they say.

A test sets one in process where no user could say `fault NAME`, as for the calls that make a title.
"""

from __future__ import annotations

from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.faults import Fault, FaultName, find_fault


class FaultSwitches:
    """Switched-on faults strike in the order in which they were set, each as often as it was set to."""

    def __init__(self) -> None:
        self._on: list[tuple[Fault, int | None]] = []

    def switch_on(self, name: FaultName, *, times: int | None = 1) -> None:
        """`times` None is until it is switched off. ValueError for a name that is no fault."""
        fault = find_fault(name)
        if fault is None:
            raise ValueError(f"there is no fault {name!r}")
        self._on.append((fault, times))

    def switch_off(self) -> None:
        """All of them."""
        self._on.clear()

    def take(self, request: SandboxRequest) -> Fault | None:
        """The first fault that can strike `request`: on its wire, and with a tool to call if it needs one."""
        for place, (fault, times) in enumerate(self._on):
            if request.wire in fault.wires and (fault.kind != "tool" or request.callable_tools):
                self._struck(place, fault=fault, times=times)
                return fault
        return None

    def _struck(self, place: int, *, fault: Fault, times: int | None) -> None:
        if times is not None and times <= 1:
            del self._on[place]
        elif times is not None:
            self._on[place] = (fault, times - 1)
