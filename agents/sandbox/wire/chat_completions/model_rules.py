"""What a GPT model refuses on Chat Completions that another takes: sampling, the old cap, tools while it reasons."""

from __future__ import annotations

from agents.sandbox.models import ServedGpt
from agents.sandbox.wire.base import WireError
from agents.sandbox.wire.chat_completions.body import ChatBody
from agents.sandbox.wire.openai_errors import bad_request
from agents.sandbox.wire.openai_rules import effort_of, is_free, unsupported_parameter

_SAMPLING = ("top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias")


def check_abilities(body: ChatBody, *, model: ServedGpt) -> None:
    """Raises WireError with status 400 for what the model cannot."""
    effort = effort_of(body.reasoning_effort, model=model, param="reasoning_effort")
    if model.reasons and body.max_tokens is not None:
        raise unsupported_parameter("max_tokens", instead="max_completion_tokens")
    if body.stop is not None and not model.stop_texts:
        raise unsupported_parameter("stop")
    if not is_free(body.reasoning_effort, model=model):
        _check_sampling(body)
    barred = model.chat_tools == "never" or (model.chat_tools == "if_effort_none" and effort != "none")
    if body.tools and barred:
        raise _no_tools_here(model)


def _check_sampling(body: ChatBody) -> None:
    if body.temperature not in (None, 1):
        raise bad_request(
            f"Unsupported value: 'temperature' does not support {body.temperature:g} with this model. Only the default "
            "(1) value is supported.",
            param="temperature",
            code="unsupported_value",
        )
    for name in _SAMPLING:
        if getattr(body, name) is not None:
            raise unsupported_parameter(name)


def _no_tools_here(model: ServedGpt) -> WireError:
    way_out = " or set reasoning_effort to 'none'" if model.chat_tools == "if_effort_none" else ""
    return bad_request(
        f"Function tools with reasoning_effort are not supported for {model.id} in /v1/chat/completions. To use "
        f"function tools, use /v1/responses{way_out}.",
        param="reasoning_effort",
    )
