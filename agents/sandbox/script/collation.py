"""Plays a comparison of two lists, where the tools for it are offered and the question names the lists.

The sandbox is no AI: it always goes the same way, all pages of both lists and then `correlate`. What it reports it
reads in the results, and where they are missing it says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from agents.sandbox.request import SandboxRequest
from agents.sandbox.script.beats import Call, Play, Say
from agents.sandbox.script.collected import Collected, Pages, collect
from agents.sandbox.script.comparisons import CALL, CORRELATE, RECALL, Comparison, Shelf, comparison_asked_for
from agents.sandbox.script.disagreements import classes_to_recall
from agents.sandbox.script.report import report_text

Asked = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Collation:
    comparison: Comparison

    def play(self, request: SandboxRequest, *, done: int) -> Play:
        collected = collect(request, comparison=self.comparison)
        says, wanted = self._next(collected)
        offered = {tool.name for tool in request.tools}
        asked = [one for one in wanted if one[0] in offered]
        if not asked or not request.may_call:
            text = report_text(collected, comparison=self.comparison, is_cut_short=bool(asked))
            return Play(beats=(Say(text=text),))
        calls = [_call(*one, number=done + 1) for one in asked]
        return Play(beats=(Say(text=says), *calls[: 1 if request.one_call else None]), ending="tool_calls")

    def _next(self, collected: Collected) -> tuple[str, list[Asked]]:
        """What is said, and the calls that come next; none where there is nothing left to do."""
        left, right = self.comparison.left, self.comparison.right
        if collected.left.fault or collected.right.fault:
            return "", []
        if pages := [*_page(left, collected.left), *_page(right, collected.right)]:
            begun = collected.left.handles or collected.right.handles
            return "There are more pages." if begun else f"First both lists: `{left.name}` and `{right.name}`.", pages
        if not collected.is_compared:
            return "I have all pages of both. Now I compare all of their rows.", [self._correlate(collected)]
        return "I read the mismatches that the summary does not show.", list(_recalls(collected))

    def _correlate(self, collected: Collected) -> Asked:
        handles = {"left": collected.left.handles, "right": collected.right.handles}
        return CORRELATE, handles | dict(self.comparison.arguments)


def find_collation(request: SandboxRequest) -> Collation | None:
    """The comparison that the question asks for; None where it asks for none, or the tools for it are not offered."""
    if request.must_call is not None:
        return None
    comparison = comparison_asked_for(request.asking_text, tools=request.tools)
    return Collation(comparison=comparison) if comparison else None


def _page(shelf: Shelf, pages: Pages) -> Iterator[Asked]:
    if pages.following:
        yield CALL, {"source": shelf.source, "path": pages.following}


def _recalls(collected: Collected) -> Iterator[Asked]:
    for kind in classes_to_recall(collected.summary) if collected.handle else ():
        if kind not in collected.details:
            yield RECALL, {"source": collected.handle, "part": kind}


def _call(name: str, arguments: Mapping[str, Any], /, *, number: int) -> Call:
    return Call(name=name, arguments=orjson.dumps(arguments).decode(), tag=f"sbx{number}x")
