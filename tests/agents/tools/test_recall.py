"""What the model is told when it recalls: from a conversation that is kept in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from agents.llm.messages import ToolCall, ToolResult
from agents.llm.tools import ToolSet, run_tool, tool
from agents.roster import ROSTER
from agents.tools.pasted import data_in
from agents.tools.recall import LeftOut, LeftOutPage, Source, bound, recall

AT_ONCE = 50


@dataclass
class Memory:
    """A reader of `results` by handle and of `messages`, none of which was sent."""

    results: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    async def result(self, handle: str) -> Source | None:
        text = self.results.get(handle)
        return None if text is None else Source(title=f"result {handle} of search_logs", text=text)

    async def message(self, number: int) -> Source | None:
        inside = 1 <= number <= len(self.messages)
        return Source(title=f"message {number} (user)", text=self.messages[number - 1]) if inside else None

    async def pasted(self, number: int) -> Source | None:
        found = [one for text in self.messages[-1:] for one in data_in(text)]
        return Source(title=f"paste {number}", text=found[number - 1]) if 1 <= number <= len(found) else None

    async def left_out(self, *, skip: int) -> LeftOutPage:
        all_of_them = [LeftOut(number=n, role="user", text=text) for n, text in enumerate(self.messages, start=1)]
        page = all_of_them[::-1][skip : skip + AT_ONCE]
        return LeftOutPage(messages=page, skipped=skip, total=len(all_of_them))


LONG = "\n".join(f"event {n}: nothing" for n in range(5_000)) + "\nevent 5000: the port is 8443"
MEMORY = Memory(
    results={"17-1": LONG, "17-2": json.dumps({"rows": [{"id": n, "host": f"host-{n}"} for n in range(900)]})},
    messages=[f"This is message {n} about {'the port 8443' if n == 3 else 'the weather'}." for n in range(1, 21)],
)


async def use(memory: Memory, *, room: int = 2_000, **arguments: Any) -> ToolResult:
    tools = bound(ToolSet([recall]), reader=memory, fits=lambda text: len(text) <= room)
    result = await run_tool(tools, ToolCall(id="c", name="recall", arguments=json.dumps(arguments)))
    assert not result.ok or len(result.text) <= room
    return result


class TestAResult:
    async def test_is_read_from_its_beginning(self) -> None:
        result = await use(MEMORY, source="17-1")
        head, first, *_ = result.text.splitlines()
        assert head.startswith("result 17-1 of search_logs: ")
        assert "of 5,001 lines, from 0 on. Go on with lines " in head
        assert first == "event 0: nothing"

    async def test_is_read_anywhere(self) -> None:
        assert (await use(MEMORY, source=" 17-1 ", part="line 5000")).text.endswith("\nevent 5000: the port is 8443")

    async def test_is_searched(self) -> None:
        result = await use(MEMORY, source="17-1", words="Port 8443?")
        assert result.text.endswith("1 of 5,001 lines have any of these words:\n5000: event 5000: the port is 8443")

    async def test_is_read_by_a_path(self) -> None:
        assert (await use(MEMORY, source="17-2", part="rows[450].host")).text.endswith("\nhost-450")

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ({"source": "99-1"}, "no result with the handle '99-1'"),
            ({"source": "'; DROP TABLE"}, "no result with the handle"),
            ({"source": "17-2", "part": "rows[900]"}, "900 items"),
            ({"source": "17-1", "part": "rows"}, "no JSON"),
            ({"source": "17-1", "part": "lines 9-1"}, "ends before it starts"),
            ({"source": 17}, "source"),
            ({"handle": "17-1"}, "handle"),
        ],
    )
    async def test_that_cannot_be_read_is_an_error_that_says_why(self, arguments: dict[str, Any], told: str) -> None:
        result = await use(MEMORY, **arguments)
        assert not result.ok
        assert told in result.text


class TestMessages:
    async def test_are_found_by_words_with_their_numbers(self) -> None:
        result = await use(MEMORY, words="which PORT?")
        assert result.text == (
            "1 of 20 messages that you were not sent whole have any of these words.\n"
            "#3 user: This is message 3 about the port 8443."
        )

    async def test_the_best_of_many_are_shown_and_all_are_counted(self) -> None:
        result = await use(MEMORY, words="weather")
        head, *lines = result.text.splitlines()
        assert head.startswith("19 of 20 messages")
        assert head.endswith("The best 8:")
        assert [line.split()[0] for line in lines] == [f"#{n}" for n in range(20, 12, -1)]

    async def test_that_are_nowhere_are_counted_as_none(self) -> None:
        assert (await use(MEMORY, words="xylophone")).text.startswith("0 of 20 messages")

    @pytest.mark.parametrize("name", ["3", "#3"])
    async def test_are_read_by_number(self, name: str) -> None:
        assert (await use(MEMORY, source=name)).text.endswith("\nThis is message 3 about the port 8443.")

    @pytest.mark.parametrize("name", ["0", "21", "#999999999"])
    async def test_that_are_not_there(self, name: str) -> None:
        result = await use(MEMORY, source=name)
        assert not result.ok
        assert "no message" in result.text

    async def test_without_words_it_says_what_there_is(self) -> None:
        result = await use(MEMORY)
        head, *lines = result.text.splitlines()
        assert head.startswith("20 messages were not sent to you whole. Search them with words")
        assert lines[0] == "#20 user: This is message 20 about the weather."

    async def test_nothing_was_left_out(self) -> None:
        assert "every message" in (await use(Memory(), words="port")).text
        assert "every message" in (await use(Memory())).text

    async def test_older_ones_are_searched_when_asked_for(self) -> None:
        many = Memory(messages=[f"message {n}" + (" needle" if n == 1 else "") for n in range(1, 121)])
        first = await use(many, words="needle")
        assert first.text == (
            "0 of 50 messages that you were not sent whole have any of these words."
            " 70 older ones were not searched: the same with part=messages 50-."
        )
        last = await use(many, words="needle", part="messages 100-")
        assert last.text.endswith("#1 user: message 1 needle")
        assert "older" not in last.text


@pytest.mark.parametrize("room", [60, 150, 400])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"words": "weather port"},
        {"source": "17-1"},
        {"source": "17-1", "words": "event"},
        {"source": "17-2"},
        {"source": "17-2", "part": "characters 0-9999"},
        {"source": "3"},
    ],
)
async def test_it_is_never_longer_than_it_may_be(arguments: dict[str, Any], room: int) -> None:
    assert (await use(MEMORY, room=room, **arguments)).ok


async def test_tools_without_it_stay_as_they_are() -> None:
    @tool
    async def other() -> str:
        """Another tool."""
        return ""

    tools = ToolSet([other])
    assert bound(tools, reader=MEMORY, fits=lambda text: True) is tools


def test_every_agent_has_it_and_is_told_of_it_and_its_schema_is_small() -> None:
    assert [agent.tools.get("recall") is not None for agent in ROSTER] == [True] * len(ROSTER)
    assert all("recall" in agent.instructions for agent in ROSTER)
    assert len(json.dumps(recall.spec.parameters)) < 450
    assert bound(ROSTER[0].tools, reader=MEMORY, fits=lambda text: True).specs == ROSTER[0].tools.specs
