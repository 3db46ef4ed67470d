"""How far our counts are from a provider's, without and with what its reports have taught.

Conversations grow call by call through the real token limiter, with its cuts; a provider that counts in another way
reports the total of every request and the tokens of every reply. An error is (counted - reported) / reported, of every
call after the third.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count as count_from
from random import Random

from agents.llm.calibration import UNCALIBRATED, Counted, hear, observe
from agents.llm.limiter import TokenLimiter
from agents.llm.messages import Message, TextPart, ToolCall, ToolResult, user_text
from agents.llm.model_families import capabilities_of
from agents.llm.tokens import TokenCounter, counter_for
from agents.roster import DEFAULT_AGENT
from bench.corpora import Kind, passage
from bench.provider_counts import Ctok, Generation, OtherVocabulary, RecordedRatios, TextCounts, output_tokens, total
from bench.sizes import Size
from bench.summary import percentile
from bench.table import Row, times

TITLE = "Counting error"
LIMIT = 8_192
CALLS = 16
TAUGHT = 3
COMMON = 0.5
MOST_ERROR, MOST_TOO_LOW = 5.0, 2.0

Mix = dict[Kind, int]
MIXES: dict[str, Mix] = {
    "English": {"English": 1},
    "German": {"German": 9, "English": 1},
    "Chinese": {"Chinese": 9, "English": 1},
    "code": {"code": 6, "English": 4},
    "JSON": {"JSON": 6, "English": 4},
    "tool-heavy": {"JSON": 5, "English": 3, "code": 2},
}
_MODELS: dict[Generation, str] = {"≤ 4.6": "claude-sonnet-4-5", "≥ 4.7": "claude-opus-5"}

Provider = Callable[[Random], TextCounts]


@dataclass(frozen=True, kw_only=True)
class _Case:
    """Our counter of a model, and what counts like the model."""

    name: str
    counter: TokenCounter
    provider: Provider
    tells_replies: bool = True


@dataclass(frozen=True, kw_only=True)
class Errors:
    """In per cent, with and without calibration, of the same calls."""

    with_it: list[float]
    without: list[float]


def measure(size: Size) -> list[Row]:
    rows: list[Row] = []
    for generation, model in _MODELS.items():
        counter = counter_for("anthropic", capabilities_of("anthropic_messages", model))
        recorded = _Case(name=f"Claude {generation}, recorded ratios", counter=counter, provider=_ratios(generation))
        rows += [*_rows(size, recorded), *_ctok_rows(size, generation, counter)]
        apart = replace(
            recorded, name=f"{recorded.name}, each text by itself", provider=_ratios(generation, common=0.0)
        )
        silent = replace(recorded, name=f"{recorded.name}, replies not told", tells_replies=False)
        for harder in (apart, silent):
            rows.append(_row(f"{harder.name}: tool-heavy", _errors(size, "tool-heavy", harder), is_target=False))
    unknown = counter_for("openai", capabilities_of("openai_chat", "a-house-model"))
    name = "unknown model, counts with cl100k_base"
    return rows + _rows(size, _Case(name=name, counter=unknown, provider=lambda _: OtherVocabulary()))


def _ratios(generation: Generation, *, common: float = COMMON) -> Provider:
    return lambda random: RecordedRatios(generation, random=random, common=common)


def _ctok_rows(size: Size, generation: Generation, counter: TokenCounter) -> list[Row]:
    name = f"Claude {generation}, ctok"
    try:
        provider = Ctok(generation)
    except ImportError:
        return [Row(what=name, ours="not measured", baseline="the package ctok is not installed")]
    return _rows(size, _Case(name=name, counter=counter, provider=lambda _: provider))


def _rows(size: Size, case: _Case) -> list[Row]:
    return [_row(f"{case.name}: {mix}", _errors(size, mix, case)) for mix in MIXES]


def _row(what: str, errors: Errors, *, is_target: bool = True) -> Row:
    error, too_low = _p95(errors.with_it)
    before, before_too_low = _p95(errors.without)
    worst = max(0.0, -min(errors.with_it))
    return Row(
        what=what,
        ours=f"{error:.1f} %, too low {too_low:.1f} %",
        baseline=f"{before:.1f} %, too low {before_too_low:.1f} % (not calibrated)",
        compared=f"{times(error / before)}; worst too low {worst:.1f} %",
        target=f"≤ {MOST_ERROR:.0f} %, too low ≤ {MOST_TOO_LOW:.0f} %" if is_target else "",
        met=error <= MOST_ERROR and too_low <= MOST_TOO_LOW if is_target else None,
    )


def _p95(errors: list[float]) -> tuple[float, float]:
    """Of the errors of either sign, and of those below zero, calls with none counting as 0."""
    return percentile([abs(one) for one in errors], 95), percentile([max(0.0, -one) for one in errors], 95)


def _errors(size: Size, mix: str, case: _Case) -> Errors:
    errors = Errors(with_it=[], without=[])
    for number in range(size.calibrated_conversations):
        random = Random(f"{mix} {number}")
        _converse(errors, random=random, mix=mix, case=case)
    return errors


def _converse(errors: Errors, *, random: Random, mix: str, case: _Case) -> None:
    prompt, tools, counter = DEFAULT_AGENT.instructions, DEFAULT_AGENT.tools.specs, case.counter
    limiter = TokenLimiter(counter=counter, token_limit=LIMIT, instructions=prompt, tools=tools)
    calibration, window, kinds, counts = UNCALIBRATED, None, dict[str, Kind](), dict[str, int]()
    count = case.provider(random)
    for number, history in enumerate(_histories(random, mix, kinds=kinds)):
        for message in history[len(counts) :]:
            counts[message.id] = counter.stored_count(message)
            if message.role == "assistant" and case.tells_replies:
                said = output_tokens(message, kinds=kinds, count=count)
                calibration = hear(calibration, Counted(message.id, counts[message.id]), reported=said)
        measured = calibration.corrections([message.id for message in history])
        fitted = limiter.fit(history, window=window, counts=counts, measured=measured)
        window = fitted.window
        reported = total(fitted.messages, kinds=kinds, instructions=prompt, tools=tools, count=count)
        report = fitted.report(reported, correction=limiter.counter.correction)
        if number >= TAUGHT:
            errors.with_it.append(100 * (fitted.counts.total / reported - 1))
            errors.without.append(100 * (report.estimated / reported - 1))
        calibration = observe(calibration, report)
        limiter = replace(limiter, counter=counter.corrected_by(calibration.correction))


def _histories(random: Random, mix: str, *, kinds: dict[str, Kind]) -> Iterator[list[Message]]:
    """What each of `CALLS` calls has before it. Writes into `kinds` what each message is."""
    history: list[Message] = []
    calls = 0
    for message, kind, is_call in _messages(random, mix):
        history.append(message)
        kinds[message.id] = kind
        if is_call:
            yield history
            calls += 1
        if calls == CALLS:
            return


def _messages(random: Random, mix: str) -> Iterator[tuple[Message, Kind, bool]]:
    """A conversation without an end, each message with the kind of its text; True: a call follows it."""
    for number in count_from(0):
        question, kind = _text(random, mix, shortest=60, longest=2_500)
        yield user_text(question, id=f"question {number}"), kind, True
        for step in range(random.randrange(1, 5) if mix == "tool-heavy" else 0):
            yield _tool_call(random, id=f"call {number} {step}"), "JSON", False
            yield _tool_result(random, id=f"result {number} {step}"), "JSON", True
        answer, kind = _text(random, mix, shortest=200, longest=4_000)
        yield Message(role="assistant", parts=(TextPart(text=answer),), id=f"answer {number}"), kind, False


def _text(random: Random, mix: str, *, shortest: int, longest: int) -> tuple[str, Kind]:
    kinds = MIXES[mix]
    (kind,) = random.choices(list(kinds), weights=list(kinds.values()))
    return passage(kind, characters=_length(random, shortest, longest), random=random), kind


def _length(random: Random, shortest: int, longest: int) -> int:
    """Characters; many are short, few are long."""
    return int(math.exp(random.uniform(math.log(shortest), math.log(longest))))


def _tool_call(random: Random, *, id: str) -> Message:
    query = passage("English", characters=_length(random, 10, 300), random=random)
    call = ToolCall(id="c", name="search", arguments=json.dumps({"query": query}))
    return Message(role="assistant", parts=(call,), id=id)


def _tool_result(random: Random, *, id: str) -> Message:
    text = passage("JSON", characters=_length(random, 200, 5_000), random=random)
    return Message(role="tool", parts=(ToolResult(call_id="c", name="search", text=text),), id=id)
