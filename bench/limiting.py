"""The token limiter alone, without rows, and how fast tokens are counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from agents.llm.limiter import TokenLimiter
from agents.llm.tokens import TokenCounter
from agents.llm.vocabulary import load_encoding
from agents.roster import DEFAULT_AGENT
from bench import conversations
from bench.sizes import Size
from bench.stopwatch import medians
from bench.table import Row, milliseconds, thousands, times

TITLE = "Limiting and counting"
COUNTER = TokenCounter(wire="openai")
WIDE, NARROW = 100_000, 8_192  # token limits
CHARACTERS = 100_000


def measure(size: Size) -> list[Row]:
    return [*_fit_rows(size), *_counting_rows(size)]


def _fit_rows(size: Size) -> list[Row]:
    works: dict[str, Callable[[], object]] = {}
    cases = [(count, limit) for count in size.histories if count <= 1_000 for limit in (WIDE, NARROW)]
    for count, limit in cases:
        limiter = TokenLimiter(
            counter=COUNTER,
            token_limit=limit,
            instructions=DEFAULT_AGENT.instructions,
            tools=DEFAULT_AGENT.tools.specs,
        )
        messages = conversations.history(count)
        counts = {message.id: COUNTER.message(message) for message in messages}
        works[f"{count} {limit}"] = partial(limiter.fit, messages, counts=counts)
        works[f"{count} {limit} counting"] = partial(limiter.fit, messages)
    took = medians(works, rounds=size.rounds)
    return [_fit_row(took, count=count, limit=limit) for count, limit in cases]


def _fit_row(took: dict[str, float], *, count: int, limit: int) -> Row:
    ours, counting = took[f"{count} {limit}"], took[f"{count} {limit} counting"]
    return Row(
        what=f"`fit`, {count:,} messages into {limit:,} tokens",
        ours=milliseconds(ours),
        baseline=f"{milliseconds(counting)} (no stored counts)",
        compared=times(ours / counting),
    )


def _counting_rows(size: Size) -> list[Row]:
    encode = load_encoding(COUNTER.encoding).encode_ordinary
    texts = {"English": _english(), "code": _code(), "100,000 × “a”": "a" * CHARACTERS}
    works: dict[str, Callable[[], object]] = {}
    for name, text in texts.items():
        works[name] = partial(COUNTER.raw, text)
        works[f"{name} plain"] = partial(encode, text)
    took = medians(works, rounds=size.rounds)
    return [_counting_row(name, COUNTER.raw(text), took) for name, text in texts.items()]


def _counting_row(name: str, tokens: int, took: dict[str, float]) -> Row:
    ours, plain = (tokens / took[key] * 1000 for key in (name, f"{name} plain"))
    return Row(
        what=f"tokens counted per second, {name} ({tokens:,} tokens)",
        ours=thousands(ours),
        baseline=f"{thousands(plain)} (tiktoken alone)",
        compared=times(ours / plain),
    )


def _english() -> str:
    return " ".join(conversations.text(number) for number in range(400))[:CHARACTERS]


def _code() -> str:
    """This project's own."""
    sources = sorted(Path(conversations.__file__).parent.parent.glob("agents/**/*.py"))
    return "\n".join(source.read_text() for source in sources)[:CHARACTERS]
