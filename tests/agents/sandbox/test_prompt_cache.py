"""The prompt caches, with a clock that the test holds: unit, and on the three wires."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from agents.sandbox.exchange import Exchange
from agents.sandbox.pace import Pacing
from agents.sandbox.prompt_cache import CachePlan, CacheUse, Prefix, PromptCache
from tests.agents.sandbox.speakers import MessagesSpeaker
from tests.agents.sandbox.stage import Gate, Stage, set_stage, until
from tests.agents.sandbox.wire.posting import HEADERS, post

MARK: dict[str, Any] = {"cache_control": {"type": "ephemeral"}}
HOUR: dict[str, Any] = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
LONG = "word " * 1_200  # 1,500 tokens of sandbox-claude
TOOL: dict[str, Any] = {"name": "query", "input_schema": {"type": "object", "properties": {}}}


@dataclass(kw_only=True)
class Clock:
    now: float = 1_795_348_800.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def timed(clock: Clock, gate: Gate) -> AsyncIterator[Stage]:
    exchange = Exchange(pacing=Pacing(sleep=gate.sleep), clock=clock)
    async with set_stage("in process", gate=gate, exchange=exchange) as ready:
        yield ready


def prefix(name: str, tokens: int, *, life: float = 300) -> Prefix:
    return Prefix(key=name.encode(), tokens=tokens, life=life)


def test_the_cache_is_bounded_and_forgets_what_was_not_used_for_longest() -> None:
    cache = PromptCache(most=2)
    plans = [CachePlan(readable=(p,), writable=(p,)) for p in (prefix(name, 2_000) for name in "abc")]
    for plan in (plans[0], plans[1], plans[0], plans[2]):
        cache.begin(plan, use=cache.look_up(plan, account="x", now=0), account="x", now=0)
    assert len(cache) == 2
    assert [cache.look_up(plan, account="x", now=0).read for plan in plans] == [2_000, 0, 2_000]


def test_with_scaled_time_a_prefix_lives_so_many_times_shorter() -> None:
    cache = PromptCache(time_scale=60)
    plan = CachePlan(readable=(prefix("a", 2_000),), writable=(prefix("a", 2_000),))
    cache.begin(plan, use=CacheUse(written=2_000), account="x", now=0)
    cache.begin(plan, use=cache.look_up(plan, account="x", now=4), account="x", now=4)
    assert [cache.look_up(plan, account="x", now=now).read for now in (8.9, 9)] == [2_000, 0]


def test_a_prefix_ends_with_its_life_and_is_renewed_by_use() -> None:
    cache = PromptCache()
    plan = CachePlan(readable=(prefix("a", 2_000),), writable=(prefix("a", 2_000),))
    cache.begin(plan, use=CacheUse(written=2_000), account="x", now=0)
    assert cache.look_up(plan, account="x", now=300).read == 0
    use = cache.look_up(plan, account="x", now=299)
    assert use == CacheUse(read=2_000)
    cache.begin(plan, use=use, account="x", now=299)
    assert cache.look_up(plan, account="x", now=598).read == 2_000


def body(*turns: Any, **more: Any) -> dict[str, Any]:
    """Turns of user and assistant in turn."""
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": turn} for n, turn in enumerate(turns or ("hello",))]
    return {"model": "sandbox-claude", "max_tokens": 100, "messages": messages, **more}


def text(words: str, **mark: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": words, **mark}]


async def usage(stage: Stage, sent: dict[str, Any], *, path: str = "/v1/messages", key: str = "any") -> dict[str, Any]:
    answer = await post(stage, path, sent, headers={**HEADERS, "authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["usage"])


def claude(used: dict[str, Any]) -> tuple[int, int]:
    """(read, written)"""
    return used["cache_read_input_tokens"], used["cache_creation_input_tokens"]


async def test_a_marked_prefix_is_written_once_and_read_then(timed: Stage) -> None:
    sent = body(system=text(LONG, **MARK))
    first, second = await usage(timed, sent), await usage(timed, sent)
    assert claude(first)[0] == 0
    assert 1_490 < claude(first)[1] < 1_510
    assert claude(second) == (claude(first)[1], 0)
    assert first["input_tokens"] == second["input_tokens"] < 30
    plain = await usage(timed, body(system=text(LONG)))
    assert claude(plain) == (0, 0), "without a mark nothing is cached"
    assert plain["input_tokens"] == sum(claude(first)) + first["input_tokens"], "the whole input is the same"
    assert timed.newest.input_tokens == plain["input_tokens"]


async def test_it_lives_five_minutes_from_its_last_use(timed: Stage, clock: Clock) -> None:
    sent = body(system=text(LONG, **MARK))
    await usage(timed, sent)
    for _ in range(2):
        clock.now += 299
        assert claude(await usage(timed, sent))[0] > 0
    clock.now += 300
    assert claude(await usage(timed, sent))[0] == 0


async def test_an_hour_can_be_asked_for(timed: Stage, clock: Clock) -> None:
    sent = body(text(LONG, **MARK), system=text(LONG, **HOUR))
    first = await usage(timed, sent)
    told = first["cache_creation"]
    assert told["ephemeral_1h_input_tokens"] > 1_400
    assert told["ephemeral_5m_input_tokens"] > 1_400
    assert sum(told.values()) == claude(first)[1]
    clock.now += 3_599
    assert claude(await usage(timed, sent))[0] == told["ephemeral_1h_input_tokens"]


async def test_what_is_shorter_than_the_models_minimum_is_silently_not_cached(timed: Stage) -> None:
    short = "word " * 700
    for model, cached in (("sandbox-claude", False), ("claude-opus-5", True), ("claude-opus-4-6", False)):
        sent = body(model=model, system=text(short, **MARK))
        await usage(timed, sent)
        assert (claude(await usage(timed, sent))[0] > 0) == cached


async def test_accounts_and_models_share_nothing(timed: Stage) -> None:
    sent = body(system=text(LONG, **MARK))
    await usage(timed, sent)
    assert claude(await usage(timed, sent, key="other"))[0] == 0
    assert claude(await usage(timed, {**sent, "model": "claude-opus-5"}))[0] == 0


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({}, 3),
        ({"messages": body("other")["messages"]}, 2),
        ({"output_config": {"effort": "low"}}, 2),
        ({"tool_choice": {"type": "none"}}, 2),
        ({"system": text("new")}, 1),
        ({"tools": [{**TOOL, "description": "new"}]}, 0),
        ({"speed": "fast"}, 0),
    ],
)
async def test_a_change_breaks_the_cache_from_where_it_is(timed: Stage, change: dict[str, Any], read: int) -> None:
    """Tools, system and messages in this order; `read` is how many of the three stay."""
    tool = {**TOOL, "description": LONG, **MARK}
    sent = body(text(LONG, **MARK), tools=[tool], system=text(LONG, **MARK))
    written = claude(await usage(timed, sent))[1]
    if "tools" in change:
        change = {"tools": [{**tool, "description": "new " + LONG}]}
    got = claude(await usage(timed, {**sent, **change}))[0]
    assert round(got / written * 3) == read


async def test_a_conversation_reads_its_earlier_prefix_though_its_mark_has_moved(timed: Stage) -> None:
    await usage(timed, body(text(LONG, **MARK)))
    longer = await usage(timed, body(text(LONG), "Yes.", text("And?", **MARK)))
    assert claude(longer)[0] > 1_400
    assert 0 < claude(longer)[1] < 40


@pytest.mark.parametrize(("blocks", "read"), [(20, True), (21, False)])
async def test_it_looks_back_twenty_blocks(timed: Stage, blocks: int, read: bool) -> None:
    await usage(timed, body([*text(LONG, **MARK)]))
    added = [block for n in range(blocks) for block in text(f"part {n}")]
    added[-1] |= MARK
    assert (claude(await usage(timed, body([*text(LONG), *added])))[0] > 0) == read


async def test_a_mark_of_the_whole_body_is_one_of_its_last_block(timed: Stage) -> None:
    await usage(timed, body(LONG, **MARK))
    assert claude(await usage(timed, body(LONG, **MARK)))[0] > 1_400


async def test_a_prefix_can_be_read_once_the_first_reply_has_begun(timed: Stage, gate: Gate) -> None:
    """A refused request writes nothing; one whose reply is still under way has written."""
    sent = body("fault error_500 1", system=text(LONG, **MARK))
    answer = await post(timed, "/v1/messages", sent)
    assert answer.status_code == 500
    assert claude(await usage(timed, body(system=text(LONG, **MARK))))[0] == 0
    gate.hold_after(len(gate.rests) + 2)
    speaker = MessagesSpeaker(timed)
    system: Any = text("More. " + LONG, **MARK)
    running = await speaker.ask("long 50", system=system)
    async for _ in running:
        if running.heard.text:
            break
    await until(lambda: timed.newest.outcome == "open")
    counted = timed.journal.newest.input_tokens
    gate.open()
    assert counted > 1_400
    assert claude(await usage(timed, body(system=system)))[0] > 1_400


GPT_PATHS = {"chat completions": "/v1/chat/completions", "responses": "/v1/responses"}


def gpt(wire: str, *texts: str, **more: Any) -> dict[str, Any]:
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": words} for n, words in enumerate(texts)]
    return {"model": "sandbox-gpt", "messages" if wire == "chat completions" else "input": messages, **more}


async def cached(stage: Stage, wire: str, sent: dict[str, Any], *, key: str = "any") -> tuple[int, int]:
    used = await usage(stage, sent, path=GPT_PATHS[wire], key=key)
    details = used.get("prompt_tokens_details") or used["input_tokens_details"]
    return details["cached_tokens"], details["cache_write_tokens"]


@pytest.mark.parametrize("wire", GPT_PATHS)
async def test_openai_caches_by_itself_in_steps_of_128(timed: Stage, wire: str, clock: Clock) -> None:
    sent = gpt(wire, LONG)
    total = 1_200
    assert await cached(timed, wire, sent) == (0, 0)
    read, written = await cached(timed, wire, sent)
    assert (read % 128, written) == (0, 0)
    assert total - 128 < read <= timed.newest.input_tokens
    longer, _ = await cached(timed, wire, gpt(wire, LONG, "Yes.", "And?"))
    assert longer == read, "a longer conversation reads what was there before"
    assert (await cached(timed, wire, gpt(wire, "other " + LONG)))[0] == 0
    assert (await cached(timed, wire, sent, key="other"))[0] == 0
    clock.now += 301
    assert (await cached(timed, wire, sent))[0] == 0


@pytest.mark.parametrize("wire", GPT_PATHS)
async def test_openai_caches_nothing_short(timed: Stage, wire: str) -> None:
    for _ in range(2):
        assert await cached(timed, wire, gpt(wire, "word " * 900)) == (0, 0)


@pytest.mark.parametrize("wire", GPT_PATHS)
async def test_newer_models_tell_what_they_wrote_and_keep_it_longer(timed: Stage, wire: str, clock: Clock) -> None:
    sent = gpt(wire, LONG, model="gpt-6-sol")
    read, written = await cached(timed, wire, sent)
    assert read == 0
    assert written % 128 == 0 < written
    clock.now += 1_799
    assert await cached(timed, wire, sent) == (written, 0)


async def test_half_of_a_long_message_can_be_read(timed: Stage) -> None:
    """Steps lie within messages too."""
    await cached(timed, "responses", gpt("responses", LONG * 2))
    read, _ = await cached(timed, "responses", gpt("responses", LONG + "and now something else " * 300))
    assert 1_024 <= read <= 1_200


async def test_another_cache_key_is_another_cache(timed: Stage) -> None:
    sent = gpt("responses", LONG, prompt_cache_key="a")
    await cached(timed, "responses", sent)
    assert (await cached(timed, "responses", {**sent, "prompt_cache_key": "b"}))[0] == 0
    assert (await cached(timed, "responses", sent))[0] > 1_000
