"""A call that changes something is asked for by itself, exactly, once its arguments were checked; else never run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from pydantic import Field

from agents.llm.consent import MOST_CHARACTERS, ConsentRequest, Decision
from agents.llm.errors import ToolFailed
from agents.llm.messages import ToolCall, ToolResult, ToolSpec
from agents.llm.tools import Tool, ToolSet, run_tool, tool


class Person:
    """Answers `decisions` in turn, each after `thinks` seconds, and keeps what they were asked."""

    def __init__(self, *decisions: Decision, thinks: float = 0) -> None:
        self.asked: list[ConsentRequest] = []
        self._decisions = list(decisions)
        self._thinks = thinks

    async def ask(self, call: ToolCall, request: ConsentRequest) -> Decision:
        self.asked.append(request)
        await asyncio.sleep(self._thinks)
        return self._decisions.pop(0)


def deleting(done: list[str], **more: Any) -> Tool:
    @tool(side_effects=True, **more)
    async def delete(name: Annotated[str, Field(max_length=5)]) -> str:
        """Deletes what has this name."""
        done.append(name)
        return "deleted"

    return delete


async def use(given: Tool, arguments: Mapping[str, Any], *, person: Person | None = None, **more: Any) -> ToolResult:
    call = ToolCall(id="c", name=given.spec.name, arguments=json.dumps(arguments))
    return await run_tool(ToolSet([given]), call, ask=person.ask if person else None, **more)


class TestSideEffects:
    async def test_are_asked_for_with_the_exact_arguments_and_then_done(self) -> None:
        done: list[str] = []
        person = Person("approved")
        result = await use(deleting(done), {"name": "ö\n\u202eb"}, person=person)
        assert (result.ok, result.text, done) == (True, "deleted", ["ö\n\u202eb"])
        [request] = person.asked
        assert request.title == "Run delete"
        assert json.loads(request.request) == {"name": "ö\n\u202eb"}

    @pytest.mark.parametrize(("decision", "said"), [("denied", "refused"), ("unanswered", "nobody answered")])
    async def test_that_are_not_allowed_are_not_done(self, decision: Decision, said: str) -> None:
        done: list[str] = []
        result = await use(deleting(done), {"name": "a"}, person=Person(decision))
        assert not result.ok
        assert said in result.text
        assert "nothing was done" in result.text
        assert done == []

    async def test_are_asked_for_each_time_anew(self) -> None:
        done: list[str] = []
        person = Person("approved", "denied")
        results = [await use(deleting(done), {"name": "a"}, person=person) for _ in range(2)]
        assert [result.ok for result in results] == [True, False]
        assert (len(person.asked), done) == (2, ["a"])

    async def test_are_never_done_where_nobody_can_be_asked(self) -> None:
        done: list[str] = []
        result = await use(deleting(done), {"name": "a"})
        assert not result.ok
        assert "cannot be asked for here" in result.text
        assert done == []

    async def test_with_arguments_that_do_not_fit_ask_nobody(self) -> None:
        person = Person("approved")
        result = await use(deleting([]), {"name": "too long"}, person=person)
        assert "the arguments do not fit: name" in result.text
        assert person.asked == []

    async def test_that_nobody_could_read_are_refused_and_not_shown_in_part(self) -> None:
        done: list[str] = []
        person = Person("approved")
        plain = Tool(spec=ToolSpec(name="send", description="d", parameters={}), run=_noting(done), side_effects=True)
        result = await use(plain, {"text": "x" * MOST_CHARACTERS}, person=person)
        assert "too long to be read" in result.text
        assert (person.asked, done) == ([], [])

    async def test_of_a_tool_that_checks_nothing_itself_are_asked_for_as_they_are(self) -> None:
        done: list[str] = []
        person = Person("approved")
        plain = Tool(spec=ToolSpec(name="send", description="d", parameters={}), run=_noting(done), side_effects=True)
        assert (await use(plain, {"to": "x"}, person=person)).ok
        assert (json.loads(person.asked[0].request), done) == ({"to": "x"}, ["ran"])


class TestAToolThatSaysWhatItAsks:
    async def test_asks_that_and_runs_what_was_shown(self) -> None:
        done: list[str] = []

        async def shown() -> str:
            return "as shown"

        async def consent(arguments: Mapping[str, Any]) -> ConsentRequest:
            return ConsentRequest(title="POST to shop", request=f"POST {arguments['path']}", run=shown)

        person = Person("approved")
        result = await use(_asking(done, consent), {"path": "/a"}, person=person)
        assert (result.text, done) == ("as shown", [])
        assert [(one.title, one.request) for one in person.asked] == [("POST to shop", "POST /a")]

    async def test_or_needs_none_for_this_call(self) -> None:
        done: list[str] = []

        async def consent(arguments: Mapping[str, Any]) -> None:
            return None

        assert (await use(_asking(done, consent), {})).ok
        assert done == ["ran"]

    async def test_or_refuses_by_itself(self) -> None:
        async def consent(arguments: Mapping[str, Any]) -> None:
            raise ToolFailed("there is no such source")

        person = Person("approved")
        result = await use(_asking([], consent), {}, person=person)
        assert (result.text, person.asked) == ("Error: there is no such source", [])

    async def test_or_takes_too_long_to_say_it(self) -> None:
        async def consent(arguments: Mapping[str, Any]) -> None:
            await asyncio.sleep(60)

        result = await use(_asking([], consent), {}, person=Person("approved"), timeout=0.01)
        assert "could not be told" in result.text


class TestTime:
    async def test_of_a_person_counts_for_no_tool(self) -> None:
        result = await use(deleting([], timeout=0.05), {"name": "a"}, person=Person("approved", thinks=0.2))
        assert result.ok

    async def test_counts_for_no_tool_that_it_runs_inside_of_either(self) -> None:
        person = Person("approved", "approved", thinks=0.2)
        result = await use(_outer(person, works=0), {}, person=person)
        assert (result.ok, result.text, len(person.asked)) == (True, "both done", 2)

    async def test_of_work_still_counts_after_a_person_was_asked(self) -> None:
        person = Person("approved", "approved")
        result = await use(_outer(person, works=5), {}, person=person)
        assert "no result within 0.1 seconds" in result.text

    async def test_a_stop_ends_the_asking_and_nothing_is_done(self) -> None:
        done: list[str] = []
        task = asyncio.create_task(use(deleting(done), {"name": "a"}, person=Person("approved", thinks=60)))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done == []


def _outer(person: Person, *, works: float) -> Tool:
    """Runs two tools that ask, at once, as a delegated run does."""

    @tool(timeout=0.1)
    async def delegate() -> str:
        """Delegates."""
        inner = deleting([])
        await asyncio.gather(*(use(inner, {"name": name}, person=person) for name in "ab"))
        await asyncio.sleep(works)
        return "both done"

    return delegate


def _noting(done: list[str]) -> Any:
    async def run(arguments: Mapping[str, Any]) -> str:
        done.append("ran")
        return "ok"

    return run


def _asking(done: list[str], consent: Any) -> Tool:
    return Tool(
        spec=ToolSpec(name="call", description="d", parameters={}),
        run=_noting(done),
        side_effects=True,
        consent=consent,
    )
