"""A model that goes round in circles: the same call is not run again and again, and the run comes to an end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from agents.llm.messages import ToolCall, ToolResult
from agents.llm.tools import SummarisedResult, ToolSet, tool
from agents.repeats import FRUITLESS, SHOWN_AGAIN, Repeats
from agents.tools.basics import basics


@tool
async def look(place: str = "") -> str:
    """Looks."""
    return place


class Runs:
    """Answers calls, and remembers them. `says` is the text of the n-th result; a text with "no" in it is a failure."""

    def __init__(self, *, says: Sequence[str] = ()) -> None:
        self.made: list[ToolCall] = []
        self._says = says
        self.opened: asyncio.Event | None = None

    async def __call__(self, call: ToolCall) -> ToolResult:
        self.made.append(call)
        n = len(self.made)
        if self.opened is not None:
            await self.opened.wait()
        text = self._says[n - 1] if self._says else f"result {n}"
        return ToolResult(call_id=call.id, name=call.name, text=text, ok="no" not in text)


def repeats_of(runs: Runs) -> Repeats:
    return Repeats(tools=ToolSet((*basics(lambda: 0.0), look)), really=runs)


def call(arguments: str = "{}", *, name: str = "look", id: str = "c") -> ToolCall:
    return ToolCall(id=id, name=name, arguments=arguments)


async def test_the_same_call_is_run_twice_and_then_answered_from_the_record_with_a_note() -> None:
    runs = Runs()
    repeats = repeats_of(runs)
    texts = [(await repeats.run(call(id=str(n)))).text for n in range(5)]
    assert len(runs.made) == 2
    assert texts[:2] == ["result 1", "result 2"]
    for n, text in enumerate(texts[2:], start=2):
        assert text.startswith("result 2\n")
        assert f"made {n} times before in this turn, so it was not run again" in text


async def test_a_recorded_result_belongs_to_the_call_that_asked_again() -> None:
    repeats = repeats_of(Runs())
    for _ in range(2):
        await repeats.run(call(id="a"))
    again = await repeats.run(call(id="b"))
    assert (again.call_id, again.name, again.ok) == ("b", "look", True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 1, "b": [1, 2]}', ' {"b":[1,2],"a":1} '),
        ("{}", ""),
        ("{}", "  "),
        ('{"a": "\\u00e9"}', '{"a": "é"}'),
        ("{broken", " {broken "),
    ],
)
async def test_the_same_json_is_the_same_call(one: str, other: str) -> None:
    runs = Runs()
    repeats = repeats_of(runs)
    for arguments in (one, other, one):
        await repeats.run(call(arguments))
    assert len(runs.made) == 2


async def test_other_arguments_and_other_tools_are_other_calls() -> None:
    runs = Runs()
    repeats = repeats_of(runs)
    for n in range(4):
        for each in (call(f'{{"place": {n}}}'), call(f'{{"place": "{n}"}}'), call(f'{{"place": {n}}}', name="listen")):
            await repeats.run(each)
    assert len(runs.made) == 12
    assert not repeats.ended()


async def test_calls_that_are_the_same_and_come_at_once_wait_for_the_one_that_runs() -> None:
    runs = Runs()
    runs.opened = asyncio.Event()
    repeats = repeats_of(runs)
    asked = [asyncio.create_task(repeats.run(call(id=str(n)))) for n in range(5)]
    while len(runs.made) < 2:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(runs.made) == 2
    runs.opened.set()
    results = await asyncio.gather(*asked)
    assert [result.call_id for result in results] == ["0", "1", "2", "3", "4"]
    assert all("not run again" in result.text for result in results[2:])


async def test_what_has_another_answer_each_time_is_run_each_time() -> None:
    runs = Runs()
    repeats = repeats_of(runs)
    texts = [(await repeats.run(call(name="current_time"))).text for _ in range(5)]
    assert texts == [f"result {n}" for n in range(1, 6)]


async def test_a_failure_is_a_failure_from_the_record_too() -> None:
    repeats = repeats_of(Runs(says=["no", "no"]))
    results = [await repeats.run(call()) for _ in range(3)]
    assert [result.ok for result in results] == [False, False, False]


async def test_a_long_result_is_not_told_a_third_time_whole() -> None:
    repeats = repeats_of(Runs(says=["x" * 90_000] * 2))
    for _ in range(2):
        await repeats.run(call())
    again = await repeats.run(call())
    assert len(again.text) < SHOWN_AGAIN + 400


async def test_what_was_summarised_is_not_stored_once_more() -> None:
    async def really(call: ToolCall) -> ToolResult:
        return SummarisedResult(call_id=call.id, name=call.name, text="sum", whole="all of it")

    repeats = Repeats(tools=ToolSet([look]), really=really)
    results = [await repeats.run(call()) for _ in range(3)]
    assert [type(result) for result in results] == [SummarisedResult, SummarisedResult, ToolResult]


async def iterations(repeats: Repeats, *each: Sequence[ToolCall]) -> list[bool]:
    ended = []
    for calls in each:
        for one in calls:
            await repeats.run(one)
        ended.append(repeats.ended())
    return ended


async def test_iterations_of_nothing_but_repeats_end_the_run() -> None:
    repeats = repeats_of(Runs())
    assert await iterations(repeats, *[[call()]] * 5) == [False, False, False, False, True]
    assert FRUITLESS == 3


async def test_one_new_call_in_an_iteration_is_progress() -> None:
    repeats = repeats_of(Runs())
    rounds = [[call(), call(f'{{"place": "{n}"}}')] for n in range(9)]
    assert not any(await iterations(repeats, *rounds))


async def test_progress_begins_the_count_anew() -> None:
    repeats = repeats_of(Runs())
    new = call('{"place": "new"}')
    assert await iterations(repeats, *[[call()]] * 4, [new], *[[call()]] * 3) == [*[False] * 7, True]


async def test_a_call_that_fails_as_before_is_no_progress() -> None:
    repeats = repeats_of(Runs(says=["no"] * 9))
    rounds = [[call(f'{{"place": "{name}"}}')] for name in ("a", "b", "a", "b", "a")]
    assert await iterations(repeats, *rounds) == [False, False, False, False, True]


async def test_a_call_that_failed_and_works_now_is_progress() -> None:
    repeats = repeats_of(Runs(says=["no", "fine", "fine"]))
    assert await iterations(repeats, [call()], [call()]) == [False, False]
    assert repeats._fruitless == 0


async def test_the_time_alone_again_and_again_is_no_progress() -> None:
    repeats = repeats_of(Runs())
    assert await iterations(repeats, *[[call(name="current_time")]] * 5) == [False, False, False, False, True]
