"""Two small tools that every model does badly without: what time it is, and arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from agents.llm.errors import ToolFailed
from agents.llm.tools import Tool, tool
from agents.tools.arithmetic import EXPRESSION_LIMIT, ArithmeticFault, evaluate


def basics(clock: Callable[[], float]) -> tuple[Tool, ...]:
    """`current_time` and `calculate`. `clock` gives Unix seconds."""
    return (_current_time(clock), calculate)


def _current_time(clock: Callable[[], float]) -> Tool:
    @tool
    async def current_time(
        timezone: Annotated[str, Field(description="IANA name, such as Europe/Berlin", max_length=64)] = "UTC",
    ) -> dict[str, str]:
        """The current date, weekday and time in a time zone."""
        now = datetime.fromtimestamp(int(clock()), tz=_zone(timezone))
        return {"timezone": timezone, "time": now.isoformat(), "weekday": f"{now:%A}"}

    return replace(current_time, repeatable=True)  # The same question has another answer a second later.


def _zone(name: str) -> tzinfo:
    name = name.strip()
    if name.upper() == "UTC":
        return UTC  # needs no time-zone database
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ToolFailed(f"there is no time zone {name!r}; use an IANA name such as Europe/Berlin") from None


@tool
async def calculate(
    expression: Annotated[
        str, Field(description="plain arithmetic", examples=["(12.5 + 3) * 2 ** 0.5"], max_length=EXPRESSION_LIMIT)
    ],
) -> str:
    """The value of an arithmetic expression.

    Numbers with + - * / // % **, parentheses, pi, e, and abs, ceil, cos, exp, floor, log, log10, max, min, round, sin,
    sqrt, tan.
    """
    try:
        return evaluate(expression)
    except ArithmeticFault as fault:
        raise ToolFailed(str(fault)) from None
