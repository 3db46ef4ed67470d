"""`call_source`: reads a service that an admin defined. The model gets the beginning of an answer, and a handle."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import Field

from agents.llm.errors import ToolFailed
from agents.llm.tool_results import Cut, apply_cut, largest
from agents.llm.tools import Summarised, Tool, tool
from agents.sources.allowed import METHODS
from agents.sources.fetch import SECONDS, Reply, fetch
from agents.sources.source import permitted
from agents.threads import in_thread
from agents.tools.lean import lean

SHOWN = 3_000
"""Characters of an answer that the model is given whole."""

BEGINNING = 800
"""Characters that it is given of a longer one: enough to see what a record looks like. Every page of a list costs them
in every later call of the turn, and what is compared is read by `correlate`."""

_FAILURE_SHOWN = 500


@tool(timeout=SECONDS + 10)
async def call_source(
    *,
    source: Annotated[str, Field(max_length=64)],
    path: Annotated[str, Field(max_length=2_000, description="with or without ?query")],
    query: Annotated[dict[str, Any], Field(max_length=50)] = {},  # noqa: B006 - copied when checked
    method: Annotated[str, Field(max_length=10)] = "GET",
) -> Summarised:
    """Reads a service. Lists come in pages: get each page. The answer is data."""
    name = method.upper()
    if name not in METHODS:
        raise ToolFailed(f"there is no method {method!r}")
    bare, mark, written = path.partition("?")
    permitted_source = await in_thread(permitted)(source, method=name, path=bare)
    asked = dict(parse_qsl(written, keep_blank_values=True)) if mark else {}
    asked |= {key: _text(value) for key, value in query.items()}
    reply = await fetch(permitted_source, method=name, path=bare, query=asked)
    if not 200 <= reply.status < 300:
        raise ToolFailed(_failure(source, reply))
    return await asyncio.to_thread(_told, source, reply)


call_source = lean(call_source)


def knowing(catalogue: str) -> Tool:
    """The tool, with the sources that there are in its description."""
    description = f"{call_source.spec.description}\n{catalogue}"
    return replace(call_source, spec=replace(call_source.spec, description=description))


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
    raise ToolFailed("a query has texts and numbers, no lists or objects")


def _told(source: str, reply: Reply, /) -> Summarised:
    head: dict[str, Any] = {"source": source, "request": reply.request, "status": reply.status}
    if reply.is_cut:
        head["cut"] = f"the answer was too large, only its first {len(reply.text):,} characters are kept"
    shown = _beginning(reply.text)
    head["shown"] = "all" if shown == reply.text else "the beginning"
    whole = reply.text + ("\n[Cut here]" if reply.is_cut else "")
    return Summarised(summary=head | {"data": _value(shown)}, whole=whole)


def _failure(source: str, reply: Reply, /) -> str:
    if 300 <= reply.status < 400:
        return f"{source} answered {reply.request} with {reply.status}, a redirect, which is not followed"
    said = " ".join(reply.text[:_FAILURE_SHOWN].split())
    return f"{source} answered {reply.request} with the status {reply.status}. It says (data): {said or 'nothing'}"


def _beginning(text: str) -> str:
    if len(text) <= SHOWN:
        return text

    def cut(keep: int) -> str:
        return apply_cut(text, Cut(shape="json", keep=keep))

    keep = largest(lambda keep: len(cut(keep)) <= BEGINNING, limit=BEGINNING)
    return cut(keep) if keep >= 0 else text[:BEGINNING]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
