from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from agents import loop
from agents.budget import Budget
from agents.llm.consent import Ask, ConsentRequest, Decision
from agents.llm.errors import ContextImpossible, LLMError, ProviderOverloaded, ToolFailed
from agents.llm.events import ReasoningDelta, TextDelta, ToolCallDelta
from agents.llm.messages import TextPart, ToolCall, Usage
from agents.llm.providers.base import ModelRequest
from agents.llm.tools import Tool, ToolSet, tool
from agents.loop import LoopEvent, run_loop
from tests.agents.scripted_model import ScriptedModel, Step, a_request, calls, calls_with, finished, says


class Gate:
    """A tool named `wait` that waits, and knows how many wait with it."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.waiting = 0
        self.most = 0
        self.cancelled = 0

    def tool(self) -> Tool:
        @tool
        async def wait(n: int = 0) -> str:
            """Waits."""
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            try:
                await self.opened.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
            finally:
                self.waiting -= 1
            return "waited"

        return wait


@tool
async def quick() -> str:
    """Answers at once."""
    return "quick"


@tool
async def no() -> str:
    """Refuses."""
    raise ToolFailed("not today")


@tool
async def bug() -> str:
    """Breaks."""
    raise RuntimeError("an address and a key")


@tool(timeout=0.01)
async def slow() -> str:
    """Takes too long."""
    await asyncio.sleep(60)
    return "never"


class Asked:
    """Builds the requests, and notes for which iteration."""

    def __init__(self) -> None:
        self.of: list[tuple[int, bool]] = []

    async def __call__(self, n: int, is_last: bool) -> ModelRequest:
        self.of.append((n, is_last))
        return a_request(tool_choice="none" if is_last else "auto")


async def run(
    model: ScriptedModel, *tools: Tool, most: int = 5, asked: Asked | None = None, ask: Ask | None = None
) -> list[LoopEvent]:
    events = run_loop(model=model, tools=ToolSet(tools), build_request=asked or Asked(), budget=Budget(most), ask=ask)
    return [event async for event in events]


def of_kind(events: list[LoopEvent], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


async def test_an_answer_without_calls_is_one_iteration() -> None:
    usage = Usage(input_tokens=3, output_tokens=2)
    model = ScriptedModel([TextDelta(text="a"), TextDelta(text="b"), finished(usage=usage)])
    events = await run(model)
    assert [event.kind for event in events] == [
        "iteration_started",
        "request_built",
        "text_delta",
        "text_delta",
        "answered",
    ]
    [answered] = of_kind(events, loop.Answered)
    assert (answered.message.text, answered.finish_reason, answered.usage) == ("ab", "stop", usage)


async def test_tools_run_and_their_results_come_before_the_next_call() -> None:
    model = ScriptedModel(calls(("1", "quick"), ("2", "no")), says("done"))
    asked = Asked()
    events = await run(model, quick, no, asked=asked)
    assert asked.of == [(1, False), (2, False)]
    [finished_tools] = of_kind(events, loop.ToolsFinished)
    assert [(part.call_id, part.name, part.ok) for part in finished_tools.message.tool_results] == [
        ("1", "quick", True),
        ("2", "no", False),
    ]
    assert "not today" in finished_tools.message.tool_results[1].text
    kinds = [event.kind for event in events]
    assert kinds.index("tools_finished") < kinds.index("iteration_started", 1)


async def test_parallel_tools_end_in_any_order_and_are_handed_on_in_the_order_of_their_calls() -> None:
    gate = Gate()
    model = ScriptedModel(calls(("1", "wait"), ("2", "quick"), ("3", "no")), says("done"))
    finished_ids: list[str] = []
    events = run_loop(model=model, tools=ToolSet((gate.tool(), quick, no)), build_request=Asked(), budget=Budget(5))
    async for event in events:
        if isinstance(event, loop.ToolFinished):
            finished_ids.append(event.result.call_id)
            if len(finished_ids) == 2:
                gate.opened.set()
        if isinstance(event, loop.ToolsFinished):
            assert [part.call_id for part in event.message.tool_results] == ["1", "2", "3"]
    assert sorted(finished_ids[:2]) == ["2", "3"]
    assert finished_ids[2] == "1"


async def test_only_so_many_tools_run_together() -> None:
    gate = Gate()
    model = ScriptedModel(calls_with("wait", *(f'{{"n": {n}}}' for n in range(50))), says("done"))
    running = asyncio.create_task(run(model, gate.tool()))
    while gate.waiting < loop.TOOLS_AT_ONCE:
        await asyncio.sleep(0)
    gate.opened.set()
    events = await running
    assert gate.most == loop.TOOLS_AT_ONCE
    assert len(of_kind(events, loop.ToolFinished)) == 50


async def test_only_so_many_calls_of_an_answer_are_run_at_all() -> None:
    ran = []

    @tool
    async def note(n: int) -> str:
        """Notes a number."""
        ran.append(n)
        return "noted"

    many = loop.MOST_CALLS + 3
    events = await run(ScriptedModel(calls_with("note", *(f'{{"n": {n}}}' for n in range(many))), says("done")), note)
    [answered] = of_kind(events, loop.ToolsFinished)
    assert ran == list(range(loop.MOST_CALLS))
    results = answered.message.tool_results
    assert [result.ok for result in results] == [True] * loop.MOST_CALLS + [False] * 3
    assert "was not run" in results[-1].text


async def test_whoever_waits_for_a_person_keeps_no_other_tool_from_running() -> None:
    done: list[str] = []
    quick_ones = asyncio.Event()

    @tool(side_effects=True)
    async def change() -> str:
        """Changes something."""
        done.append("changed")
        return "changed"

    async def ask(call: ToolCall, request: ConsentRequest) -> Decision:
        await quick_ones.wait()
        return "approved" if call.id == "0" else "denied"

    asking = [(str(n), "change") for n in range(loop.TOOLS_AT_ONCE + 1)]
    model = ScriptedModel(calls(*asking, ("quick", "quick")), says("done"))
    events = run_loop(
        model=model, tools=ToolSet((change, quick)), build_request=Asked(), budget=Budget(2), tool_timeout=1.0, ask=ask
    )
    ok = {}
    async for event in events:
        if isinstance(event, loop.ToolFinished):
            ok[event.result.call_id] = event.result.ok
            if event.result.call_id == "quick":
                assert done == []
                quick_ones.set()
    assert done == ["changed"]
    assert [id for id, is_ok in ok.items() if is_ok] == ["quick", "0"]


async def test_the_same_call_many_times_in_one_answer_ends_when_it_is_allowed() -> None:
    """All but two wait for the second, which needs a place to run."""
    ran = []

    @tool(side_effects=True)
    async def change() -> str:
        """Changes something."""
        ran.append(1)
        return "changed"

    async def ask(call: ToolCall, request: ConsentRequest) -> Decision:
        await asyncio.sleep(0.01)
        return "approved"

    many = [(str(n), "change") for n in range(3 * loop.TOOLS_AT_ONCE)]
    events = await asyncio.wait_for(run(ScriptedModel(calls(*many), says("done")), change, ask=ask), 10)
    assert len(ran) == 2
    assert len(of_kind(events, loop.ToolFinished)) == len(many)


async def test_without_anybody_to_ask_nothing_is_changed() -> None:
    @tool(side_effects=True)
    async def change() -> str:
        """Changes something."""
        raise AssertionError("it was run")

    events = await run(ScriptedModel(calls(("1", "change")), says("done")), change)
    [finished_tool] = of_kind(events, loop.ToolFinished)
    assert "cannot be asked for here" in finished_tool.result.text


async def test_a_stop_while_people_are_asked_ends_the_asking() -> None:
    asked = 0

    @tool(side_effects=True)
    async def change(n: int) -> str:
        """Changes something."""
        raise AssertionError(f"{n} was run")

    async def ask(call: ToolCall, request: ConsentRequest) -> Decision:
        nonlocal asked
        asked += 1
        try:
            await asyncio.sleep(60)
        finally:
            asked -= 1
        return "approved"

    async def all_of() -> None:
        model = ScriptedModel(calls_with("change", *(f'{{"n": {n}}}' for n in range(20))))
        events = run_loop(model=model, tools=ToolSet((change,)), build_request=Asked(), budget=Budget(2), ask=ask)
        async with aclosing(events):
            async for _ in events:
                pass

    running = asyncio.create_task(all_of())
    while asked < 20:
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 2)
    assert asked == 0


async def test_on_the_last_iteration_tools_are_forbidden_and_not_run_even_if_called() -> None:
    model = ScriptedModel(
        calls(("1", "quick")), [TextDelta(text="I call anyway."), *calls(("2", "quick"), ("3", "bug"))]
    )
    asked = Asked()
    events = await run(model, quick, bug, most=2, asked=asked)
    assert asked.of == [(1, False), (2, True)]
    assert [request.tool_choice for request in model.requests] == ["auto", "none"]
    assert [event.result.call_id for event in of_kind(events, loop.ToolFinished)] == ["1"]
    last = of_kind(events, loop.Answered)[-1].message
    assert last.parts == (TextPart(text="I call anyway."),)
    assert events[-1].kind == "answered"


async def test_one_iteration_alone_may_call_no_tool() -> None:
    asked = Asked()
    events = await run(ScriptedModel(says("ok")), quick, most=1, asked=asked)
    assert asked.of == [(1, True)]
    assert not of_kind(events, loop.ToolFinished)


async def test_a_tool_that_breaks_is_a_failed_result_and_tells_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    model = ScriptedModel(calls(("1", "bug"), ("2", "slow"), ("3", "unknown")), says("done"))
    events = await run(model, bug, slow, quick)
    results = of_kind(events, loop.ToolsFinished)[0].message.tool_results
    assert [result.ok for result in results] == [False, False, False]
    assert "an address" not in str(results)
    assert "0.01 seconds" in results[1].text
    assert "Available: bug, quick, slow" in results[2].text
    assert "an address and a key" in caplog.text


async def test_the_time_for_a_tool_can_be_cut() -> None:
    gate = Gate()
    events = run_loop(
        model=ScriptedModel(calls(("1", "wait")), says("done")),
        tools=ToolSet((gate.tool(),)),
        build_request=Asked(),
        budget=Budget(2),
        tool_timeout=0.01,
    )
    results = [event.result async for event in events if isinstance(event, loop.ToolFinished)]
    assert [result.ok for result in results] == [False]
    assert gate.cancelled == 1


async def test_calls_with_one_id_are_told_apart() -> None:
    model = ScriptedModel(calls(("same", "quick"), ("same", "no"), ("same", "quick"), ("other", "quick")), says("done"))
    events = await run(model, quick, no)
    answer = of_kind(events, loop.Answered)[0].message
    ids = [call.id for call in answer.tool_calls]
    assert len(set(ids)) == 4
    assert (ids[0], ids[3]) == ("same", "other")
    assert all(len(id) <= 40 for id in ids)
    results = of_kind(events, loop.ToolsFinished)[0].message.tool_results
    assert [(result.call_id, result.name) for result in results] == list(
        zip(ids, ["quick", "no", "quick", "quick"], strict=True)
    )


async def test_an_answer_that_was_cut_runs_only_what_is_whole() -> None:
    cut: list[Step] = [
        TextDelta(text="I look"),
        ToolCallDelta(index=0, id="1", name="quick", arguments="{}"),
        ToolCallDelta(index=1, id="2", name="quick", arguments='{"half": "tr'),
        finished("length"),
    ]
    events = await run(ScriptedModel(cut, says("done")), quick)
    answer = of_kind(events, loop.Answered)[0]
    assert answer.finish_reason == "length"
    assert answer.message.parts == (TextPart(text="I look"), ToolCall(id="1", name="quick", arguments="{}"))
    assert [event.result.call_id for event in of_kind(events, loop.ToolFinished)] == ["1"]


async def test_a_cut_text_ends_the_turn() -> None:
    events = await run(ScriptedModel([TextDelta(text="Half"), finished("length")]))
    assert (events[-1].kind, of_kind(events, loop.Answered)[0].message.text) == ("answered", "Half")


async def test_a_refusal_ends_the_turn_without_a_word() -> None:
    events = await run(ScriptedModel([finished("refusal")]), quick)
    answer = of_kind(events, loop.Answered)[0]
    assert (answer.finish_reason, answer.message.parts) == ("refusal", ())


async def test_reasoning_is_handed_on_and_kept_with_its_signature() -> None:
    model = ScriptedModel([ReasoningDelta(text="hm"), ReasoningDelta(signature="sig"), *says("yes")])
    events = await run(model)
    parts = of_kind(events, loop.Answered)[0].message.parts
    assert [(part.kind, getattr(part, "signature", "")) for part in parts] == [("reasoning", "sig"), ("text", "")]


@pytest.mark.parametrize("error", [ProviderOverloaded("busy"), ContextImpossible("too big"), LLMError("?")])
async def test_an_error_of_the_model_passes_through_and_closes_its_stream(error: LLMError) -> None:
    model = ScriptedModel([TextDelta(text="Half"), error])
    events = run_loop(model=model, tools=ToolSet(), build_request=Asked(), budget=Budget(3))
    seen = [await anext(events) for _ in range(3)]
    assert seen[-1] == TextDelta(text="Half")
    with pytest.raises(type(error)):
        await anext(events)
    assert model.closed == 1


async def test_an_error_of_the_context_passes_through() -> None:
    async def impossible(n: int, is_last: bool) -> ModelRequest:
        raise ContextImpossible("too big")

    model = ScriptedModel()
    with pytest.raises(ContextImpossible):
        _ = [e async for e in run_loop(model=model, tools=ToolSet(), build_request=impossible, budget=Budget(3))]
    assert model.requests == []


class TestCancelling:
    async def test_while_the_model_speaks_closes_its_stream(self) -> None:
        model = ScriptedModel([TextDelta(text="a"), asyncio.Event()])
        running = asyncio.create_task(run(model))
        while not model.requests:
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert model.closed == 1

    async def test_while_tools_run_ends_them_all_before_it_returns(self) -> None:
        gate = Gate()
        model = ScriptedModel(calls_with("wait", *(f'{{"n": {n}}}' for n in range(20))), says("never"))
        running = asyncio.create_task(run(model, gate.tool()))
        while gate.waiting < loop.TOOLS_AT_ONCE:
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (gate.waiting, gate.cancelled) == (0, loop.TOOLS_AT_ONCE)
        assert len(model.requests) == 1

    async def test_closing_the_loop_between_events_closes_the_model(self) -> None:
        model = ScriptedModel(says("a|b|c"))
        events = run_loop(model=model, tools=ToolSet(), build_request=Asked(), budget=Budget(3))
        async for event in events:
            if isinstance(event, TextDelta):
                break
        await events.aclose()
        assert model.closed == 1

    async def test_closing_the_loop_between_tools_ends_the_others(self) -> None:
        gate = Gate()
        model = ScriptedModel(calls(("1", "quick"), ("2", "wait")), says("never"))
        events = run_loop(model=model, tools=ToolSet((quick, gate.tool())), build_request=Asked(), budget=Budget(3))
        async for event in events:
            if isinstance(event, loop.ToolFinished):
                break
        await events.aclose()
        assert (gate.waiting, gate.cancelled) == (0, 1)


async def test_the_next_call_is_not_made_before_its_event_is_asked_for() -> None:
    """Whoever drives the loop stores an answer while it holds the event, and only then do the tools run."""
    gate = Gate()
    model = ScriptedModel(calls(("1", "wait")), says("done"))
    events = run_loop(model=model, tools=ToolSet((gate.tool(),)), build_request=Asked(), budget=Budget(3))
    async for event in events:
        if isinstance(event, loop.Answered) and event.message.tool_calls:
            await asyncio.sleep(0.01)
            assert gate.waiting == 0
            gate.opened.set()
        if isinstance(event, loop.ToolsFinished):
            await asyncio.sleep(0.01)
            assert len(model.requests) == 1
    assert len(model.requests) == 2


async def test_the_same_call_five_times_is_run_twice_and_the_loop_comes_to_its_end() -> None:
    ran = []

    @tool(side_effects=True)
    async def pay() -> str:
        """Pays."""
        ran.append(1)
        return "paid"

    async def ask(call: ToolCall, request: ConsentRequest) -> Decision:
        ran.append(0)
        return "approved"

    model = ScriptedModel(*[calls(("1", "pay"))] * 5, says("I had better stop."))
    asked = Asked()
    events = await run(model, pay, most=25, asked=asked, ask=ask)
    assert ran == [0, 1, 0, 1], "asked for, and run, each time that it is run at all"
    assert asked.of == [*((n, False) for n in range(1, 6)), (6, True)]
    assert of_kind(events, loop.Answered)[-1].message.text == "I had better stop."
    texts = [event.result.text for event in of_kind(events, loop.ToolFinished)]
    assert texts[:2] == ["paid", "paid"]
    assert all("so it was not run again" in text for text in texts[2:])


async def test_a_loop_that_is_broken_calls_no_tool_even_if_the_model_does() -> None:
    model = ScriptedModel(*[calls(("1", "no"))] * 9)
    events = await run(model, no, most=25)
    assert len(of_kind(events, loop.Answered)) == 5
    assert of_kind(events, loop.Answered)[-1].message.tool_calls == ()


async def test_a_tool_that_ends_by_itself_is_not_cut() -> None:
    gate = Gate()
    unhurried = replace(gate.tool(), timeout=None)
    model = ScriptedModel(calls(("1", "wait")), says("done"))
    events = run_loop(
        model=model, tools=ToolSet((unhurried,)), build_request=Asked(), budget=Budget(5), tool_timeout=0.01
    )
    results = []

    async def listen() -> None:
        results.extend([event.result async for event in events if isinstance(event, loop.ToolFinished)])

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.05)
    gate.opened.set()
    await listening
    assert [(result.ok, result.text) for result in results] == [(True, "waited")]
