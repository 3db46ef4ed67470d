"""The output of a response: items that grow act by act, and the events that tell it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agents.llm.events import TextDelta, ToolCallDelta
from agents.sandbox.accounting import count_tokens
from agents.sandbox.performance import Act, ThoughtDelta, ThoughtEnded
from agents.sandbox.request import SandboxRequest
from agents.sandbox.sealing import Seal, digest, write_seal
from agents.sandbox.wire.responses.rules import ENCRYPTED

Event = dict[str, Any]


class Output:
    """`items` are what was said so far, the last one maybe still open. Events come without their sequence number."""

    def __init__(self, request: SandboxRequest, *, reply_id: str) -> None:
        self.items: list[dict[str, Any]] = []
        self._request = request
        self._reply_id = reply_id
        self._open = False
        self._thought = ""
        self._sealed = ENCRYPTED in (request.body.get("include") or ())

    def take(self, act: Act) -> Iterator[Event]:
        """The events of a piece of the reply; none for an act that is no piece."""
        match act:
            case TextDelta():
                yield from self._say(act.text)
            case ThoughtDelta():
                yield from self._think(act.text)
            case ThoughtEnded():
                yield from self.close(complete=True)
            case ToolCallDelta():
                yield from self._call(act)

    def close(self, *, complete: bool) -> Iterator[Event]:
        """Ends the open item, if there is one; `complete` tells whether all of it was said."""
        if not self._open:
            return
        self._open = False
        item = self.items[-1]
        match item["type"]:
            case "message":
                yield from self._message_ends(item)
            case "reasoning":
                yield from self._thought_ends(item, complete=complete)
            case "function_call":
                yield self._event("response.function_call_arguments.done", arguments=item["arguments"])
        if item["type"] != "reasoning":
            item["status"] = "completed" if complete else "incomplete"
        yield {"type": "response.output_item.done", "output_index": len(self.items) - 1, "item": item}

    def _say(self, text: str) -> Iterator[Event]:
        if not self._is_open("message"):
            start = {"type": "message", "status": "in_progress", "role": "assistant", "content": []}
            yield from self._opens({"id": f"msg_{self._suffix()}", **start})
            part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            yield self._event("response.content_part.added", content_index=0, part=dict(part))
            self.items[-1]["content"] = [part]
        self.items[-1]["content"][0]["text"] += text
        yield self._event("response.output_text.delta", content_index=0, delta=text, logprobs=[])

    def _message_ends(self, item: dict[str, Any]) -> Iterator[Event]:
        part = item["content"][0]
        yield self._event("response.output_text.done", content_index=0, text=part["text"], logprobs=[])
        yield self._event("response.content_part.done", content_index=0, part=part)

    def _think(self, text: str) -> Iterator[Event]:
        """A thought shows nothing but a summary, and that only where it was asked for."""
        shown = self._request.shows_thought
        if not self._is_open("reasoning"):
            self._thought = ""
            yield from self._opens({"id": f"rs_{self._suffix()}", "type": "reasoning", "summary": []})
            if shown:
                part = {"type": "summary_text", "text": ""}
                yield self._event("response.reasoning_summary_part.added", summary_index=0, part=dict(part))
                self.items[-1]["summary"] = [part]
        self._thought += text
        if shown:
            self.items[-1]["summary"][0]["text"] += text
            yield self._event("response.reasoning_summary_text.delta", summary_index=0, delta=text)

    def _thought_ends(self, item: dict[str, Any], *, complete: bool) -> Iterator[Event]:
        if item["summary"]:
            part = item["summary"][0]
            yield self._event("response.reasoning_summary_text.done", summary_index=0, text=part["text"])
            yield self._event("response.reasoning_summary_part.done", summary_index=0, part=part)
        if self._sealed and complete:
            tokens = count_tokens(self._thought)
            seal = Seal(model=self._request.model.id, tokens=tokens, thought=digest(self._thought))
            item["encrypted_content"] = write_seal(seal)

    def _call(self, act: ToolCallDelta) -> Iterator[Event]:
        if act.id:
            start = {"type": "function_call", "status": "in_progress", "name": act.name, "arguments": ""}
            yield from self._opens({"id": f"fc_{self._suffix()}", "call_id": "call_" + act.id, **start})
        if act.arguments:
            self.items[-1]["arguments"] += act.arguments
            yield self._event("response.function_call_arguments.delta", delta=act.arguments)

    def _opens(self, item: dict[str, Any]) -> Iterator[Event]:
        yield from self.close(complete=True)
        self.items.append(item)
        self._open = True
        yield {"type": "response.output_item.added", "output_index": len(self.items) - 1, "item": dict(item)}

    def _is_open(self, kind: str) -> bool:
        return self._open and bool(self.items[-1]["type"] == kind)

    def _suffix(self) -> str:
        """Makes the ids of a response's items differ."""
        return f"{self._reply_id}{len(self.items):02}"

    def _event(self, event: str, **data: Any) -> Event:
        return {"type": event, "item_id": self.items[-1]["id"], "output_index": len(self.items) - 1, **data}
