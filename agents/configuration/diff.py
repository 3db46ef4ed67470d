"""A plan as lines to read: what is new, what changes from what to what. Holds no secret, and no control character."""

from __future__ import annotations

import json

from agents.configuration.changes import Change, Plan


def told(plan: Plan) -> list[str]:
    return [*(line for change in plan.changes for line in _lines(change)), _summary(plan)]


def _lines(change: Change) -> list[str]:
    head = f"{'+' if change.created else '~'} {change.label}"
    if change.created:
        return [head, *(f"    {name}: {_shown(new)}" for name, (_, new) in change.differences.items())]
    return [head, *(f"    {name}: {_shown(old)} -> {_shown(new)}" for name, (old, new) in change.differences.items())]


def _shown(value: object) -> str:
    return "-" if value is None else json.dumps(value, ensure_ascii=False)


def _summary(plan: Plan) -> str:
    created = sum(change.created for change in plan.changes)
    return f"{created} new, {len(plan.changes) - created} changed, {plan.same} as before."
