"""What agents cost in input tokens: what every call carries, and what an investigation carries with summaries and
extracts of its results, beside the same investigation with every result sent whole, as most agents do.

And whether anything is lost by that: facts of the whole results are asked for with `recall`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from agents.llm.messages import Message, ToolResult
from agents.model_counter import counter_of, frame_tokens
from agents.models import LanguageModel, Wire
from agents.roster import Agent, all_equipped
from bench import people, result_facts
from bench.golden_turns import Investigation, investigate, let_time_stand_still
from bench.sizes import Size
from bench.table import Row, percent

TITLE = "Tokens of the agents"
MOST_FIXED = 2_000
LEAST_SAVED, LEAST_RECALLED = 0.80, 0.95
FACTS = 40
FAMILIES = (("Claude ≥ 4.7", "claude-sonnet-5-5"), ("Claude ≤ 4.6", "claude-sonnet-4-6"), ("GPT", "gpt-4.1"))


def measure(size: Size) -> list[Row]:
    del size  # It takes seconds.
    fixed = [
        _fixed(agent, family, LanguageModel.objects.select_related("provider").get(model_id=model_id))
        for agent in all_equipped()
        for family, model_id in FAMILIES
    ]
    let_time_stand_still()
    models = [people.sandbox_model(wire) for wire in (Wire.ANTHROPIC_MESSAGES, Wire.OPENAI_CHAT)]
    done = asyncio.run(investigate(people.make_person("golden").user, models))
    return [*fixed, *map(_spent, done), *(_recalled(one) for one in done if one.model == models[0])]


def _fixed(agent: Agent, family: str, model: LanguageModel) -> Row:
    """The vendor's own words around any tools are not ours to save."""
    counter, specs = counter_of(model), agent.tools.specs
    instructions = counter.instructions(agent.instructions)
    ours = instructions + counter.tools((*specs, *specs)) - counter.tools(specs)
    return Row(
        what=f"{agent.name}, {family}: instructions and tools",
        ours=f"{ours:,}",
        baseline=f"{instructions:,} (instructions alone)",
        compared=f"{frame_tokens(agent, counter):,} with what the vendor adds",
        target=f"≤ {MOST_FIXED:,}",
        met=ours <= MOST_FIXED,
    )


def _spent(one: Investigation) -> Row:
    ours, whole = sum(one.sent), sum(_whole_calls(one))
    saved = 1 - ours / whole
    return Row(
        what=f"“{one.question}”, {one.model.name}: input of {len(one.sent)} calls",
        ours=f"{ours:,}",
        baseline=f"{whole:,} (results sent whole)",
        compared=f"{percent(saved)} less",
        target=f"≥ {percent(LEAST_SAVED)} less",
        met=saved >= LEAST_SAVED,
    )


def _whole_calls(one: Investigation) -> Iterator[int]:
    """The tokens of each call if nothing had been shortened, summarised or left out."""
    counter = counter_of(one.model)
    tokens = frame_tokens(one.agent, counter)
    for message in one.history:
        if message.role == "assistant":
            yield tokens
        tokens += counter.stored_count(_whole(message, one.wholes))


def _whole(message: Message, wholes: dict[str, str]) -> Message:
    parts = tuple(
        replace(part, text=wholes.get(part.handle, part.text)) if isinstance(part, ToolResult) else part
        for part in message.parts
    )
    return replace(message, parts=parts)


def _recalled(one: Investigation) -> Row:
    facts = result_facts.facts_of(one, count=FACTS)
    given = [result_facts.was_given(one, fact) for fact in facts]
    recalled = asyncio.run(_recall_all(one, facts))
    reached = sum(map(max, given, recalled)) / len(facts)
    return Row(
        what=f"“{one.question}”: {len(facts)} facts of the whole results, given or recalled",
        ours=percent(reached),
        baseline=f"{percent(sum(given) / len(facts))} (in what the model was given)",
        compared=f"{percent(sum(recalled) / len(facts))} by recall alone",
        target=f"≥ {percent(LEAST_RECALLED)}",
        met=reached >= LEAST_RECALLED,
    )


async def _recall_all(one: Investigation, facts: list[result_facts.Fact]) -> list[bool]:
    return [await result_facts.is_recalled(one, fact) for fact in facts]
