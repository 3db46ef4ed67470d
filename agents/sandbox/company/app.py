"""The company behind HTTP: one request in, one answer out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from agents.sandbox.company import plain, wire
from agents.sandbox.company.answer import Answer, Asked, Refused, answer
from agents.sandbox.company.quota import GENEROUS, Quota, Rate
from agents.sandbox.company.refunds import Refunds
from agents.sandbox.company.story import Story


class Company:
    """`clock` gives Unix seconds; `rate` is what each of its Datadog APIs allows."""

    def __init__(self, *, clock: Callable[[], float] = time.time, rate: Rate = GENEROUS) -> None:
        self.story = Story(clock)
        self.refunds = Refunds()
        self._quota = Quota(rate, clock=clock)

    @staticmethod
    def serves(path: str) -> bool:
        """Whether the path is one of the company's and no model provider's."""
        return path.startswith((plain.PREFIX, *wire.PREFIXES))

    def handle(self, *, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answers one request; header names are in lower case. Errors are answers. Takes milliseconds of computing: for
        a thread."""
        asked = Asked(method=method, path=path, query=dict(parse_qsl(query)), headers=headers, body=body)
        now, deployed = self.story.look()
        try:
            if path.startswith(plain.PREFIX):
                return plain.serve(asked, deployed=deployed, refunds=self.refunds)
            return wire.serve(asked, now=now, deployed=deployed, quota=self._quota)
        except Refused as refusal:
            return answer({"errors": [refusal.why]}, status=refusal.status)
