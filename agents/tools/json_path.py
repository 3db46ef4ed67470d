"""`rows[3].name`: one value in a JSON text, and a container as lines that can be sliced."""

from __future__ import annotations

import json
import re
from typing import Any

from agents.llm.errors import ToolFailed

_STEP = re.compile(
    r"""\.?(?P<name>[^.\[\]"']+)|\[(?P<index>-?\d{1,9})\]|\[(?P<quote>["'])(?P<quoted>.*?)(?P=quote)\]"""
)
_NAMES_TOLD = 20


def read_json(text: str) -> Any:
    """The object or list that `text` is; None where it is neither."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def value_at(value: Any, path: str) -> Any:
    """What `path` leads to. ToolFailed, with what is there instead."""
    rest, gone = path.strip().removeprefix("$"), "$"
    while rest:
        step = _STEP.match(rest)
        if step is None:
            raise ToolFailed(f"{path!r} is no path: write names and numbers, such as rows[3].name")
        key: int | str = int(step["index"]) if step["index"] is not None else step["name"] or step["quoted"] or ""
        value = _step_into(value, key, at=gone)
        gone += step[0]
        rest = rest[step.end() :]
    return value


def _step_into(value: Any, key: int | str, *, at: str) -> Any:
    if isinstance(value, list) and isinstance(key, int):
        if -len(value) <= key < len(value):
            return value[key]
        raise ToolFailed(f"{at} has {len(value):,} items, so there is no item {key}")
    if isinstance(value, dict):
        if str(key) in value:
            return value[str(key)]
        names = ", ".join(list(value)[:_NAMES_TOLD])
        more = f", and {len(value) - _NAMES_TOLD:,} more" if len(value) > _NAMES_TOLD else ""
        raise ToolFailed(f"{at} has no field {str(key)!r}; it has: {names}{more}")
    raise ToolFailed(f"{at} is {_kind(value)}, so {key!r} leads nowhere")


def as_lines(value: Any) -> list[str]:
    """A container has a line for each item, a text its own lines, anything else one."""
    if isinstance(value, list):
        return [f"[{index}] {_compact(item)}" for index, item in enumerate(value)]
    if isinstance(value, dict):
        return [f"{name}: {_compact(item)}" for name, item in value.items()]
    return value.splitlines() if isinstance(value, str) else [_compact(value)]


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _kind(value: Any) -> str:
    names = {list: "a list", dict: "an object", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
