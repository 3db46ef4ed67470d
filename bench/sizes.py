"""How much is measured. `quick` is for while you work; `smoke` proves only that the benches run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SizeName = Literal["full", "quick", "smoke"]


@dataclass(frozen=True, kw_only=True)
class Size:
    """`rounds`: how often ours and the baselines take turns. `histories` in messages. `calibrated_conversations`: for
    each row of the counting error. `recall_turns` is how long the conversations are in which facts are looked for.
    `governor_minutes` are of the faster time."""

    first_token_rounds: int
    first_token_warm_up: int
    first_token_turns: int
    delta_rounds: int
    delta_turns: int
    delta_seconds: float
    idle_rounds: int
    idle_sockets: int
    idle_settle: float
    histories: tuple[int, ...]
    rounds: int
    calibrated_conversations: int
    recall_turns: tuple[int, ...]
    generated_histories: int
    decisions: int
    governor_users: tuple[int, ...]
    governor_minutes: float
    correlated_rows: int


SIZES: dict[SizeName, Size] = {
    "full": Size(
        first_token_rounds=5,
        first_token_warm_up=10,
        first_token_turns=20,
        delta_rounds=2,
        delta_turns=50,
        delta_seconds=8.0,
        idle_rounds=2,
        idle_sockets=1_000,
        idle_settle=2.0,
        histories=(100, 1_000, 10_000, 100_000),
        rounds=15,
        calibrated_conversations=20,
        recall_turns=(100, 1_000),
        generated_histories=10_000,
        decisions=2_000,
        governor_users=(5, 12, 20),
        governor_minutes=12.0,
        correlated_rows=100_000,
    ),
    "quick": Size(
        first_token_rounds=1,
        first_token_warm_up=10,
        first_token_turns=20,
        delta_rounds=1,
        delta_turns=50,
        delta_seconds=3.0,
        idle_rounds=1,
        idle_sockets=200,
        idle_settle=2.0,
        histories=(100, 1_000),
        rounds=5,
        calibrated_conversations=5,
        recall_turns=(100,),
        generated_histories=200,
        decisions=400,
        governor_users=(20,),
        governor_minutes=2.0,
        correlated_rows=100_000,
    ),
    "smoke": Size(
        first_token_rounds=1,
        first_token_warm_up=1,
        first_token_turns=2,
        delta_rounds=1,
        delta_turns=2,
        delta_seconds=0.5,
        idle_rounds=1,
        idle_sockets=20,
        idle_settle=0.1,
        histories=(20,),
        rounds=1,
        calibrated_conversations=1,
        recall_turns=(60,),
        generated_histories=10,
        decisions=20,
        governor_users=(5,),
        governor_minutes=0.25,
        correlated_rows=200,
    ),
}
