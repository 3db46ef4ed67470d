"""The sandbox's comparison of two lists says what is in the results that it was sent, and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.agents.sandbox.speakers import PLAIN_TOOL, Heard, Speaker, Tool, hear

ANYTHING = {"type": "object", "properties": {}}
SOURCES = """Reads a service.
Sources:
crm (People)
  GET /people: name
shop (Shop)
  GET /v2/orders: amount
  GET /v2/payments?page=: order_ref
  GET /v2/inventory"""
TOOLS = [
    Tool(name="call_source", parameters=ANYTHING, description=SOURCES),
    Tool(name="correlate", parameters=ANYTHING),
    Tool(name="recall", parameters=ANYTHING),
]
QUESTION = "Which orders disagree with their payments?"
FIRST = "?page=1&per_page=100"


def page(handle: str, *, following: str | None = None) -> str:
    told = {"source": "shop", "data": {"data": [{"id": 1}], "next": following}}
    return json.dumps({**told, "[summarised]": f"recall {handle} reads all of it"})


def found(handle: str = "9-1", **changes: Any) -> str:
    """What `correlate` says where nothing disagrees, but for `changes`."""
    none = {"value": 0, "timing": 0, "missing_on_left": 0, "missing_on_right": 0, "duplicate": 0}
    told = {
        "entities": 7,
        "agreeing": 7,
        "match_rate_percent": 100.0,
        "left": {"rows": 7, "without_key": 0},
        "right": {"rows": 7, "without_key": 0},
        "fields": [],
        "examples": {},
        **changes,
        "mismatches": none | changes.get("mismatches", {}),
    }
    return json.dumps({**told, "[summarised]": f"recall {handle} reads all of it"})


class Talk:
    """A question, and the rounds that came of it."""

    def __init__(self, speaker: Speaker, *, question: str = QUESTION, tools: list[Tool] = TOOLS) -> None:
        self._speaker, self._question, self._tools = speaker, question, tools
        self._history: list[Any] = []
        self.heard = Heard()

    async def begin(self) -> list[tuple[str, dict[str, Any]]]:
        self.heard = await hear(self._speaker, self._question, tools=self._tools)
        return self.calls

    async def answer(self, *results: str, forbid_tools: bool = False) -> list[tuple[str, dict[str, Any]]]:
        asked = "" if self._history else self._question
        self._history += self._speaker.answered(asked, heard=self.heard, results=results)
        more = {"history": self._history, "tools": self._tools, "forbid_tools": forbid_tools}
        self.heard = await hear(self._speaker, "", **more)
        return self.calls

    def leave_out(self, text: str, stub: str) -> None:
        """As a token limiter does."""
        self._history = json.loads(json.dumps(self._history).replace(json.dumps(text), json.dumps(stub)))
        assert stub in str(self._history)

    @property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        return [(call.name, json.loads(call.arguments)) for call in self.heard.calls]


async def compared(speaker: Speaker, *summaries: str) -> str:
    """The report, after a page of each list and what `correlate` (and then `recall`) said."""
    talk = Talk(speaker)
    await talk.begin()
    await talk.answer(page("1-1"), page("1-2"))
    for summary in summaries:
        await talk.answer(summary)
    assert not talk.calls
    return talk.heard.text


async def test_it_reads_all_pages_of_both_and_compares_their_handles(near_speaker: Speaker) -> None:
    talk = Talk(near_speaker)
    assert await talk.begin() == [
        ("call_source", {"source": "shop", "path": f"/v2/orders{FIRST}"}),
        ("call_source", {"source": "shop", "path": f"/v2/payments{FIRST}"}),
    ]
    second = await talk.answer(page("1-1", following="/v2/orders?page=2"), page("1-2"))
    assert second == [("call_source", {"source": "shop", "path": "/v2/orders?page=2"})]
    [(name, arguments)] = await talk.answer(page("2-1"))
    assert (name, arguments["left"], arguments["right"]) == ("correlate", ["1-1", "2-1"], ["1-2"])
    assert arguments["keys"] == ["id=order_ref"]
    assert await talk.answer(found()) == []
    assert "`orders` and `payments` agree: all 7 entities" in talk.heard.text.split("\n\n")[0]


async def test_a_page_that_was_left_out_since_keeps_its_handle(near_speaker: Speaker) -> None:
    talk = Talk(near_speaker)
    await talk.begin()
    await talk.answer(page("1-1", following="/v2/orders?page=2"), page("1-2"))
    talk.leave_out(page("1-2"), "[Left out to save room: 3,010 characters from call_source; recall 1-2 reads them]")
    [(name, arguments)] = await talk.answer(page("2-1"))
    assert (name, arguments["right"]) == ("correlate", ["1-2"])


async def test_what_is_found_is_told_with_both_sides(near_speaker: Speaker) -> None:
    worst = [{"key": "A-1", "left": 3, "right": "4 | `x`"}]
    summary = found(
        entities=9,
        mismatches={"value": 1, "missing_on_right": 1, "duplicate": 1},
        fields=[{"field": "amount=cents/100", "differing": 1, "worst": worst}],
        examples={"missing_on_right": [{"key": "A-2"}], "duplicate": [{"key": "A-3", "on_left": 1, "on_right": 2}]},
    )
    text = await compared(near_speaker, summary)
    assert text.startswith("**Finding**: 2 of 9 entities")
    assert "| value | `A-1` | `amount=cents/100` | `3` | `4 / 'x'` |" in text
    assert "| missing in `payments` | `A-2` |" in text
    assert "| duplicate | `A-3` | `records` | `1` | `2` |" in text
    assert "result 9-1" in text


async def test_what_the_summary_does_not_show_is_recalled(near_speaker: Speaker) -> None:
    talk = Talk(near_speaker)
    await talk.begin()
    await talk.answer(page("1-1"), page("1-2"))
    shown = {"missing_on_left": [{"key": f"A-{n}"} for n in range(3)]}
    asked = await talk.answer(found(entities=12, mismatches={"missing_on_left": 5}, examples=shown))
    assert asked == [("recall", {"source": "9-1", "part": "missing_on_left"})]
    lines = "\n".join(f'[{n}] {{"key":"A-{n}"}}' for n in range(5))
    await talk.answer(f"result 9-1 of correlate, missing_on_left: 5 of 5 lines, from 0 on.\n{lines}")
    assert set(re.findall(r"A-\d", talk.heard.text)) == {"A-0", "A-1", "A-2", "A-3", "A-4"}


async def test_values_and_times_are_told_apart_by_the_list(near_speaker: Speaker) -> None:
    talk = Talk(near_speaker)
    await talk.begin()
    await talk.answer(page("1-1"), page("1-2"))
    worst = [{"key": "A-1", "left": 1, "right": 2}, {"key": "A-2", "left": 1, "right": 2}]
    fields = [{"field": "amount", "differing": 2, "worst": worst}]
    asked = await talk.answer(found(mismatches={"value": 1, "timing": 1}, fields=fields))
    assert [arguments["part"] for _, arguments in asked] == ["value", "timing"]
    await talk.answer(*(f'[0] {{"key":"{key}","amount":{{"left":1,"right":2}}}}' for key in ("A-1", "A-2")))
    assert "| value | `A-1` |" in talk.heard.text
    assert "| timing (one side is older) | `A-2` |" in talk.heard.text


@pytest.mark.parametrize(
    "broken",
    ["Error: shop did not answer within 30 seconds", "{", json.dumps({"data": {"next": "/elsewhere"}})],
)
async def test_a_list_that_cannot_be_read_is_told_and_nothing_is_compared(near_speaker: Speaker, broken: str) -> None:
    talk = Talk(near_speaker)
    await talk.begin()
    assert await talk.answer(page("1-1"), broken) == []
    assert "could not be compared" in talk.heard.text
    assert "`payments` of shop could not be read" in talk.heard.text
    assert not broken.startswith("Error") or broken in talk.heard.text


async def test_no_page_leads_to_another_list(near_speaker: Speaker) -> None:
    talk = Talk(near_speaker)
    await talk.begin()
    assert await talk.answer(page("1-1"), page("1-2", following="https://elsewhere.example/v2/payments")) == []
    assert "another list" in talk.heard.text


async def test_what_correlate_refuses_is_told(near_speaker: Speaker) -> None:
    refused = "Error: result 1-1 has no field 'order_ref'"
    text = await compared(near_speaker, refused)
    assert f"`correlate` did not compare them: {refused}" in text


async def test_on_its_last_step_it_says_what_is_missing(near_speaker: Speaker) -> None:
    talk = Talk(near_speaker)
    await talk.begin()
    await talk.answer(page("1-1"), page("1-2"), forbid_tools=True)
    assert not talk.calls
    assert "could not be compared" in talk.heard.text
    assert "I reached the last step" in talk.heard.text


@pytest.mark.parametrize(
    ("question", "tools"),
    [
        (QUESTION, [PLAIN_TOOL]),
        (QUESTION, [Tool(name="call_source", parameters=ANYTHING), *TOOLS[1:]]),
        ("echo orders payments", TOOLS),
        ("Which orders are the oldest?", TOOLS),
        ("Does payment-service take orders?", TOOLS),
    ],
)
async def test_other_questions_and_tools_are_left_alone(
    near_speaker: Speaker, question: str, tools: list[Tool]
) -> None:
    talk = Talk(near_speaker, question=question, tools=tools)
    assert await talk.begin() == []
