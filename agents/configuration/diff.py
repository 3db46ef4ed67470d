"""A plan as lines to read: what is new, what changes from what to what. Holds no secret, and no control character."""

from __future__ import annotations

import json
from collections.abc import Iterator

from agents.configuration.changes import Change, Plan
from agents.line_changes import line_changes


def told(plan: Plan) -> list[str]:
    return [*(line for change in plan.changes for line in _lines(change)), _summary(plan)]


def _lines(change: Change) -> list[str]:
    told = [f"{'+' if change.created else '~'} {change.label}"]
    for name, (old, new) in change.differences.items():
        if _is_long(old) or _is_long(new):
            told += [f"    {name}:", *_line_by_line(old, new)]
        else:
            told.append(f"    {name}: " + ("" if change.created else f"{_shown(old)} -> ") + _shown(new))
    return told


def _is_long(value: object) -> bool:
    return isinstance(value, str) and "\n" in value


def _line_by_line(old: object, new: object) -> Iterator[str]:
    signs = {"gone": "-", "new": "+"}
    changed = [line for line in line_changes(str(old or ""), str(new or "")) if line.kind != "same"]
    return (f"      {signs[line.kind]} {_shown(line.text)}" for line in changed)


def _shown(value: object) -> str:
    return "-" if value is None else json.dumps(value, ensure_ascii=False)


def _summary(plan: Plan) -> str:
    created = sum(change.created for change in plan.changes)
    return f"{created} new, {len(plan.changes) - created} changed, {plan.same} as before."
