"""Does a source answer? One GET, of its first operation or of the first path that may be read, as an agent makes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.llm.errors import ToolFailed
from agents.models import HttpSource
from agents.sources.allowed import path_fault, patterns_of
from agents.sources.asked import Asked, url_of
from agents.sources.fetch import fetch
from agents.sources.source import Source, source_of
from agents.threads import in_thread

SHOWN = 300
"""Characters of the answer."""

_OPERATION = re.compile(r"GET\s+(/[^\s?:]*)")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What was asked and what came of it, without a secret. `detail` is for admins alone."""

    address: str
    works: bool
    said: str
    detail: str = ""
    beginning: str = ""


def path_to_try(row: HttpSource, /) -> str:
    """ "" is the base URL itself, where nothing tells a path."""
    told = _OPERATION.findall(row.operations)
    plain = [pattern for pattern in patterns_of(row.allowed_paths) if "*" not in pattern]
    return next((path for path in (*told, *plain) if not path_fault(path) and "{" not in path), "")


async def try_source(row: HttpSource, /) -> Trial:
    """Also of one that is switched off. Takes at most as long as a call."""
    asked = Asked(source=row.slug, method="GET", path=path_to_try(row))
    address = f"{row.base_url.rstrip('/')}{asked.path}" or "the sandbox's company"
    try:
        source = await in_thread(source_of)(row)
        return await _try(source, asked)
    except ToolFailed as failure:
        said = f"{failure.message[:1].upper()}{failure.message[1:]}."
        return Trial(address=address, works=False, said=said, detail=failure.detail)


async def _try(source: Source, asked: Asked, /) -> Trial:
    reply = await fetch(source, asked)
    works = 200 <= reply.status < 300
    kind = f" with {reply.kind}" if reply.kind else ""
    size = f"{len(reply.text):,} characters{', more were cut off' if reply.is_cut else ''}"
    return Trial(
        address=str(url_of(source, asked)),
        works=works,
        said=f"It answered with the status {reply.status}{kind}, {size}.",
        beginning=reply.text[:SHOWN],
    )
