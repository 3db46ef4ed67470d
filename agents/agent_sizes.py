"""What an agent's instructions and tools take of every call, as each kind of model counts it, and what is too much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from agents import settings_resolution
from agents.llm.tokens import TokenCounter
from agents.model_capabilities import capabilities_for
from agents.model_counter import agents_that_cannot_run, counter_of, frame_tokens
from agents.models import LanguageModel
from agents.roster import Agent, equipped

BUDGET = 2_000
"""Tokens that an agent should take at most."""

_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Size:
    """In tokens, as all of `models` count them. `shipped` is that of the agent it was made of."""

    models: str
    tokens: int
    shipped: int

    @property
    def told(self) -> str:
        return f"{self.tokens:,}"

    @property
    def shipped_told(self) -> str:
        return f"{self.shipped:,}"

    @property
    def is_over(self) -> bool:
        return self.tokens > BUDGET


def sizes(agent: Agent, *, base: Agent) -> list[Size]:
    """One for each way in which models that are switched on count; with the sources as they are now. Reads rows."""
    ready, shipped = equipped(agent), equipped(base)
    return [
        Size(models=_told(names), tokens=frame_tokens(ready, counter), shipped=frame_tokens(shipped, counter))
        for counter, names in _by_counter(_models()).items()
    ]


def warnings_on(agent: Agent, *, base: Agent) -> list[str]:
    """Whole sentences: it works, but not as it should. Of what the shipped one takes nothing is said. Reads rows."""
    more = [size.tokens for size in sizes(agent, base=base) if size.tokens > max(BUDGET, size.shipped)]
    said = [_over(agent, max(more))] if more else []
    return said + _tight(equipped(agent), _models())


def _over(agent: Agent, tokens: int, /) -> str:
    return (
        f"{agent.name} takes up to {tokens:,} tokens of every call, and the budget is {BUDGET:,}. It works, but each "
        "call costs as much more, and has less room for the conversation."
    )


def why_impossible(agent: Agent) -> str:
    """One sentence where there is no model that it fits into at all, else "". Reads rows."""
    ready, models = equipped(agent), _models()
    needed = [(frame_tokens(ready, counter_of(model)), _room(model)) for model in models]
    if not needed or any(tokens < room for tokens, room in needed):
        return ""
    least, room = min(tokens for tokens, _ in needed), max(room for _, room in needed)
    return (
        f"Instructions and tools take {least:,} tokens, and no model that is switched on reads more than {room:,}: "
        "it could not answer at all. Shorten them."
    )


def _tight(agent: Agent, models: Sequence[LanguageModel]) -> list[str]:
    settings = settings_resolution.effective_for_all(user=None, models=models)
    found = [
        (model.name, one.needed, one.limit)
        for model, of_model in zip(models, settings, strict=True)
        for one in agents_that_cannot_run(of_model.values, model=model, roster=[agent])
    ]
    return [
        f"{agent.name} cannot run with {name} below a higher limit: it takes {needed:,} tokens, and a call may carry "
        f"{limit:,}."
        for name, needed, limit in found
    ]


def _models() -> list[LanguageModel]:
    return list(LanguageModel.objects.filter(enabled=True, provider__enabled=True).select_related("provider"))


def _by_counter(models: Sequence[LanguageModel]) -> dict[TokenCounter, list[str]]:
    found: defaultdict[TokenCounter, list[str]] = defaultdict(list)
    for model in models:
        found[counter_of(model)].append(model.name)
    return dict(found)


def _told(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _room(model: LanguageModel) -> int:
    able = capabilities_for(model)
    return able.max_input_tokens or able.context_window or model.context_window
