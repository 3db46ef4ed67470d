"""Agents of many people on one small account: with the governor, and as they are usually written.

Everything is real but the model and the time: the vendors' SDKs over HTTP, the sandbox's rate limits, our rows, worker
and token limiter. The time of all of them runs faster alike (`bench.faster_time`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agents.models import Wire
from bench.governed_run import NAIVE, OURS, ROOMY, SPECIFIED, Result, Strategy, best_share, run
from bench.playing_sandbox import Stage
from bench.sizes import Size
from bench.summary import percentile
from bench.table import Row, percent, times

TITLE = "The governor"
SCALE = 8.0
SEED = 1
MANY, FULL, FEW = 20, 12, 5
P95_WAIT = {FEW: 5.0, FULL: 60.0, MANY: 190.0}  # seconds
TURNS_BY = {OURS: 3.0, ROOMY: 4.0}
"""How many times as many turns as the specification's plan, at 20 users."""

Met = Callable[[Strategy, Result], bool]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Results of one account, ours and the others' (the last of these is the one to compare with)."""

    title: str
    users: int
    ours: Sequence[tuple[Strategy, Result]]
    others: Sequence[tuple[Strategy, Result]]

    @property
    def baseline(self) -> Result:
        return self.others[-1][1]

    def row(
        self,
        what: str,
        value: Callable[[Result], str],
        *,
        compare: Callable[[Result, Result], str] | None = None,
        target: str = "",
        met: Met | None = None,
    ) -> Row:
        compared = [compare(result, self.baseline) for _, result in self.ours] if compare and self.others else []
        return Row(
            what=f"{self.title}: {what}",
            ours=" · ".join(value(result) for _, result in self.ours),
            baseline=" · ".join(value(result) for _, result in self.others),
            compared=" · ".join(compared),
            target=target,
            met=None if met is None else all(met(strategy, result) for strategy, result in self.ours),
        )


def measure(size: Size) -> list[Row]:
    rows: list[Row] = []
    for users in size.governor_users:
        rows += _claude_rows(_claude(users, size))
    gpt = _scene("OpenAI-style pool", size, users=FEW, wire=Wire.OPENAI_CHAT, ours=(OURS,), others=(NAIVE, SPECIFIED))
    gateway = _scene(
        "OAuth2 gateway", size, users=FEW, wire=Wire.OPENAI_CHAT, ours=(OURS,), others=(SPECIFIED,), guarded=True
    )
    return [*rows, *_together_rows(gpt, least=1.5), *_together_rows(gateway, least=None)]


def _claude(users: int, size: Size) -> Scene:
    others = () if users == FULL else (NAIVE, SPECIFIED)
    return _scene(f"{users} users", size, users=users, wire=Wire.ANTHROPIC_MESSAGES, ours=(OURS, ROOMY), others=others)


def _scene(
    title: str,
    size: Size,
    *,
    users: int,
    wire: Wire,
    ours: Sequence[Strategy],
    others: Sequence[Strategy],
    guarded: bool = False,
) -> Scene:
    stage = Stage(users=users, seed=SEED, seconds=size.governor_minutes * 60.0, scale=SCALE, guarded=guarded)
    results = {strategy: run(strategy, stage=stage, wire=wire) for strategy in (*others, *ours)}
    return Scene(
        title=title,
        users=users,
        ours=[(strategy, results[strategy]) for strategy in ours],
        others=[(strategy, results[strategy]) for strategy in others],
    )


def _claude_rows(scene: Scene) -> list[Row]:
    is_busiest, is_compared = scene.users == MANY, bool(scene.others)
    return [
        *_safe_rows(scene, most_busy=6.0 if is_busiest else 0.0),
        _turns_row(scene),
        scene.row(
            "completed work, in turns of average size a minute",
            _shown(lambda result: result.work),
            compare=_times(lambda result: result.work),
            target="≥ × 15" if is_busiest else "",
            met=(lambda _, one: one.work >= 15.0 * scene.baseline.work) if is_busiest else None,
        ),
        *_person_rows(scene),
        scene.row(
            "input bought for a completed turn, tokens at full price",
            lambda result: f"{result.price_per_turn:,.0f}",
            compare=_times(lambda result: result.price_per_turn),
            target="≤ × 0.50" if is_compared else "",
            met=(lambda _, one: one.price_per_turn <= 0.5 * scene.baseline.price_per_turn) if is_compared else None,
        ),
        *_clock_rows(scene),
    ]


def _turns_row(scene: Scene) -> Row:
    target, met = _turns_target(scene)
    return scene.row("turns a minute", _shown(_turns), compare=_times(_turns), target=target, met=met)


def _turns_target(scene: Scene) -> tuple[str, Met | None]:
    if scene.users == FEW:
        return "≥ 95 % of those asked for", lambda _, one: _turns(one) >= 0.95 * _asked(one)
    if scene.users == MANY:
        return "≥ × 3 · ≥ × 4", lambda who, one: _turns(one) >= TURNS_BY[who] * _turns(scene.baseline)
    return "", None


def _together_rows(scene: Scene, *, least: float | None) -> list[Row]:
    """Where input, cached or not, and the cap of the reply count together."""
    return [
        *_safe_rows(scene, most_busy=None),
        scene.row(
            "turns a minute",
            _shown(_turns),
            compare=_times(_turns),
            target="" if least is None else f"≥ {least}",
            met=None if least is None else lambda _, result: _turns(result) >= least,
        ),
        scene.row(
            "completed work, in turns of average size a minute",
            _shown(lambda result: result.work),
            compare=_times(lambda result: result.work),
        ),
        *_person_rows(scene, judged=False),
        *_clock_rows(scene),
    ]


def _safe_rows(scene: Scene, *, most_busy: float | None) -> list[Row]:
    result = scene.ours[0][1]
    about = (
        f"{_asked(result):.1f} turns a minute asked for, {result.minutes:.0f} minutes, time × {result.stage.scale:.0f}"
    )
    return [
        Row(
            what=f"{scene.title}: who",
            ours=" · ".join(strategy.name for strategy, _ in scene.ours),
            baseline=" · ".join(strategy.name for strategy, _ in scene.others),
            compared=about,
        ),
        scene.row("429s", lambda one: f"{one.rate_limited:,}", target="0", met=lambda _, one: not one.rate_limited),
        scene.row("failed turns", lambda one: f"{one.failed:,}", target="0", met=lambda _, one: not one.failed),
        scene.row(
            "turns told that the model is busy, an hour",
            lambda one: f"{one.busy_per_hour:.0f}",
            target="" if most_busy is None else f"≤ {most_busy:.0f}",
            met=None if most_busy is None else lambda _, one: one.busy_per_hour <= most_busy,
        ),
    ]


def _person_rows(scene: Scene, *, judged: bool = True) -> list[Row]:
    most = P95_WAIT[scene.users]
    rows = [
        scene.row("a completed turn, p50 / p95", _took),
        scene.row(
            "held back of it, p95",
            lambda one: f"{_waited(one):.0f} s" if one.governed else "–",
            target=f"≤ {most:.0f} s",
            met=lambda _, one: _waited(one) <= most,
        ),
        scene.row(
            "used of the limit while somebody waited",
            lambda one: "nobody waited" if one.utilisation is None else f"{one.utilisation * 100:.1f} %",
            target="≥ 97 %",
            met=lambda _, one: one.utilisation is None or one.utilisation >= 0.97,
        ),
        scene.row(
            "fairness between people (Jain)",
            lambda one: f"{one.fairness:.2f}",
            target="≥ 0.90",
            met=lambda _, one: one.fairness >= 0.9,
        ),
    ]
    return rows if judged else [replace(row, target="", met=None) for row in rows]


def _clock_rows(scene: Scene) -> list[Row]:
    return [
        scene.row(
            "first told end of a wait was right within 1 s or 10 %",
            _right,
            target="≥ 95 %",
            met=lambda _, one: best_share(one.tape.waits) >= 0.95,
        ),
        scene.row("CPU of the agents, of the sandbox", lambda one: " + ".join(percent(share) for share in one.cpu)),
    ]


def _turns(result: Result) -> float:
    return result.turns_per_minute


def _asked(result: Result) -> float:
    return len(result.offered) / result.minutes


def _waited(result: Result) -> float:
    return percentile([done.waited for done in result.tape.done] or [0.0], 95)


def _right(result: Result) -> str:
    waits = result.tape.waits
    if not result.governed:
        return "–"
    return f"{percent(best_share(waits))} of {len(waits):,}" if waits else "nobody waited"


def _took(result: Result) -> str:
    took = [done.took for done in result.tape.done] or [0.0]
    return f"{percentile(took, 50):.0f} / {percentile(took, 95):.0f} s"


def _shown(value: Callable[[Result], float]) -> Callable[[Result], str]:
    return lambda result: f"{value(result):.2f}"


def _times(value: Callable[[Result], float]) -> Callable[[Result, Result], str]:
    return lambda one, other: times(value(one) / value(other)) if value(other) else ""
