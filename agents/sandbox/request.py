"""What a request asked for, whichever wire it came on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from agents.llm.messages import Message, ToolSpec
from agents.sandbox.models import Effort, ServedModel
from agents.sandbox.prompt_cache import CachePlan, CacheUse

WireName = Literal["messages", "chat_completions", "responses"]


@dataclass(frozen=True, kw_only=True)
class SandboxRequest:
    """A request that has passed its wire's validation.

    `messages` is in the order of the wire; a user message that carries tool results and texts becomes a message for the
    results and one for each text. `may_call` is False where the client forbids tools, `one_call` True where it wants
    one at a time; `must_call` names the tool that it forces, "" being any tool and None no force. `max_tokens` caps the
    reply, `cap` is what the client named for it, None where it named nothing; `input_tokens` is what the sandbox
    counted; all in tokens. `body` is the parsed JSON body.

    `effort` is how hard the model is to think, "none" not at all; `most_thought` bounds its thinking, in tokens.
    `shows_thought`: the client sees its words or a summary of them. `cache_plan` is what it would read from the
    prompt cache and write to it, `cached` what it did.
    """

    wire: WireName
    model: ServedModel
    instructions: str
    messages: tuple[Message, ...]
    max_tokens: int
    input_tokens: int
    body: Mapping[str, Any]
    tools: tuple[ToolSpec, ...] = ()
    may_call: bool = True
    one_call: bool = False
    must_call: str | None = None
    cap: int | None = None
    stop: tuple[str, ...] = ()
    stream: bool = False
    include_usage: bool = True
    effort: Effort = "none"
    most_thought: int | None = None
    shows_thought: bool = False
    cache_plan: CachePlan = field(default_factory=CachePlan)
    cached: CacheUse = field(default_factory=CacheUse)

    @property
    def callable_tools(self) -> tuple[ToolSpec, ...]:
        """The tools that the reply may call."""
        return self.tools if self.may_call else ()

    @property
    def asking_index(self) -> int | None:
        """Where in `messages` the newest text of the user stands; None if there is no text of the user."""
        places = [n for n, message in enumerate(self.messages) if message.role == "user" and message.text]
        return places[-1] if places else None

    @property
    def asking_text(self) -> str:
        index = self.asking_index
        return "" if index is None else self.messages[index].text

    @property
    def since_asked(self) -> tuple[Message, ...]:
        """What came after the newest text of the user: tool calls and their results."""
        index = self.asking_index
        return self.messages if index is None else self.messages[index + 1 :]
