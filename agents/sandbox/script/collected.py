"""What a comparison has collected so far, read in the tool calls and results that came with a request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from agents.llm.messages import ToolCall, ToolResult
from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.comparisons import CALL, CORRELATE, RECALL, Comparison, Shelf

Result = Mapping[str, Any]

_HANDLE = re.compile(r"recall (\d{1,12}-\d{1,12}) reads")
_LINE = re.compile(r"\[\d+\] (?P<json>\{.*\})")
_SAID = 300


@dataclass(frozen=True, kw_only=True)
class Step:
    """A call in round `number` (from 1), with its result."""

    number: int
    tool: str
    arguments: Result
    text: str

    @property
    def handle(self) -> str:
        """ "" where there is none: the call failed."""
        found = _HANDLE.findall(self.text)
        return str(found[-1]) if found else ""

    @property
    def value(self) -> Result:
        """{} where the result is no JSON object, or was left out to save room."""
        return _object(self.text)

    @property
    def said(self) -> str:
        return " ".join(self.text[:_SAID].split())


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Of one list. `following` is the path of the page to read next, "" after the last. `fault` says why there will
    never be all of them."""

    handles: tuple[str, ...] = ()
    following: str = ""
    fault: str = ""

    @property
    def are_all(self) -> bool:
        return bool(self.handles) and not self.following and not self.fault


@dataclass(frozen=True, kw_only=True)
class Collected:
    """`summary` is what `correlate` said, {} before; `handle` is where its list is. `details` has the lines of that
    list that were recalled, by class. `fault` is what `correlate` said when it failed."""

    left: Pages
    right: Pages
    summary: Result = field(default_factory=dict)
    handle: str = ""
    details: Mapping[str, Sequence[Result]] = field(default_factory=dict)
    fault: str = ""

    @property
    def is_compared(self) -> bool:
        return bool(self.summary or self.fault)


def collect(request: SandboxRequest, *, comparison: Comparison) -> Collected:
    steps = list(_steps(request))
    last = steps[-1].number if steps else 0
    left, right = (_pages(steps, shelf, last=last) for shelf in (comparison.left, comparison.right))
    compared = next((step for step in reversed(steps) if step.tool == CORRELATE), None)
    if compared is None:
        return Collected(left=left, right=right)
    summary = compared.value if isinstance(compared.value.get("mismatches"), dict) else {}
    fault = "" if summary else compared.said
    recalled = {str(step.arguments.get("part")): _listed(step.text) for step in steps if step.tool == RECALL}
    return Collected(left=left, right=right, summary=summary, handle=compared.handle, details=recalled, fault=fault)


def _steps(request: SandboxRequest) -> Iterator[Step]:
    calls: dict[str, tuple[int, ToolCall]] = {}
    number = 0
    for message in request.since_asked:
        number += bool(message.tool_calls)
        calls |= {call.id: (number, call) for call in message.tool_calls}
        yield from (_step(*calls[result.call_id], result) for result in message.tool_results if result.call_id in calls)


def _step(number: int, call: ToolCall, result: ToolResult, /) -> Step:
    return Step(number=number, tool=call.name, arguments=_object(call.arguments), text=result.text)


def _pages(steps: Sequence[Step], shelf: Shelf, *, last: int) -> Pages:
    own = [step for step in steps if step.tool == CALL and _is_of(shelf, step)]
    if not own:
        return Pages(following=shelf.first)
    handles = tuple(step.handle for step in own if step.handle)
    if str(own[0].arguments.get("path")) != shelf.first:
        return Pages(handles=handles, fault="its first pages are no longer in what I am sent")
    if failed := next((step for step in own if not step.handle), None):
        return Pages(handles=handles, fault=failed.said)
    return _after(own[-1], handles=handles, shelf=shelf, is_newest=own[-1].number == last)


def _after(step: Step, *, handles: tuple[str, ...], shelf: Shelf, is_newest: bool) -> Pages:
    """A page that was left out since cannot tell what follows; had anything followed, it would have been read."""
    page = step.value.get("data")
    if not isinstance(page, dict) or "next" not in page:
        return Pages(handles=handles, fault="its newest page does not say what follows" if is_newest else "")
    following = page["next"]
    if following is None:
        return Pages(handles=handles)
    if not isinstance(following, str) or following.partition("?")[0] != shelf.path:
        return Pages(handles=handles, fault="what should be its next page is another list")
    return Pages(handles=handles, following=following)


def _is_of(shelf: Shelf, step: Step, /) -> bool:
    path = str(step.arguments.get("path", ""))
    return step.arguments.get("source") == shelf.source and path.partition("?")[0] == shelf.path


def _listed(text: str) -> list[Result]:
    return [_object(found["json"]) for line in text.splitlines() if (found := _LINE.fullmatch(line))]


def _object(text: str) -> Result:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
