from __future__ import annotations

import asyncio

import pytest

from agents.llm.messages import ToolCall
from agents.llm.tools import ToolSet, run_tool, running_call, tool
from agents.roster import ROSTER, shipped
from agents.tools.delegate import MOST_CHARACTERS, SPECIALISTS, Task, bound, delegate


def call(arguments: str) -> ToolCall:
    return ToolCall(id="d1", name="delegate", arguments=arguments)


async def test_a_task_is_handed_on_under_the_call_that_it_is_for() -> None:
    handed: list[tuple[str, Task]] = []

    async def hand_on(task: Task) -> str:
        handed.append((running_call.get().id, task))
        return "a report"

    tools = bound(ToolSet([delegate]), hand_on=hand_on)
    result = await run_tool(tools, call('{"agent": "datadog-champion", "task": "Look."}'))
    assert (result.ok, result.text) == (True, "a report")
    assert handed == [("d1", Task(agent="datadog-champion", text="Look."))]


@pytest.mark.parametrize(
    "arguments",
    [
        "{}",
        '{"agent": "smart", "task": "Look."}',
        '{"agent": "datadog-champion", "task": ""}',
        '{"agent": "datadog-champion", "task": "' + "x" * (MOST_CHARACTERS + 1) + '"}',
        '{"agent": "datadog-champion", "task": "Look.", "provider": "another"}',
    ],
)
async def test_what_does_not_fit_is_not_handed_on(arguments: str) -> None:
    async def hand_on(task: Task) -> str:
        raise AssertionError("nothing was to be handed on")

    result = await run_tool(bound(ToolSet([delegate]), hand_on=hand_on), call(arguments))
    assert not result.ok
    assert "do not fit" in result.text


async def test_it_is_not_cut_by_the_time_for_tools() -> None:
    async def hand_on(task: Task) -> str:
        await asyncio.sleep(0.05)
        return "late, but there"

    tools = bound(ToolSet([delegate]), hand_on=hand_on)
    result = await run_tool(tools, call('{"agent": "api-correlator", "task": "Look."}'), timeout=0.01)
    assert result.ok


def test_a_set_without_it_stays_as_it_is() -> None:
    @tool
    async def other() -> str:
        """Does something else."""
        return ""

    async def hand_on(task: Task) -> str:
        return ""

    tools = ToolSet([other])
    assert bound(tools, hand_on=hand_on) is tools


def test_tasks_are_handed_to_agents_that_hand_none_on() -> None:
    for slug in SPECIALISTS:
        agent = shipped(slug)
        assert agent is not None
        assert agent.tools.get("delegate") is None
    assert [agent.slug for agent in ROSTER if agent.tools.get("delegate")] == ["smart"]
