"""The limits that the sandbox always has: two models that are tight, so that waiting can be tried without a key."""

from __future__ import annotations

from agents.sandbox.rates.enforced import EnforcedLimits
from agents.sandbox.rates.pool import AnthropicPool, OpenAIPool, Pool

TIGHT_CLAUDE = AnthropicPool(
    name="sandbox-claude-tight",
    models=("sandbox-claude-tight",),
    requests=50,
    input_tokens=40_000,
    output_tokens=8_000,
)
TIGHT_GPT = OpenAIPool(name="sandbox-gpt-tight", models=("sandbox-gpt-tight",), requests=50, tokens=40_000)

SHIPPED_POOLS: tuple[Pool, ...] = (TIGHT_CLAUDE, TIGHT_GPT)


def shipped_limits() -> EnforcedLimits:
    """Limits of the two tight models and of nothing else."""
    return EnforcedLimits(SHIPPED_POOLS)
