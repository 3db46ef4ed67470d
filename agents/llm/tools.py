"""What a model can be given to use: a `Tool`, `@tool` to make one from a function, a `ToolSet`, and `run_tool`."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, cast, overload

from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import ArgsKwargs

from agents.llm import consent
from agents.llm.arguments import parse_arguments
from agents.llm.consent import Ask, ConsentRequest
from agents.llm.errors import LLMError, ToolFailed
from agents.llm.messages import ToolCall, ToolResult, ToolSpec
from agents.llm.tool_output import output_text
from agents.llm.tool_time import ToolTime, nobodys_time, tool_time

DEFAULT_TIMEOUT = 30.0
"""Seconds that a tool may run unless it says otherwise."""

FAULTS_SHOWN = 5
"""How many faults of its arguments a model is told at once."""

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")  # what both wires accept

running_call: ContextVar[ToolCall] = ContextVar("the call that a tool runs for")
"""For a tool that tells of its steps under the call that it runs for."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Summarised:
    """What a tool returns that has found more than a model should read at once: `summary` is given to it, `whole` is
    what it was made of. Both are text or anything that JSON can hold."""

    summary: object
    whole: object


@dataclass(frozen=True, kw_only=True)
class SummarisedResult(ToolResult):
    """`text` is a summary. Whoever keeps results keeps `whole` beside it, and gives the model the handle."""

    whole: str


class InvalidArguments(ValueError):
    """The arguments do not fit the tool. The text is for the model, which may call again."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """`run` gets the arguments object as the model wrote it, checks it (`InvalidArguments`), and returns text or
    anything that JSON can hold. It raises `errors.ToolFailed` with a text for the model; what else it raises is logged.

    `timeout` is in seconds; None is for a tool that ends by itself and is never cut. `repeatable`: the same call may
    bring something else each time, so that it is never answered from the record of a turn. `side_effects`: it changes
    something outside, so each call needs a person's consent. `consent` says for checked arguments what exactly is
    asked, None where this call needs none; it raises what `run` does. Without it, a tool with side effects asks with
    its name and arguments. `check` refuses arguments (`InvalidArguments`) before anybody is asked.
    """

    spec: ToolSpec
    run: Callable[[Mapping[str, Any]], Awaitable[object]]
    timeout: float | None = DEFAULT_TIMEOUT
    side_effects: bool = False
    repeatable: bool = False
    consent: Callable[[Mapping[str, Any]], Awaitable[ConsentRequest | None]] | None = None
    check: Callable[[Mapping[str, Any]], None] | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.spec.name):
            raise ValueError(f"a tool's name is 1-64 letters, digits, - or _, not {self.spec.name!r}")


class ToolSet:
    """Tools in the order of their names, whatever order they came in: a changed order would miss the prompt cache."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        given = list(tools)
        self._tools = {tool.spec.name: tool for tool in sorted(given, key=lambda tool: tool.spec.name)}
        if len(self._tools) != len(given):
            names = [tool.spec.name for tool in given]
            raise ValueError(f"two tools have one name: {sorted({name for name in names if names.count(name) > 1})}")
        self.specs: tuple[ToolSpec, ...] = tuple(tool.spec for tool in self._tools.values())

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def get(self, name: str) -> Tool | None:
        return self._tools.get(name)

    def running(self, name: str, run: Callable[[Mapping[str, Any]], Awaitable[object]], /) -> ToolSet:
        """The same tools, the one named `name` with another `run`; the very same set where there is none of it."""
        tool = self.get(name)
        return self if tool is None else ToolSet(replace(tool, run=run) if each is tool else each for each in self)


Function = Callable[..., Awaitable[object]]


@overload
def tool(function: Function, /) -> Tool: ...


@overload
def tool(*, timeout: float = DEFAULT_TIMEOUT, side_effects: bool = False) -> Callable[[Function], Tool]: ...


def tool(
    function: Function | None = None, /, *, timeout: float = DEFAULT_TIMEOUT, side_effects: bool = False
) -> Tool | Callable[[Function], Tool]:
    """Makes a `Tool` of an async function: its name, its docstring for the model, its parameters as JSON Schema.

    A parameter is described by `Annotated[..., pydantic.Field(description=...)]`. TypeError for a function that no
    model could use: without a docstring, not async, or with `*args`, `**kwargs` or an untyped parameter.
    """
    if function is None:
        return lambda function: _tool_of(function, timeout=timeout, side_effects=side_effects)
    return _tool_of(function, timeout=timeout, side_effects=side_effects)


def _tool_of(function: Function, *, timeout: float, side_effects: bool) -> Tool:
    description = inspect.getdoc(function)
    if not inspect.iscoroutinefunction(function) or not description:
        raise TypeError(f"{function!r} must be async and have a docstring to become a tool")
    _require_named_parameters(function)
    checked: TypeAdapter[Awaitable[object]] = TypeAdapter(cast(Any, function))

    def begun(arguments: Mapping[str, Any]) -> Any:
        try:
            return checked.validate_python(ArgsKwargs((), dict(arguments)))
        except ValidationError as error:
            raise InvalidArguments(_faults(error)) from None

    async def run(arguments: Mapping[str, Any]) -> object:
        return await begun(arguments)

    def check(arguments: Mapping[str, Any]) -> None:
        begun(arguments).close()  # A coroutine that was never started has done nothing.

    parameters = checked.json_schema(schema_generator=_UntitledSchema)
    spec = ToolSpec(name=function.__name__, description=description, parameters=parameters)
    return Tool(spec=spec, run=run, timeout=timeout, side_effects=side_effects, check=check)


class _UntitledSchema(GenerateJsonSchema):
    """Without the titles that repeat each parameter's name, which would cost tokens at every call."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _require_named_parameters(function: Function) -> None:
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"{parameter} of {function!r}: a model gives every argument by its name")
        if parameter.annotation is parameter.empty:
            raise TypeError(f"{parameter} of {function!r} has no type")


def _faults(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    shown = [f"{'.'.join(map(str, fault['loc'])) or 'arguments'}: {fault['msg']}" for fault in faults[:FAULTS_SHOWN]]
    more = [f"and {len(faults) - FAULTS_SHOWN} more"] if len(faults) > FAULTS_SHOWN else []
    return "; ".join(shown + more)


async def run_tool(
    toolset: ToolSet,
    call: ToolCall,
    *,
    timeout: float | None = None,  # noqa: ASYNC109 (its end is a result, not an exception)
    ask: Ask | None = None,
) -> ToolResult:
    """Runs what the model asked for. Whatever goes wrong becomes a failed result that tells the model so.

    `timeout` (seconds) can only shorten the tool's own, and never cuts one that has none. What needs a consent is asked
    for through `ask`, outside of that time, and not run without it. Nothing is raised but the cancellation of the
    caller.
    """
    tool = toolset.get(call.name)
    if tool is None:
        names = ", ".join(spec.name for spec in toolset.specs) or "none"
        return _failed(call, f"there is no tool named {call.name!r}. Available: {names}.")
    try:
        arguments = parse_arguments(call.arguments)
    except ValueError as error:
        return _failed(call, f"the arguments are {error}. Send one JSON object.")
    seconds = tool.timeout if timeout is None or tool.timeout is None else min(timeout, tool.timeout)
    running_call.set(call)
    try:
        return await _run_allowed(tool, call, arguments, seconds=seconds, ask=ask)
    except InvalidArguments as error:
        return _failed(call, f"the arguments do not fit: {error}.")
    except LLMError as error:
        return _failed(call, error.message)
    except Exception as error:
        # The text of an unforeseen exception may hold addresses or keys: the log gets it, the model does not.
        logger.exception("tool %s failed", call.name)
        return _failed(call, f"the tool broke with {type(error).__name__}; it was logged.")


async def _run_allowed(
    tool: Tool, call: ToolCall, arguments: Mapping[str, Any], *, seconds: float | None, ask: Ask | None
) -> ToolResult:
    request = await _consent_for(tool, arguments, seconds=seconds)
    if request is None:
        return await _run(lambda: tool.run(arguments), call, seconds=seconds)
    if len(request.request) > consent.MOST_CHARACTERS:
        return _failed(call, consent.TOO_LONG.format(length=len(request.request)))
    if ask is None:
        return _failed(call, consent.NOBODY_TO_ASK)
    with nobodys_time():
        decision = await ask(call, request)
    if decision != "approved":
        return _failed(call, consent.REFUSALS[decision])
    return await _run(request.run or (lambda: tool.run(arguments)), call, seconds=seconds)


async def _consent_for(tool: Tool, arguments: Mapping[str, Any], *, seconds: float | None) -> ConsentRequest | None:
    """What is to be asked. InvalidArguments before that, and whatever else a tool raises."""
    if tool.consent is None and not tool.side_effects:
        return None
    if tool.check is not None:
        tool.check(arguments)
    if tool.consent is None:
        return consent.whole_call(tool.spec.name, arguments)
    try:
        async with asyncio.timeout(seconds):
            return await tool.consent(arguments)
    except TimeoutError:
        raise ToolFailed(f"it could not be told within {seconds or 0:g} seconds what this would do") from None


async def _run(run: Callable[[], Awaitable[object]], call: ToolCall, *, seconds: float | None) -> ToolResult:
    time: ToolTime | None = None
    try:
        async with tool_time(seconds) as time:
            output = await run()
    except TimeoutError:
        if time is None or not time.is_over:
            raise
        return _failed(call, f"no result within {seconds or 0:g} seconds, so the tool was stopped.")
    if isinstance(output, Summarised):
        text, whole = output_text(output.summary), output_text(output.whole)
        return SummarisedResult(call_id=call.id, name=call.name, text=text, whole=whole)
    return ToolResult(call_id=call.id, name=call.name, text=output_text(output))


def _failed(call: ToolCall, text: str) -> ToolResult:
    return ToolResult(call_id=call.id, name=call.name, text=f"Error: {text}", ok=False)
