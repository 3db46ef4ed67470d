from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from agents.llm.errors import ToolFailed
from agents.llm.messages import ToolCall, ToolResult, ToolSpec
from agents.llm.tool_output import OUTPUT_LIMIT, output_text
from agents.llm.tools import Summarised, SummarisedResult, Tool, ToolSet, run_tool, tool


class Place(BaseModel):
    city: str


@tool
async def weather(
    place: Place,
    unit: Annotated[Literal["C", "F"], Field(description="The scale.")] = "C",
    days: Annotated[int, Field(ge=1, le=7)] = 1,
) -> dict[str, object]:
    """The weather of a place.

    For up to seven days.
    """
    return {"city": place.city, "unit": unit, "days": days}


def fixed(name: str, output: object) -> Tool:
    """A tool that always returns, or raises, `output`."""

    async def run(arguments: Mapping[str, Any]) -> object:
        if isinstance(output, Exception):
            raise output
        return output

    return Tool(spec=ToolSpec(name=name, description="fixed"), run=run)


async def run(given: Tool, arguments: str = "{}", **more: Any) -> ToolResult:
    return await run_tool(ToolSet([given]), ToolCall(id="c1", name=given.spec.name, arguments=arguments), **more)


class TestSpec:
    def test_the_schema_comes_from_the_signature_and_the_docstring(self) -> None:
        assert weather.spec == ToolSpec(
            name="weather",
            description="The weather of a place.\n\nFor up to seven days.",
            parameters={
                "$defs": {
                    "Place": {
                        "properties": {"city": {"type": "string"}},
                        "required": ["city"],
                        "title": "Place",
                        "type": "object",
                    }
                },
                "additionalProperties": False,
                "properties": {
                    "place": {"$ref": "#/$defs/Place"},
                    "unit": {"default": "C", "description": "The scale.", "enum": ["C", "F"], "type": "string"},
                    "days": {"default": 1, "maximum": 7, "minimum": 1, "type": "integer"},
                },
                "required": ["place"],
                "type": "object",
            },
        )

    def test_a_function_without_parameters(self) -> None:
        @tool(timeout=5, side_effects=True)
        async def ping() -> str:
            """Answers."""
            return "pong"

        assert ping.spec.parameters == {"additionalProperties": False, "properties": {}, "type": "object"}
        assert (ping.timeout, ping.side_effects) == (5, True)
        assert (weather.timeout, weather.side_effects) == (30, False)

    def test_what_no_model_could_use_is_refused(self) -> None:
        async def undocumented() -> None: ...

        async def variadic(*args: int) -> None:
            """Takes anything."""

        async def untyped(x) -> None:  # type: ignore[no-untyped-def]
            """Takes something."""

        def synchronous() -> None:
            """Blocks everybody."""

        for function in (undocumented, variadic, untyped, synchronous):
            with pytest.raises(TypeError):
                tool(function)  # type: ignore[arg-type]

    @pytest.mark.parametrize("name", ["", "two words", "a" * 65, "dot.ted", "ünï"])
    def test_a_name_that_a_wire_refuses(self, name: str) -> None:
        with pytest.raises(ValueError, match="name"):
            fixed(name, "")


class TestToolSet:
    def test_the_order_is_that_of_the_names_whatever_order_they_came_in(self) -> None:
        one, two, three = fixed("a", 1), fixed("b", 2), fixed("c", 3)
        assert ToolSet([three, one, two]).specs == ToolSet([one, two, three]).specs
        assert [given.spec.name for given in ToolSet([three, one, two])] == ["a", "b", "c"]
        assert len(ToolSet()) == 0

    def test_the_specs_are_byte_stable(self) -> None:
        def built() -> str:
            @tool
            async def late(b: int, a: dict[str, int], c: set[str] | None = None) -> None:
                """Late."""

            return json.dumps([dict(spec.parameters) for spec in ToolSet([late, weather]).specs])

        assert built() == built()

    def test_two_of_one_name(self) -> None:
        with pytest.raises(ValueError, match="a"):
            ToolSet([fixed("a", 1), fixed("a", 2)])


class TestRun:
    async def test_arguments_are_checked_and_converted(self) -> None:
        result = await run(weather, '{"place": {"city": "Lyon"}, "days": "3"}')
        text = '{"city":"Lyon","unit":"C","days":3}'
        assert result == ToolResult(call_id="c1", name="weather", text=text, ok=True)

    async def test_a_blank_text_is_an_empty_object(self) -> None:
        assert (await run(fixed("f", "done"), "")).text == "done"

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ("{oops", "not valid JSON"),
            ("[1]", "not an object"),
            ("{}", "place: Missing required argument"),
            ('{"place": {}}', "place.city: Field required"),
            ('{"place": {"city": "L"}, "days": 8}', "days: Input should be less than or equal to 7"),
            ('{"place": {"city": "L"}, "nope": 1}', "nope: Unexpected keyword argument"),
        ],
    )
    async def test_arguments_that_do_not_fit_are_told_to_the_model(self, arguments: str, said: str) -> None:
        result = await run(weather, arguments)
        assert not result.ok
        assert said in result.text

    async def test_many_faults_are_told_briefly(self) -> None:
        result = await run(weather, json.dumps({f"x{number}": number for number in range(1000)}))
        assert "and 996 more" in result.text
        assert len(result.text) < 500

    async def test_a_tool_that_does_not_exist(self) -> None:
        result = await run_tool(ToolSet([weather]), ToolCall(id="c1", name="wether"))
        assert result == ToolResult(
            call_id="c1", name="wether", text="Error: there is no tool named 'wether'. Available: weather.", ok=False
        )

    async def test_a_tool_that_says_why_it_failed(self) -> None:
        result = await run(fixed("f", ToolFailed("the station is closed")))
        assert result == ToolResult(call_id="c1", name="f", text="Error: the station is closed", ok=False)

    async def test_an_unforeseen_exception_is_logged_and_its_text_kept_from_the_model(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.ERROR):
            result = await run(fixed("f", RuntimeError("https://user:secret@host")))
        assert not result.ok
        assert "RuntimeError" in result.text
        assert "secret" not in result.text
        assert "secret" in caplog.text

    @pytest.mark.parametrize(("own", "given"), [(0.01, None), (30.0, 0.01)])
    async def test_the_shorter_time_out_stops_the_tool(self, own: float, given: float | None) -> None:
        stopped = asyncio.Event()

        @tool(timeout=own)
        async def sleepy() -> None:
            """Sleeps for ever."""
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        result = await run(sleepy, timeout=given)
        assert stopped.is_set()
        assert not result.ok
        assert "0.01 seconds" in result.text

    async def test_a_time_out_inside_the_tool_is_its_own_affair(self) -> None:
        result = await run(fixed("f", TimeoutError()))
        assert "TimeoutError" in result.text

    async def test_cancelling_the_caller_stops_the_tool(self) -> None:
        started, stopped = asyncio.Event(), asyncio.Event()

        @tool
        async def sleepy() -> None:
            """Sleeps for ever."""
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        running = asyncio.ensure_future(run(sleepy))
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert stopped.is_set()

    async def test_a_result_that_json_cannot_hold(self) -> None:
        result = await run(fixed("f", {"x": object()}))
        assert not result.ok


@dataclass
class Point:
    x: float


class TestSummary:
    async def test_a_summary_goes_before_its_whole(self) -> None:
        @tool
        async def count() -> Summarised:
            """Counts."""
            return Summarised(summary={"found": 2}, whole=["a", "b"])

        result = await run_tool(ToolSet([count]), ToolCall(id="c", name="count", arguments="{}"))
        assert isinstance(result, SummarisedResult)
        assert (result.text, result.whole, result.ok) == ('{"found":2}', '["a","b"]', True)


class TestOutput:
    @pytest.mark.parametrize(
        ("output", "text"),
        [
            ("as it is\n", "as it is\n"),
            ("nul\x00 and half \ud800", "nul and half \ufffd"),
            (None, "null"),
            ({"b": 1, "a": [True, "é"]}, '{"b":1,"a":[true,"é"]}'),
            ({1: float("nan")}, '{"1":null}'),
            ({"x", "y", "a"}, '["a","x","y"]'),
            (Decimal("1.50"), '"1.50"'),
            (Point(x=1.5), '{"x":1.5}'),
            (Place(city="Lyon"), '{"city":"Lyon"}'),
            (datetime(2026, 11, 22, tzinfo=UTC), '"2026-11-22T00:00:00+00:00"'),
        ],
    )
    def test_text_stays_and_the_rest_is_compact_json(self, output: object, text: str) -> None:
        assert output_text(output) == text

    def test_up_to_the_limit_all_of_it_is_kept(self) -> None:
        assert output_text("x" * OUTPUT_LIMIT) == "x" * OUTPUT_LIMIT

    def test_beyond_the_limit_it_says_what_is_missing(self) -> None:
        text = output_text("é" * OUTPUT_LIMIT)
        kept, note = text.split("\n")
        assert kept == "é" * (OUTPUT_LIMIT // 2)
        assert note == "[Cut here: the result has 4000000 bytes, only the first 2000000 are shown.]"


async def test_a_tool_can_be_given_another_run_and_stays_the_same_to_a_model() -> None:
    @tool
    async def look() -> str:
        """Looks."""
        return "nothing"

    async def run(arguments: Mapping[str, Any]) -> str:
        return "something"

    tools = ToolSet([look])
    changed = tools.running("look", run)
    assert changed.specs == tools.specs
    assert (await run_tool(changed, ToolCall(id="c", name="look"))).text == "something"
    assert tools.running("other", run) is tools
