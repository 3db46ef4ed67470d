"""Enforced limits as the vendors' SDKs meet them, over a real socket; the clock stands still unless it is moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from agents.sandbox.account import account_of
from agents.sandbox.app import ACCOUNT_PATH, SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.oauth2 import TokenOffice
from agents.sandbox.pace import Pacing
from agents.sandbox.rates.enforced import EnforcedLimits
from agents.sandbox.rates.pool import AnthropicPool, OpenAIPool, Overload, Pool, Ramp
from tests.agents.sandbox.rates.clock import Clock
from tests.agents.sandbox.stage import Gate, serving, until

NOON = 1_795_348_800.0  # 2026-11-22T12:00:00Z
CLAUDE = AnthropicPool(name="c", models=("sandbox-claude",), requests=50, input_tokens=40_000, output_tokens=8_000)
GPT = OpenAIPool(name="g", models=("gpt-4.1",), requests=50, tokens=40_000)


@dataclass(kw_only=True)
class World:
    url: str
    http: httpx2.AsyncClient
    limits: EnforcedLimits
    gate: Gate
    clock: Clock = field(default_factory=Clock)

    def claude(self, key: str = "any") -> anthropic.AsyncAnthropic:
        return anthropic.AsyncAnthropic(api_key=key, max_retries=0, base_url=self.url, http_client=self.http)

    def gpt(self, key: str = "any") -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(api_key=key, max_retries=0, base_url=self.url + "/v1", http_client=self.http)

    async def report(self, key: str = "any", *, method: str = "GET", pool: int = 0) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {key}"}
        answer = await self.http.request(method, self.url + ACCOUNT_PATH, headers=headers)
        assert answer.status_code == 200
        pools: list[dict[str, Any]] = answer.json()["pools"]
        return pools[pool]


@asynccontextmanager
async def world(*pools: Pool, oauth2: TokenOffice | None = None) -> AsyncIterator[World]:
    clock, gate = Clock(), Gate()
    limits = EnforcedLimits(pools, clock=clock)
    exchange = Exchange(limits=limits, pacing=Pacing(sleep=gate.sleep), clock=lambda: NOON)
    app = SandboxApp(exchange=exchange, oauth2=oauth2)
    async with serving(app) as url, httpx2.AsyncClient(timeout=60, trust_env=False) as http:
        yield World(url=url, http=http, limits=limits, gate=gate, clock=clock)


async def say(client: anthropic.AsyncAnthropic, text: str = "echo hi") -> Any:
    """The raw response; `max_tokens` plays no part."""
    return await client.messages.with_raw_response.create(
        model="sandbox-claude", max_tokens=60_000, messages=[{"role": "user", "content": text}]
    )


async def ask(client: openai.AsyncOpenAI, text: str = "echo hi", *, cap: int = 100) -> Any:
    return await client.chat.completions.with_raw_response.create(
        model="gpt-4.1", max_tokens=cap, messages=[{"role": "user", "content": text}]
    )


def words(count: int) -> str:
    """So many tokens of o200k_base, and a wish for a short answer."""
    return "word " * count + "\necho hi"


def rates(headers: httpx2.Headers) -> dict[str, str]:
    return {name: value for name, value in headers.items() if "ratelimit" in name}


async def test_anthropics_headers() -> None:
    async with world(CLAUDE) as ready:
        answer = await say(ready.claude(), words(10_000))
        tokens = (await ready.report())["input_tokens"]
    assert 12_000 < tokens < 13_500, "of 40,000, so that 27,000 and some hundred are left"
    left = round((40_000 - tokens) / 1_000) * 1_000
    assert rates(answer.headers) == {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-11-22T12:00:02Z",
        "anthropic-ratelimit-input-tokens-limit": "40000",
        "anthropic-ratelimit-input-tokens-remaining": str(left),
        "anthropic-ratelimit-input-tokens-reset": f"2026-11-22T12:00:{-(-tokens * 60 // 40_000)}Z",
        "anthropic-ratelimit-output-tokens-limit": "8000",
        "anthropic-ratelimit-output-tokens-remaining": "8000",
        "anthropic-ratelimit-output-tokens-reset": "2026-11-22T12:00:00Z",
        "anthropic-ratelimit-tokens-limit": "48000",
        "anthropic-ratelimit-tokens-remaining": str(round((48_000 - tokens) / 1_000) * 1_000),
        "anthropic-ratelimit-tokens-reset": f"2026-11-22T12:00:{-(-tokens * 60 // 40_000)}Z",
    }


async def test_anthropics_429_of_input() -> None:
    async with world(CLAUDE) as ready:
        await say(ready.claude(), words(30_000))
        with pytest.raises(anthropic.RateLimitError) as caught:
            await say(ready.claude(), words(10_000))
        report = await ready.report()
    assert (caught.value.type, caught.value.error_code) == ("rate_limit_error", None)
    assert "would exceed your organization's rate limit of 40,000 input tokens per minute." in str(caught.value)
    headers = caught.value.response.headers
    assert 12 < int(headers["retry-after"]) < 19
    assert "retry-after-ms" not in headers
    assert headers["anthropic-ratelimit-requests-remaining"] == "49"
    assert (report["admitted"], report["refused"]) == (1, {"input_tokens": 1})


async def test_anthropics_output_is_taken_while_a_reply_is_under_way() -> None:
    async with world(CLAUDE) as ready:
        ready.gate.hold_after(3)
        stream = await ready.claude().messages.create(
            model="sandbox-claude",
            max_tokens=20_000,
            messages=[{"role": "user", "content": "long 9000"}],
            stream=True,
        )
        await until(lambda: len(ready.gate.rests) > 3)
        early = (await ready.report())["output_tokens"]
        ready.gate.open()
        events = [event async for event in stream]
        report = await ready.report()
        with pytest.raises(anthropic.RateLimitError, match="8,000 output tokens per minute"):
            await say(ready.claude())
    usage = next(event.usage for event in events if event.type == "message_delta")
    assert 0 < early < report["output_tokens"] == usage.output_tokens
    assert report["remaining"]["output_tokens"] == 8_000 - usage.output_tokens <= 0


async def test_a_cached_prefix_is_free_on_anthropics_wire() -> None:
    async with world(CLAUDE) as ready:
        system: list[anthropic.types.TextBlockParam] = [
            {"type": "text", "text": "word " * 10_000, "cache_control": {"type": "ephemeral"}}
        ]
        usages = []
        for _ in range(2):
            reply = await ready.claude().messages.create(
                model="sandbox-claude",
                max_tokens=100,
                system=system,
                messages=[{"role": "user", "content": "echo hi"}],
            )
            usages.append(reply.usage)
        report = await ready.report()
    assert usages[1].cache_read_input_tokens == report["cached_tokens"] > 12_000
    assert report["charged_tokens"] == report["input_tokens"] - report["cached_tokens"]
    assert report["remaining"]["input_tokens"] == 40_000 - report["charged_tokens"]


async def test_openais_headers() -> None:
    async with world(GPT) as ready:
        answer = await ask(ready.gpt(), cap=20_000 - 9)
        tokens = (await ready.report())["charged_tokens"]
    reply = answer.parse()
    assert tokens == reply.usage.prompt_tokens + 20_000 - 9
    reset = f"{tokens * 60 / 40_000:.3f}".rstrip("0").rstrip(".") + "s"
    assert rates(answer.headers) == {
        "x-ratelimit-limit-requests": "50",
        "x-ratelimit-remaining-requests": "49",
        "x-ratelimit-reset-requests": "1.2s",
        "x-ratelimit-limit-tokens": "40000",
        "x-ratelimit-remaining-tokens": str(40_000 - tokens),
        "x-ratelimit-reset-tokens": reset,
    }


async def test_openais_429_of_tokens() -> None:
    async with world(replace(GPT, tokens=30_000)) as ready:
        input_tokens = (await ask(ready.gpt())).parse().usage.prompt_tokens
        await ask(ready.gpt(), cap=14_567 - 100 - 2 * input_tokens)
        with pytest.raises(openai.RateLimitError) as caught:
            await ask(ready.gpt(), cap=24_754 - input_tokens)
        ready.clock.pass_(18.642)
        await ask(ready.gpt(), cap=24_754 - input_tokens)
    assert (caught.value.type, caught.value.code, caught.value.param) == ("tokens", "rate_limit_exceeded", None)
    assert str(caught.value) == (
        "Error code: 429 - Rate limit reached for gpt-4.1 in organization org-sandbox on tokens per min (TPM): "
        "Limit 30000, Used 14567, Requested 24754. Please try again in 18.642s."
    )
    headers = caught.value.response.headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("19", "18642")
    assert (headers["x-ratelimit-remaining-tokens"], headers["x-ratelimit-reset-tokens"]) == ("15433", "29.134s")
    assert headers["x-ratelimit-remaining-requests"] == "47", "what is refused has been a request too"


async def test_openais_request_that_is_too_large() -> None:
    async with world(replace(GPT, tokens=30_000)) as ready:
        with pytest.raises(openai.RateLimitError) as caught:
            await ready.gpt().responses.create(model="gpt-4.1", input="echo hi", max_output_tokens=30_000)
    assert str(caught.value).startswith("Error code: 429 - Request too large for gpt-4.1 in organization org-")
    assert "on tokens per min (TPM): Limit 30000, Requested 300" in str(caught.value)
    assert "retry-after" not in caught.value.response.headers


async def test_openais_429_of_requests() -> None:
    async with world(replace(GPT, requests=60, spaced_requests=True)) as ready:
        await ask(ready.gpt())
        with pytest.raises(openai.RateLimitError) as caught:
            await ask(ready.gpt())
        ready.clock.pass_(1)
        await ask(ready.gpt())
    assert caught.value.type == "requests"
    assert "requests per min (RPM): Limit 60, Used 60, Requested 1. Please try again in 1s." in str(caught.value)


async def test_a_request_that_breaks_a_rule_is_told_the_levels_and_counts_on_openais_wires() -> None:
    async with world(CLAUDE, GPT) as ready:
        with pytest.raises(anthropic.BadRequestError) as refused:
            await say(ready.claude(), "")
        with pytest.raises(openai.BadRequestError) as caught:
            await ask(ready.gpt(), cap=1_000_000)
        claude, gpt = await ready.report(), await ready.report(pool=1)
    assert refused.value.response.headers["anthropic-ratelimit-requests-remaining"] == "50"
    assert caught.value.response.headers["x-ratelimit-remaining-requests"] == "49"
    assert [(pool["admitted"], pool["failed"], pool["rate_limited"]) for pool in (claude, gpt)] == [(0, 1, 0)] * 2


async def test_spend_caps() -> None:
    claude = AnthropicPool(name="c", models=("*",), spend_cap=5)
    gpt = OpenAIPool(name="g", models=("*",), spend_cap=5)
    async with world(claude, gpt) as ready:
        await say(ready.claude())
        with pytest.raises(anthropic.EnforcedSpendLimitReachedError) as spent:
            await say(ready.claude())
        await ask(ready.gpt())
        with pytest.raises(openai.RateLimitError) as caught:
            await ask(ready.gpt())
    assert "retry-after" not in spent.value.response.headers
    assert (caught.value.type, caught.value.code) == ("insufficient_quota", "insufficient_quota")
    assert "retry-after" not in caught.value.response.headers


async def test_too_sharp_a_rise() -> None:
    ramp = Ramp(free=150)
    claude, gpt = AnthropicPool(name="c", models=("*",), ramp=ramp), OpenAIPool(name="g", models=("*",), ramp=ramp)
    async with world(claude, gpt) as ready:
        ready.clock.pass_(100)
        await say(ready.claude(), words(90))
        await ask(ready.gpt(), cap=100)
        ready.clock.pass_(19.5)
        with pytest.raises(anthropic.RampLimitExceededError) as rose:
            await say(ready.claude(), words(90))
        with pytest.raises(openai.RateLimitError) as caught:
            await ask(ready.gpt(), cap=100)
    assert rose.value.response.headers["retry-after"] == "41"
    assert (caught.value.code, caught.value.response.headers["retry-after"]) == ("slow_down", "41")


async def test_an_overloaded_provider() -> None:
    overload = Overload(every=2)
    pools = (
        AnthropicPool(name="c", models=("*",), overload=overload),
        OpenAIPool(name="g", models=("*",), overload=overload),
    )
    async with world(*pools) as ready:
        await say(ready.claude())
        with pytest.raises(anthropic.OverloadedError):
            await say(ready.claude())
        await ask(ready.gpt())
        with pytest.raises(openai.InternalServerError) as caught:
            await ask(ready.gpt())
        reports = [await ready.report(pool=number) for number in (0, 1)]
    assert (caught.value.status_code, caught.value.code) == (503, "server_is_overloaded")
    assert [(report["admitted"], report["overloaded"], report["rate_limited"]) for report in reports] == [(1, 1, 0)] * 2


async def test_clients_with_one_key_share_an_account_and_others_do_not() -> None:
    pool = AnthropicPool(name="c", models=("*",), requests=2)
    async with world(pool) as ready, httpx2.AsyncClient(timeout=60, trust_env=False) as another:
        second = anthropic.AsyncAnthropic(auth_token="any", max_retries=0, base_url=ready.url, http_client=another)
        await say(ready.claude())
        await say(second)
        for client in (ready.claude(), second):
            with pytest.raises(anthropic.RateLimitError):
                await say(client)
        await say(ready.claude("another key"))
        mine, other = await ready.report(), await ready.report("another key")
    assert (mine["admitted"], mine["rate_limited"]) == (2, 2)
    assert (other["admitted"], other["rate_limited"]) == (1, 0)


async def test_the_judge_over_http_and_in_process_says_the_same_and_can_begin_anew() -> None:
    async with world(CLAUDE, GPT) as ready:
        await say(ready.claude())
        told = await ready.report(method="DELETE")
        after = await ready.report()
        in_process = ready.limits.report(account=account_of("any"))[0].to_dict()
    assert told["admitted"] == 1
    assert told["limits"] == {"requests": 50, "input_tokens": 40_000, "output_tokens": 8_000}
    assert told["highest_use"] == {
        "requests": 1,
        "input_tokens": told["input_tokens"],
        "output_tokens": told["output_tokens"],
    }
    assert after == in_process
    assert (after["admitted"], after["highest_use"], after["remaining"]) == (0, {}, told["remaining"])


async def test_the_judge_wants_a_credential_and_one_of_two_methods() -> None:
    async with world(CLAUDE) as ready:
        assert (await ready.http.get(ready.url + ACCOUNT_PATH)).status_code == 401
        headers = {"authorization": "Bearer any"}
        assert (await ready.http.post(ready.url + ACCOUNT_PATH, headers=headers)).status_code == 404


async def test_all_tokens_of_an_oauth2_client_are_one_account() -> None:
    office = TokenOffice(client_id="me", client_secret="secret")
    async with world(CLAUDE, oauth2=office) as ready:
        form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "secret"}
        tokens = []
        for _ in range(2):
            token = (await ready.http.post(ready.url + "/oauth2/token", data=form)).json()["access_token"]
            client = anthropic.AsyncAnthropic(
                auth_token=token, max_retries=0, base_url=ready.url, http_client=ready.http
            )
            await say(client)
            tokens.append(token)
        report = await ready.report(tokens[0])
    assert tokens[0] != tokens[1]
    assert report["admitted"] == 2
