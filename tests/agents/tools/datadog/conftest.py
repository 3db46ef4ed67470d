from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from agents.egress.guard import Egress
from agents.llm.messages import ToolCall, ToolResult
from agents.llm.tools import SummarisedResult, ToolSet, run_tool
from agents.sandbox.company.app import Company
from agents.tools.datadog.accounts import Account
from agents.tools.datadog.client import Client
from agents.tools.datadog.question import Datadog
from agents.tools.datadog.toolbox import toolbox
from tests.agents.sandbox.company.clock import Clock


@dataclass(kw_only=True)
class Desk:
    """Datadog's tools, looking into a company at noon, in process or at `account.address`."""

    clock: Clock = field(default_factory=Clock)
    account: Account = field(default_factory=lambda: Account(name="Sandbox company"))
    slept: list[float] = field(default_factory=list)
    allow: tuple[str, ...] = ("127.0.0.0/8",)

    def __post_init__(self) -> None:
        self.company = Company(clock=self.clock)
        self.sleep: Callable[[float], Awaitable[None]] = self._sleep

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.now += seconds

    async def _find(self, slug: str) -> Account:
        return self.account

    async def use(self, name: str, /, **arguments: object) -> ToolResult:
        client = Client(company=lambda: self.company, sleep=self.sleep, guard=lambda: Egress(allow=self.allow))
        tools = ToolSet(toolbox(Datadog(clock=self.clock, client=client, find=self._find)))
        return await run_tool(tools, ToolCall(id="c", name=name, arguments=json.dumps(arguments)))

    async def find(self, name: str, /, **arguments: object) -> tuple[dict[str, Any], list[Any]]:
        """The summary and the whole."""
        result = await self.use(name, **arguments)
        assert isinstance(result, SummarisedResult), result.text
        return json.loads(result.text), json.loads(result.whole)


@pytest.fixture
def desk() -> Desk:
    return Desk()
