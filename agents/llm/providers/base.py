"""The seam that every provider stands behind: `ChatModel.stream(ModelRequest) -> events`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from agents.llm.capabilities import CONSERVATIVE, Capabilities, Effort
from agents.llm.events import CallRefitted, ModelEvent
from agents.llm.messages import Message, ToolSpec

ToolChoice = Literal["auto", "none"]


@dataclass(frozen=True, kw_only=True)
class BlockCounts:
    """The counted size of one request in tokens, part by part; what was rounded up per message adds up exactly.

    `messages` runs parallel to `ModelRequest.messages`.
    """

    instructions: int
    tools: int
    overhead: int
    messages: tuple[int, ...]

    @property
    def total(self) -> int:
        return self.instructions + self.tools + self.overhead + sum(self.messages)


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """One model call, ready to be mapped to a wire.

    `call_id` names the call in the ledger (a UUID); it is never sent. `max_output_tokens` caps the reply (tokens), and
    may be lowered to fit a pool, but not below `least_reply`. `temperature` and `effort` None mean: do not send it;
    what the model cannot take has been taken out before. `capabilities` are the model's. Reasoning parts in `messages`
    are sent back to the model that wrote them: whoever builds the request leaves out what it may no longer see.
    `cache_key` names the conversation branch whose prefix a provider may have cached. `input_limit` is the most input
    tokens that it may ever carry, 0 if nobody says; `goes_on`: it goes on with an answer that was cut.
    `refit(max_input, cold)` builds a smaller request of at most `max_input` input tokens, for a governor that cannot
    admit this one; `cold` says that the cached prefix has expired anyway. It raises `errors.ContextImpossible` where
    nothing smaller can be sent.
    """

    model: str
    call_id: str = ""
    instructions: str
    messages: tuple[Message, ...]
    counts: BlockCounts
    max_output_tokens: int
    temperature: float | None = None
    effort: Effort | None = None
    capabilities: Capabilities = CONSERVATIVE
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: ToolChoice = "auto"
    cache_key: str = ""
    input_limit: int = 0
    least_reply: int = 0
    goes_on: bool = False
    refit: Callable[[int, bool], ModelRequest] | None = field(default=None, compare=False)


def refitted(request: ModelRequest, event: CallRefitted) -> ModelRequest:
    """`request` with the messages that are sent in place of its own; itself where only its reply cap was lowered."""
    if not event.messages:
        return request
    counts = replace(request.counts, messages=event.tokens)
    return replace(request, messages=event.messages, counts=counts, refit=event.refit)


class ChatModel(Protocol):
    """Anything that answers a request as a stream of events.

    Closing the iterator (`aclose`) stops the provider's work at once. Failures are `agents.llm.errors.LLMError`.
    """

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent]: ...
