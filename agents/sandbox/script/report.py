"""What a comparison reports: what disagrees first, then the evidence with its sources, then what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from agents.sandbox.script.collected import Collected, Pages, Result
from agents.sandbox.script.comparisons import Comparison, Shelf
from agents.sandbox.script.disagreements import CLASSES, IN_FIELDS, Disagreement, counts_of, disagreements
from agents.sandbox.script.verdict import PLAYED, listed

_ROWS_SHOWN = 20
"""Of each class."""


def report_text(collected: Collected, *, comparison: Comparison, is_cut_short: bool) -> str:
    """`is_cut_short`: no more calls are allowed, so that some steps are missing."""
    found = disagreements(collected.summary, collected.details)
    parts = [
        f"**Finding**: {_finding(collected, comparison)}{_worst(found, comparison)}",
        _classes(collected.summary, comparison),
        _evidence(collected, comparison, found),
        listed("Inference", _inferences(found, comparison)),
        listed("Not compared", _open_points(collected, comparison, is_cut_short=is_cut_short)),
        listed("Next steps", _next_steps(found, comparison)),
        PLAYED,
    ]
    return "\n\n".join(filter(None, parts))


def _finding(collected: Collected, comparison: Comparison) -> str:
    names = f"`{comparison.left.name}` and `{comparison.right.name}`"
    summary = collected.summary
    if not summary:
        return f"{names} could not be compared, so I can say nothing about them."
    entities, agreeing = int(summary.get("entities") or 0), int(summary.get("agreeing") or 0)
    by = " and ".join(f"`{key}`" for key in comparison.arguments["keys"])
    rate = f"match rate {summary.get('match_rate_percent')} %, joined by {by}"
    if not any(counts_of(summary).values()):
        return f"{names} agree: all {entities} entities are the same on both sides ({rate})."
    return f"{entities - agreeing} of {entities} entities of {names} disagree ({rate})."


def _worst(found: Sequence[Disagreement], comparison: Comparison) -> str:
    """The worst one of the first class that there is."""
    if not found:
        return ""
    one = found[0]
    if not one.field:
        return f" The worst: `{one.key}` is {_class_name(one.kind, comparison)}."
    sides = f"`{one.left}` in `{comparison.left.name}` and `{one.right}` in `{comparison.right.name}`"
    return f" The worst: `{one.key}` has {sides} ({one.field})."


def _classes(summary: Result, comparison: Comparison) -> str:
    counts = counts_of(summary)
    lines = [f"- {_class_name(kind, comparison)}: {counts[kind]}{_by_field(kind, summary)}" for kind in CLASSES]
    return "\n".join(lines) if any(counts.values()) else ""


def _by_field(kind: str, summary: Result) -> str:
    """In which fields the values differ; a record may differ in several."""
    if kind != "value" or not counts_of(summary)["value"]:
        return ""
    told = [one for one in summary.get("fields") or () if isinstance(one, dict) and one.get("differing")]
    names = ", ".join(f"`{one.get('field')}` in {one['differing']}" for one in told)
    return f" ({names})" if names else ""


def _class_name(kind: str, comparison: Comparison) -> str:
    side = {"missing_on_left": comparison.left, "missing_on_right": comparison.right}.get(kind)
    return f"missing in `{side.name}`" if side else {"timing": "timing (one side is older)"}.get(kind, kind)


def _evidence(collected: Collected, comparison: Comparison, found: Sequence[Disagreement]) -> str:
    if not collected.summary:
        return ""
    sources = "\n".join(
        f"- `{shelf.name}`: {_rows(collected.summary, side)} rows, `GET {shelf.path}` of {shelf.source} "
        f"({_handles(pages)})"
        for side, shelf, pages in (
            ("left", comparison.left, collected.left),
            ("right", comparison.right, collected.right),
        )
    )
    whole = f"- the comparison, over all of these rows: `correlate` (result {collected.handle})"
    return "\n\n".join(filter(None, (f"**Evidence**:\n\n{sources}\n{whole}", _table(collected, comparison, found))))


def _rows(summary: Result, side: str) -> object:
    told = summary.get(side)
    return told.get("rows", "?") if isinstance(told, dict) else "?"


def _handles(pages: Pages) -> str:
    return f"result{'s' if len(pages.handles) > 1 else ''} {', '.join(pages.handles)}"


def _table(collected: Collected, comparison: Comparison, found: Sequence[Disagreement]) -> str:
    """The worst of each class first."""
    rows: list[str] = []
    for kind, group in groupby(found, key=lambda one: one.kind):
        ones = list(group)
        name = _class_name(kind, comparison)
        rows += [f"| {name} | {_cells(one)} |" for one in ones[:_ROWS_SHOWN]]
        keys = len({one.key for one in ones[:_ROWS_SHOWN]})
        if (more := counts_of(collected.summary)[kind] - keys) > 0:
            rows.append(f"| {name} | {more} more: recall {collected.handle}, `{kind}` | | | |")
    head = f"| class | key | field | {comparison.left.name} | {comparison.right.name} |\n|---|---|---|---|---|"
    return "\n".join((head, *rows)) if rows else ""


def _cells(one: Disagreement) -> str:
    cells = (one.key, one.field, one.left, one.right)
    return " | ".join(f"`{cell}`" if cell else "" for cell in cells)


def _inferences(found: Sequence[Disagreement], comparison: Comparison) -> Iterator[str]:
    """Likely causes of what differs in the same way more than once."""
    words = Counter((one.field, one.left, one.right) for one in found if one.kind in IN_FIELDS and _are_words(one))
    for (field, left, right), count in words.items():
        yield (
            f"`{field}` is `{left}` in `{comparison.left.name}` and `{right}` in `{comparison.right.name}` {count} "
            "times: one side has most likely not caught up (stale)"
        )
    for one in found:
        if one.kind == "duplicate":
            yield f"`{one.key}` is there more than once: most likely written again after a time-out"


def _are_words(one: Disagreement) -> bool:
    return not any(character.isdigit() for character in one.left + one.right)


def _open_points(collected: Collected, comparison: Comparison, *, is_cut_short: bool) -> Iterator[str]:
    for shelf, pages in ((comparison.left, collected.left), (comparison.right, collected.right)):
        if pages.fault:
            yield _unread(shelf, pages)
    if collected.fault:
        yield f"`correlate` did not compare them: {collected.fault}"
    for side, shelf in (("left", comparison.left), ("right", comparison.right)):
        told = collected.summary.get(side)
        if isinstance(told, dict) and told.get("without_key"):
            yield f"{told['without_key']} records of `{shelf.name}` without a key"
    if is_cut_short:
        yield "I reached the last step: not everything was read"


def _unread(shelf: Shelf, pages: Pages) -> str:
    had = f"after {len(pages.handles)} of its pages, " if pages.handles else ""
    return f"`{shelf.name}` of {shelf.source} could not be read: {had}{pages.fault}"


def _next_steps(found: Sequence[Disagreement], comparison: Comparison) -> Iterator[str]:
    left, right = comparison.left.name, comparison.right.name
    worst = {kind: next(group).key for kind, group in groupby(found, key=lambda one: one.kind)}
    steps = {
        "value": f"find out for `{{key}}` first which of `{left}` and `{right}` is right, then for the others",
        "timing": "compare again later: what was only late agrees then, beginning with `{key}`",
        "missing_on_right": f"look in the log of `{right}` for what became of `{{key}}` and the others",
        "missing_on_left": f"find out where `{{key}}` in `{right}` comes from",
        "duplicate": "see whether `{key}` took effect twice before anything is undone",
    }
    for kind in CLASSES:
        if kind in worst:
            yield steps[kind].format(key=worst[kind])
