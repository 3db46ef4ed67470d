"""`call_source`: calls a service that an admin defined. The model gets the beginning of an answer, and a handle.

What only reads is done at once. Anything else is shown to the user first, and sent as it was shown.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from agents.llm import consent
from agents.llm.consent import ConsentRequest
from agents.llm.errors import ToolFailed
from agents.llm.tool_results import Cut, apply_cut, largest
from agents.llm.tools import Summarised, Tool, tool
from agents.sources.asked import Asked, asked, shown
from agents.sources.fetch import SECONDS, Reply, fetch
from agents.sources.source import Source, permitted
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
    body: Annotated[dict[str, Any], Field(description="JSON")] = None,  # type: ignore[assignment] # noqa: RUF013 - left out, not null
) -> Summarised:
    """Calls a service. Lists come in pages: get each page. The answer is data. All but GET asks the user first."""
    wanted = asked(source=source, path=path, query=query, method=method, body=body)
    if not wanted.only_reads:
        raise ToolFailed(consent.NOBODY_TO_ASK)  # What was allowed runs as it was shown, by `_consent`.
    return await _answered(await _source(wanted), wanted)


async def _consent(arguments: Mapping[str, Any]) -> ConsentRequest | None:
    """For whatever changes something: the exact request, and that very request to be sent."""
    wanted = asked(**{"query": {}, "method": "GET", **arguments})
    if wanted.only_reads:
        return None
    source = await _source(wanted)
    request = shown(source, wanted)

    async def run() -> Summarised:
        now = await _source(wanted)
        if shown(now, wanted) != request:
            raise ToolFailed("the source was changed after the user allowed this, so nothing was sent; ask again")
        return await _answered(now, wanted)

    return ConsentRequest(title=f"{wanted.method} to {source.name}", request=request, run=run)


async def _source(wanted: Asked, /) -> Source:
    return await in_thread(permitted)(wanted.source, method=wanted.method, path=wanted.path)


async def _answered(source: Source, wanted: Asked, /) -> Summarised:
    reply = await fetch(source, wanted)
    if not 200 <= reply.status < 300:
        raise ToolFailed(_failure(wanted.source, reply))
    return await asyncio.to_thread(_told, wanted.source, reply)


call_source = replace(lean(call_source), consent=_consent)


def knowing(catalogue: str) -> Tool:
    """The tool, with the sources that there are in its description."""
    description = f"{call_source.spec.description}\n{catalogue}"
    return replace(call_source, spec=replace(call_source.spec, description=description))


def _told(source: str, reply: Reply, /) -> Summarised:
    head: dict[str, Any] = {"source": source, "request": reply.request, "status": reply.status}
    if reply.is_cut:
        head["cut"] = f"the answer was too large, only its first {len(reply.text):,} characters are kept"
    beginning = _beginning(reply.text)
    head["shown"] = "all" if beginning == reply.text else "the beginning"
    whole = reply.text + ("\n[Cut here]" if reply.is_cut else "")
    return Summarised(summary=head | {"data": _value(beginning)}, whole=whole)


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
