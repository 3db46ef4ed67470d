"""What a validation found, as Markdown: a line for each model call, what it proves, and a place for a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from chat.validation import Line, Plan, Totals

_HEADS = (
    "message",
    "call",
    "sent / limit",
    "left out",
    "provider counted",
    "cached",
    "output",
    "waited",
    "429s",
    "turn",
)


def heading(plan: Plan) -> str:
    return (
        f"## {plan.model.provider.name} · {plan.model.name}\n\n"
        f"{len(plan.texts)} messages in quick succession, token limit {plan.token_limit:,}.\n\n"
        f"| {' | '.join(_HEADS)} |\n|{' --: |' * (len(_HEADS) - 1)} --- |"
    )


def row(line: Line) -> str:
    cells = (
        line.message,
        line.call or "",
        f"{line.sent:,} / {line.limit:,}",
        line.left_out,
        "unknown" if line.counted is None else f"{line.counted:,}",
        f"{line.cached:,}",
        f"{line.output:,}",
        f"{line.waited:.1f} s",
        line.rate_limited,
        line.status,
    )
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def verdict(lines: Sequence[Line], totals: Totals, *, messages: int) -> str:
    """Short sentences that a reader can check against the rows."""
    failed = {line.message for line in lines if line.status != "completed"}
    over = sum(line.sent > line.limit for line in lines)
    most = max((line.left_out for line in lines), default=0)
    return "\n".join(
        (
            "",
            f"- 429s that the provider gave: **{totals.rate_limited}** in {totals.calls} calls",
            f"- turns that did not complete: **{len(failed)}** of {messages}",
            f"- calls over the token limit: **{over}** of {len(lines)}",
            f"- messages left out before the last call that left any out: **{most}**"
            + (" (the token limiter pruned)" if most else " (nothing had to be pruned)"),
            f"- waited in all: {totals.waited:.1f} s",
            "",
            "Your verdict (are the answers as good as without limits?): ______________________________",
        )
    )


def passed(lines: Sequence[Line], totals: Totals) -> bool:
    return not totals.rate_limited and all(line.status == "completed" and line.sent <= line.limit for line in lines)
