"""Makes room inside a message: a tool result becomes one line, or a long text keeps its head and tail.

A `Cut` says how without any counter, so that what was cut once is cut to the same bytes ever after, even when counting
changes. Nothing here is random or depends on time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal

from agents.llm.messages import ToolResult
from agents.llm.tokens import TokenCounter

Shape = Literal["stub", "json", "text"]


@dataclass(frozen=True, kw_only=True)
class Cut:
    """`stub`: one line instead of the result · `text`: `keep` characters of head and tail · `json`: of every list the
    first `keep` / 4 items (rounded up), of every object `keep` * 2 fields, of every string `keep` * 10 characters. A
    `keep` of -1 leaves nothing."""

    shape: Shape
    keep: int = 0


STUB = Cut(shape="stub")
NOTHING = Cut(shape="text", keep=-1)

_DEEPEST = 24
_HANDLES_TOLD = 6


def stub(result: ToolResult) -> str:
    """One line for the model in place of a result that it has already seen."""
    failed = "" if result.ok else " (a failure)"
    reads = f"; recall {result.handle} reads them" if result.handle else ""
    return f"[Left out to save room: {len(result.text):,} characters from {_one_line(result.name)}{failed}{reads}]"


def left_out_note(results: Sequence[ToolResult]) -> str:
    """One line for the model where whole iterations are left out: which `results` it has had, and how to read them."""
    told = [f"{result.handle} ({_one_line(result.name)})" for result in results if result.handle]
    named = f": {', '.join(told[-_HANDLES_TOLD:])}" if told else ""
    more = f" and {len(told) - _HANDLES_TOLD} before them" if len(told) > _HANDLES_TOLD else ""
    reads = f"; recall reads their results{named}{more}" if told else ""
    return f"[Earlier steps of this answer were left out to save room{reads}]\n"


def extract(result: ToolResult, *, max_tokens: int, counter: TokenCounter) -> ToolResult:
    """The very same `result` if its text has at most `max_tokens`; else with the most of it that they hold."""
    short = shorten(result.text, max_tokens=max_tokens, counter=counter, handle=result.handle)
    return result if short == result.text else replace(result, text=short)


def summary_of(text: str, handle: str) -> str:
    """A summary, with where the whole is read: as its last field if it is a JSON object."""
    reads = f"recall {handle} reads all of it"
    if text.endswith("}") and isinstance(_container(text), dict):
        comma = "" if text[:-1].rstrip().endswith("{") else ","
        return f'{text[:-1]}{comma}"[summarised]":"{reads}"}}'
    return f"{text}\n[Summarised; {reads}]"


def is_extract(text: str, handle: str) -> bool:
    return bool(handle) and f"recall {handle} reads all" in text


def shorten(text: str, *, max_tokens: int, counter: TokenCounter, handle: str = "") -> str:
    """`text`, or as much of its beginning and end as `max_tokens` hold, with the omitted size said in between, and the
    `handle` of the whole.

    JSON stays JSON where it can. Where not even the marker fits, the result is empty.
    """
    if counter.text(text) <= max_tokens:
        return text
    cut = plan_cut(text, max_tokens=max_tokens, counter=counter, handle=handle)
    return apply_cut(text, cut, handle=handle)


def plan_cut(
    text: str, *, max_tokens: int, counter: TokenCounter, must_stay_json: bool = False, handle: str = ""
) -> Cut:
    """The cut that keeps the most of a `text` which has more than `max_tokens`. More tokens never keep less.

    JSON that would keep nothing becomes head and tail, unless it `must_stay_json` (the arguments of a call).
    """
    marks = _marks(text, handle)

    def fits(shortened: str) -> bool:
        return counter.text(shortened) <= max_tokens

    value = _container(text)
    if value is not None:
        keep = largest(lambda keep: fits(_dump(_short_json(value, keep, marks))), limit=len(text))
        if keep > 0 or must_stay_json:
            return Cut(shape="json", keep=max(keep, 0))
    return Cut(shape="text", keep=largest(lambda keep: fits(_ends(text, keep, marks)), limit=len(text)))


def apply_cut(text: str, cut: Cut, *, handle: str = "") -> str:
    """What is left of `text`: the same for the same arguments, always."""
    if cut.keep < 0:
        return ""
    marks = _marks(text, handle)
    value = _container(text) if cut.shape == "json" else None
    return _ends(text, cut.keep, marks) if value is None else _dump(_short_json(value, cut.keep, marks))


def largest(fits: Callable[[int], bool], *, limit: int) -> int:
    """The largest number up to `limit` that fits, or -1 if 0 does not. Looks at small numbers first.

    Where `fits` is not quite monotone (a longer text may have fewer tokens) the answer fits, but need not be the
    largest. Even then a `fits` that allows more never gets a smaller answer: the search asks the same questions until
    one is answered differently, and from there on stays above.
    """
    low, high = -1, 0
    while high <= limit and fits(high):
        low, high = high, max(1, 2 * high)
    high = min(high, limit + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


@dataclass(frozen=True, kw_only=True)
class _Marks:
    """What the markers say besides sizes: `of` an extract, if the text is one already, and where all of it is read."""

    of: str
    handle: str


def _marks(text: str, handle: str) -> _Marks:
    return _Marks(of=" of an extract" if is_extract(text, handle) else "", handle=handle)


def _one_line(name: str) -> str:
    return " ".join(name.split())[:64] or "the tool"


def _ends(text: str, keep: int, marks: _Marks) -> str:
    """Two thirds of `keep` from the beginning, one third from the end. A marker may have more characters than what it
    stands for, and yet fewer tokens: emoji take several each."""
    if keep >= len(text):
        return text
    tail = keep // 3
    reads = f"; recall {marks.handle} reads all of it" if marks.handle else ""
    marker = f"\n[... {len(text) - keep:,} characters{marks.of} left out{reads} ...]\n"
    return text[: keep - tail] + marker + text[len(text) - tail :]


def _shorter(text: str, keep: int, marks: _Marks) -> str:
    """Its ends, unless the text itself is no longer than they are."""
    ends = _ends(text, keep, marks)
    return ends if len(ends) < len(text) else text


def _container(text: str) -> dict[str, Any] | list[Any] | None:
    """The JSON object or array that `text` is; None for anything else, however deep or odd."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value: dict[str, Any] | list[Any] = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def _short_json(value: dict[str, Any] | list[Any], keep: int, marks: _Marks) -> dict[str, Any] | list[Any]:
    """The pruned value; where anything went, its last item or field says how all of it is read."""
    pruned: dict[str, Any] | list[Any] = _pruned(value, keep, of=marks.of)
    if not marks.handle or pruned == value:
        return pruned
    reads = f"recall {marks.handle} reads all of it"
    return [*pruned, f"[shortened] {reads}"] if isinstance(pruned, list) else {**pruned, "[shortened]": reads}


def _pruned(value: Any, keep: int, *, of: str, depth: int = 0) -> Any:
    if isinstance(value, str):
        return _shorter(value, 10 * keep, _Marks(of=of, handle=""))
    if depth == _DEEPEST:
        keep = 0
    if isinstance(value, list):
        return _pruned_list(value, keep, of=of, depth=depth)
    if isinstance(value, dict):
        return _pruned_object(value, keep, of=of, depth=depth)
    return value


def _pruned_list(items: list[Any], keep: int, *, of: str, depth: int) -> list[Any]:
    kept = [_pruned(item, keep, of=of, depth=depth + 1) for item in items[: -(-keep // 4)]]
    missing = len(items) - len(kept)
    return [*kept, f"... {missing:,} of {len(items):,} items{of} left out"] if missing else kept


def _pruned_object(fields: Mapping[str, Any], keep: int, *, of: str, depth: int) -> dict[str, Any]:
    kept = {name: _pruned(value, keep, of=of, depth=depth + 1) for name, value in islice(fields.items(), 2 * keep)}
    missing = len(fields) - len(kept)
    return {**kept, "...": f"{missing:,} of {len(fields):,} fields{of} left out"} if missing else kept


def _dump(value: Any) -> str:
    """Compact, in plain characters; escaped only where it holds half a surrogate pair, which no wire can carry."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text
