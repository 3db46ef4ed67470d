"""A request to a source as a model asked for it, and as it is shown to whoever must allow it: exactly what is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx2

from agents.llm.errors import ToolFailed
from agents.sources.allowed import METHODS, READING, WITH_BODY
from agents.sources.source import Source

_SANDBOX = "http://sandbox"
"""Stands for the company that this process serves to itself."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """`path` has no query. `body` is the very text that is sent, "" for none."""

    source: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def only_reads(self) -> bool:
        return self.method in READING


def asked(
    *, source: str, path: str, query: Mapping[str, Any], method: str, body: Mapping[str, Any] | None = None
) -> Asked:
    """ToolFailed for what is no request."""
    name = method.upper()
    if name not in METHODS:
        raise ToolFailed(f"there is no method {method!r}")
    if body is not None and name not in WITH_BODY:
        raise ToolFailed(f"{name} takes no body")
    bare, mark, written = path.partition("?")
    pairs = dict(parse_qsl(written, keep_blank_values=True)) if mark else {}
    pairs |= {key: _text(value) for key, value in query.items()}
    text = "" if body is None else json.dumps(dict(body), indent=2, ensure_ascii=False)
    return Asked(source=source, method=name, path=bare, query=pairs, body=text)


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value)
    raise ToolFailed("a query has texts and numbers, no lists or objects")


def url_of(source: Source, asked: Asked, /) -> httpx2.URL:
    """httpx2.InvalidURL for what is none."""
    url = httpx2.URL((source.base_url or _SANDBOX) + asked.path)
    return url.copy_merge_params(dict(asked.query)) if asked.query else url


def shown(source: Source, asked: Asked, /) -> str:
    """The method, the whole address and the body, in lines; never what signs the request. ToolFailed for an address
    that is none."""
    try:
        line = f"{asked.method} {url_of(source, asked)}"
    except httpx2.InvalidURL as error:
        raise ToolFailed(f"{asked.path[:200]!r} cannot be called: {error}") from None
    return f"{line}\nContent-Type: application/json\n\n{asked.body}" if asked.body else line
