"""Remembers how often a fault has struck, so that `rate_limit` can refuse once and then answer."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.faults import Fault

_MOST_QUESTIONS = 1_000


class FaultMemory:
    """Counts per question (the user's text, asked of one model, by whoever). When the fault has struck often enough, it
    is over for one request and the question is forgotten: asked again, it strikes again."""

    def __init__(self) -> None:
        self._struck: OrderedDict[bytes, int] = OrderedDict()

    def strikes(self, fault: Fault, *, request: SandboxRequest, times: int | None) -> bool:
        """Whether `fault` strikes this time; `times` overrides the fault's own number."""
        most = fault.times if times is None else times
        if most is None:
            return True
        question = hashlib.sha256(f"{request.model.id}\n{request.asking_text}".encode(errors="replace")).digest()
        struck = self._struck.pop(question, 0)
        if struck >= most:
            return False
        self._struck[question] = struck + 1
        while len(self._struck) > _MOST_QUESTIONS:
            self._struck.popitem(last=False)
        return True
