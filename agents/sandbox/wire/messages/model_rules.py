"""What a Claude model refuses that another takes: sampling, thinking, effort, a forced tool call.

Where the vendor's words are not known, these are the sandbox's own; clients tell such errors by their type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agents.sandbox.models import ServedClaude, ThinkingType
from agents.sandbox.wire.messages.body import CountBody, MessagesBody, bad_request

SAMPLING_VERSION = "2023-06-01"
CURRENT_VERSION = "2026-10-21"

_IS_DEFAULT: Mapping[str, Callable[[float], bool]] = {
    "temperature": lambda value: value == 1,
    "top_p": lambda value: value >= 0.99,
    "top_k": lambda value: False,
}


def check_abilities(body: CountBody, *, model: ServedClaude) -> None:
    """The rules that hold for counting too. Raises WireError with status 400."""
    _check_effort(body, model=model)
    _check_thinking(body, model=model)
    forced = body.tool_choice is not None and body.tool_choice.type in ("any", "tool")
    if forced and model.forced_tools == "never":
        raise bad_request('tool_choice: type "tool" and "any" are not supported for this model.')
    if forced and model.forced_tools == "without_thinking" and thinking_type(body, model=model) != "disabled":
        raise bad_request("Thinking may not be enabled when tool_choice forces tool use.")


def check_sampling(body: MessagesBody, *, model: ServedClaude, version: str) -> None:
    """The current version knows no sampling parameter; the older one takes what the model does."""
    given = {name: getattr(body, name) for name in _IS_DEFAULT if name in body.model_fields_set}
    for name in given if version != SAMPLING_VERSION else ():
        raise bad_request(f"{name}: Extra inputs are not permitted")
    for name, value in given.items():
        if not model.any_sampling and value is not None and not _IS_DEFAULT[name](value):
            raise bad_request(f"`{name}` is deprecated for this model.")
    if model.one_sampling and body.temperature is not None and body.top_p is not None:
        raise bad_request("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
    thinks = body.thinking is not None and body.thinking.type in ("enabled", "adaptive")
    if thinks and body.temperature not in (None, 1):
        raise bad_request("`temperature` may only be set to 1 when thinking is enabled.")


def check_budget(body: MessagesBody) -> None:
    """A thinking budget must leave room for an answer."""
    budget = body.thinking.budget_tokens if body.thinking else None
    if budget is not None and budget >= body.max_tokens:
        raise bad_request("`max_tokens` must be greater than `thinking.budget_tokens`.")


def thinking_type(body: CountBody, *, model: ServedClaude) -> ThinkingType:
    """What the request asks for, or the model does by itself."""
    if body.thinking is not None:
        return body.thinking.type
    return "adaptive" if model.thinks_unasked else "disabled"


def _check_effort(body: CountBody, *, model: ServedClaude) -> None:
    effort = body.output_config.effort if body.output_config else None
    if effort is None or effort in model.efforts:
        return
    if not model.efforts:
        raise bad_request("This model does not support the effort parameter.")
    expected = ", ".join(f"'{name}'" for name in model.efforts[:-1])
    raise bad_request(f"output_config.effort: Input should be {expected} or '{model.efforts[-1]}'")


def _check_thinking(body: CountBody, *, model: ServedClaude) -> None:
    if body.thinking is None:
        return
    kind, budget = body.thinking.type, body.thinking.budget_tokens
    if kind not in model.thinking_types:
        raise bad_request(f'"thinking.type.{kind}" is not supported for this model.{_advice(model)}')
    effort = (body.output_config.effort if body.output_config else None) or model.default_effort
    if kind == "disabled" and effort not in model.undo_efforts:
        raise bad_request(f'"thinking.type.disabled" is not supported for this model at effort "{effort}".')
    if kind == "enabled" and budget is None:
        raise bad_request("thinking.enabled.budget_tokens: Field required")
    if kind != "enabled" and budget is not None:
        raise bad_request(f"thinking.{kind}.budget_tokens: Extra inputs are not permitted")


def _advice(model: ServedClaude) -> str:
    if "adaptive" not in model.thinking_types:
        return ""
    return ' Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
