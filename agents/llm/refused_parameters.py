"""A request without what its provider refused: the same question, said with less."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import get_args

from agents.llm.capabilities import Capabilities, Parameter, TokenParameter
from agents.llm.providers.base import ModelRequest

PARAMETERS: tuple[Parameter, ...] = get_args(Parameter)

_OTHER_NAME: dict[str, TokenParameter] = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}


def refusing(able: Capabilities, refused: Iterable[str]) -> Capabilities:
    """`able` less what was refused. Reads what is stored: a name that this version does not know is passed over."""
    names = {*able.refused, *(name for name in PARAMETERS if name in set(refused))}
    if names == able.refused:
        return able
    able = replace(able, refused=frozenset(names))
    if "temperature" in names:
        able = replace(able, temperature="none")
    if "effort" in names:
        able = replace(able, efforts=())
    if "effort_with_tools" in names and able.tools_api == "chat":
        able = replace(able, tools_api="chat_if_effort_none")
    if "cache_control" in names:
        able = replace(able, cache="none")
    if able.token_parameter in names:
        able = replace(able, token_parameter=_OTHER_NAME[able.token_parameter])
    return able


def without(request: ModelRequest, parameter: Parameter) -> ModelRequest | None:
    """`request`, and whatever it is refitted to, without `parameter`. None where that would change nothing, or where
    the request cannot do without: a reply must have a cap, by one of its two names."""
    able = request.capabilities
    if parameter in able.refused or _OTHER_NAME.get(parameter) in able.refused:
        return None
    if parameter == "effort_with_tools" and able.tools_api != "chat":
        return None
    return _doing_without(request, parameter)


def _doing_without(request: ModelRequest, parameter: Parameter) -> ModelRequest:
    refit = request.refit

    def refit_without(max_input: int, cold: bool) -> ModelRequest:
        assert refit is not None
        return _doing_without(refit(max_input, cold), parameter)

    return replace(
        request,
        capabilities=refusing(request.capabilities, [parameter]),
        refit=None if refit is None else refit_without,
    )
