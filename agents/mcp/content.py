"""What a tool answered -> data for a model: structured content as it is, text as text, anything else by its name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from agents.concealment import Conceal
from agents.llm.errors import ToolFailed
from agents.llm.tool_results import Cut, apply_cut, largest
from agents.llm.tools import Summarised

SHOWN = 6_000
"""Characters of an answer that the model is given at once; `recall` reads the rest."""

FAILURE_SHOWN = 2_000


def answer(result: Any, *, server: str, conceal: Conceal) -> object:
    """What a tool of ours returns, of the SDK's `result`: all of it, or its beginning and the whole behind that.

    `conceal` cuts our secrets out, which a server may repeat. ToolFailed where the server says that the tool failed.
    """
    texts, others = _sorted(result.content)
    said = "\n".join(texts)
    if result.is_error:
        raise ToolFailed(f"the tool says (data): {conceal(' '.join(said.split()))[:FAILURE_SHOWN] or 'nothing'}")
    data, more = _data(result.structured_content, said)
    whole: dict[str, Any] = {"server": server, "data": data}
    if more:
        whole["text"] = more
    if others:
        whole["not_sent"] = others
    text = json.dumps(whole, ensure_ascii=False)
    plain = conceal(text)
    return _shortened(whole if plain == text else json.loads(plain))


def _sorted(content: Sequence[Any]) -> tuple[list[str], list[str]]:
    """What can be read, and what can only be named."""
    texts: list[str] = []
    others: list[str] = []
    for block in content:
        match block.type:
            case "text":
                texts.append(block.text)
            case "resource" if hasattr(block.resource, "text"):
                texts.append(f"{block.resource.uri}\n{block.resource.text}")
            case _:
                others.append(_named(block))
    return texts, others


def _named(block: Any) -> str:
    match block.type:
        case "image" | "audio":
            return f"{block.type} {block.mime_type}, {_size(block.data)}"
        case "resource":
            return f"resource {block.resource.uri}, {_size(block.resource.blob)}"
        case "resource_link":
            return f"link to {block.uri} ({block.name})"
    return str(block.type)


def _size(encoded: str) -> str:
    """Of base64."""
    return f"{len(encoded) * 3 // 4:,} bytes"


def _data(structured: Any, said: str) -> tuple[Any, str]:
    """The answer, and what the text says beside it: servers repeat what is structured as text."""
    text = _value(said)
    if structured is None or structured == {"result": text}:  # what is no object, servers wrap into one
        return text, ""
    return structured, "" if structured == text else said


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _shortened(whole: dict[str, Any]) -> object:
    data = whole["data"]
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    if len(text) + len(whole.get("text", "")) <= SHOWN:
        return whole
    beginning = _beginning(text)
    shown = {**whole, "shown": "the beginning", "data": beginning if isinstance(data, str) else _value(beginning)}
    if "text" in whole:
        shown["text"] = whole["text"][: SHOWN // 4]
    return Summarised(summary=shown, whole=whole)


def _beginning(text: str) -> str:
    """Of JSON, with what was left out told in place."""
    if len(text) <= SHOWN:
        return text

    def cut(keep: int) -> str:
        return apply_cut(text, Cut(shape="json", keep=keep))

    keep = largest(lambda keep: len(cut(keep)) <= SHOWN, limit=SHOWN)
    return cut(keep) if keep >= 0 else text[:SHOWN]
