from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from agents.sandbox.account import account_of
from agents.sandbox.exchange import Exchange
from agents.sandbox.limits import (
    Admission,
    BucketLevel,
    Demand,
    Refusal,
    Unlimited,
    go_duration,
    rate_headers,
    whole_seconds,
)
from agents.sandbox.pace import Pacing
from agents.sandbox.served import ServedModel
from tests.agents.sandbox.speakers import ChatSpeaker, MessagesSpeaker, Speaker
from tests.agents.sandbox.stage import Gate, set_stage
from tests.agents.sandbox.wire.posting import HEADERS, post

NOON = 1_795_348_800.5  # 2026-11-22T12:00:00.5Z
LEVELS = (
    BucketLevel(dimension="requests", limit=50, remaining=48.9, full_in=2.4),
    BucketLevel(dimension="input_tokens", limit=30_000, remaining=12_499, full_in=35),
)


def test_anthropic_headers() -> None:
    assert rate_headers(LEVELS, vendor="anthropic", now=NOON) == {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "48",
        "anthropic-ratelimit-requests-reset": "2026-11-22T12:00:03Z",
        "anthropic-ratelimit-input-tokens-limit": "30000",
        "anthropic-ratelimit-input-tokens-remaining": "12000",
        "anthropic-ratelimit-input-tokens-reset": "2026-11-22T12:00:36Z",
    }


def test_openai_headers() -> None:
    levels = (
        BucketLevel(dimension="requests", limit=500, remaining=499, full_in=0.12),
        BucketLevel(dimension="tokens", limit=30_000, remaining=-1, full_in=60),
    )
    assert rate_headers(levels, vendor="openai", now=NOON) == {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "120ms",
        "x-ratelimit-limit-tokens": "30000",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "1m0s",
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0s"),
        (0, "0s"),
        (0.0004, "0s"),
        (0.12, "120ms"),
        (1, "1s"),
        (8.64, "8.64s"),
        (59.9996, "1m0s"),
        (90, "1m30s"),
        (179.56, "2m59.56s"),
        (360, "6m0s"),
        (3600, "1h0m0s"),
    ],
)
def test_go_durations(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text


@pytest.mark.parametrize(("seconds", "told"), [(0, 1), (0.2, 1), (1, 1), (1.0000000001, 1), (1.01, 2), (23, 23)])
def test_retry_after_is_rounded_up(seconds: float, told: int) -> None:
    assert whole_seconds(seconds) == told


@dataclass(kw_only=True)
class OneRequestEach(Unlimited):
    """Limits of the least kind: every account may ask once."""

    seen: set[str] = field(default_factory=set)
    produced_tokens: dict[str, int] = field(default_factory=dict)

    def admit(self, *, account: str, model: ServedModel, demand: Demand) -> Admission:
        level = BucketLevel(dimension="requests", limit=1, remaining=0, full_in=60)
        if account in self.seen:
            return Admission(
                levels=(level,), refusal=Refusal(model=model.id, level=level, requested=1, retry_after=59.2)
            )
        self.seen.add(account)
        return Admission(levels=(level,))

    def produced(self, *, account: str, model: ServedModel, output_tokens: int) -> None:
        self.produced_tokens[account] = self.produced_tokens.get(account, 0) + output_tokens


@pytest.mark.parametrize("kind", [MessagesSpeaker, ChatSpeaker])
async def test_enforced_limits_take_their_place(kind: type[MessagesSpeaker | ChatSpeaker]) -> None:
    limits = OneRequestEach()
    exchange = Exchange(limits=limits, pacing=Pacing(sleep=Gate().sleep), clock=lambda: NOON)
    async with set_stage("in process", gate=Gate(), exchange=exchange) as stage:
        speaker: Speaker = kind(stage)
        body = {"model": speaker.model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
        first, second = [await post(stage, speaker.path, body) for _ in range(2)]
        other = await post(stage, speaker.path, body, headers={**HEADERS, "authorization": "Bearer other"})
    assert [answer.status_code for answer in (first, second, other)] == [200, 429, 200]
    name = "anthropic-ratelimit-requests-limit" if kind is MessagesSpeaker else "x-ratelimit-limit-requests"
    assert [answer.headers[name] for answer in (first, second)] == ["1", "1"]
    assert second.headers["retry-after"] == "60"
    assert limits.produced_tokens.keys() == {account_of("any"), account_of("other")}
    assert all(0 < tokens <= 9 for tokens in limits.produced_tokens.values())
