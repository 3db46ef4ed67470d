"""A streamed reply, through the vendors' own SDKs, in process and over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from agents.sandbox.accounting import count_tokens
from tests.agents.sandbox.speakers import QUERY_TOOL, Speaker, hear
from tests.agents.sandbox.stage import Stage, until

TEXT = "The quick brown fox\njumps over the lazy dog, naïvely 🦊."


async def test_text_arrives_whole(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, f"echo {TEXT}")
    assert heard.text == TEXT
    assert heard.finish in ("end_turn", "stop")
    assert (stage.newest.outcome, stage.newest.status) == ("complete", 200)


async def test_deltas_arrive_before_the_end_is_said(speaker: Speaker, stage: Stage) -> None:
    stage.gate.hold_after(2)
    hearing = await speaker.ask("long 300")
    seen = []
    async for heard in hearing:
        if heard.text:
            seen.append((heard.finish, stage.newest.outcome))
            stage.gate.open()
    assert seen[0] == (None, "open")
    assert seen[-1][0] in ("end_turn", "stop")
    assert stage.newest.outcome == "complete"


async def test_closing_stops_the_script(speaker: Speaker, stage: Stage) -> None:
    stage.gate.hold_after(3)
    hearing = await speaker.ask("long 300")
    async for heard in hearing:
        if heard.text:
            break
    await hearing.close()
    await until(lambda: stage.newest.outcome == "closed")
    stage.gate.open()
    said = len(stage.gate.rests)
    await asyncio.sleep(0.05)
    assert len(stage.gate.rests) == said < 20


async def test_cancelling_the_reader_stops_the_script(speaker: Speaker, stage: Stage) -> None:
    stage.gate.hold_after(3)
    reading = asyncio.create_task(hear(speaker, "long 300"))
    await until(lambda: len(stage.gate.rests) > 3)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await until(lambda: stage.newest.outcome == "closed")


async def test_usage_is_counted_from_the_wire_and_from_what_was_said(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, f"echo {TEXT}")
    assert heard.usage is not None
    assert heard.usage == (stage.newest.input_tokens, stage.newest.output_tokens)
    text_tokens = count_tokens(f"echo {TEXT}")
    assert text_tokens < heard.usage[0] < 2 * text_tokens + 10
    assert count_tokens(TEXT) <= heard.usage[1] < 2 * count_tokens(TEXT)


async def test_long_gives_about_as_many_tokens_as_asked(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "long 500")
    assert heard.usage is not None
    assert 450 <= heard.usage[1] <= 550


async def test_a_reply_is_cut_at_its_token_cap(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "long 500", max_tokens=50)
    assert heard.finish in ("max_tokens", "length")
    assert heard.usage is not None
    assert 45 <= heard.usage[1] <= 50


async def test_a_tool_call_is_cut_at_the_token_cap_too(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "loop 1", tools=[QUERY_TOOL], max_tokens=16)
    assert heard.finish in ("max_tokens", "length")
    assert heard.usage is not None
    assert heard.usage[1] <= 16


async def test_slow_speaks_at_fifteen_tokens_a_second(speaker: Speaker, stage: Stage) -> None:
    heard = await hear(speaker, "slow long 100")
    assert heard.usage is not None
    assert sum(stage.gate.rests) == pytest.approx(heard.usage[1] / 15, rel=0.02)


async def test_lively_is_short_even_when_long(speaker: Speaker, stage: Stage) -> None:
    await hear(speaker, "long 3000")
    assert 1 < sum(stage.gate.rests) < 10


async def test_a_stop_text_ends_the_reply(speaker: Speaker, stage: Stage) -> None:
    if speaker.name == "responses":  # This wire has none, and neither has its SDK.
        with pytest.raises(TypeError, match="stop"):
            await hear(speaker, "echo one two", stop=["two"])
        return
    name = "stop_sequences" if speaker.name == "messages" else "stop"
    heard = await hear(speaker, "echo one two three four", **{name: ["three", "four"]})
    assert heard.text == "one two "
    assert heard.finish in ("stop_sequence", "stop")


async def test_two_replies_run_at_once(speaker: Speaker, stage: Stage) -> None:
    stage.gate.hold_after(2)
    first, second = await speaker.ask("echo one"), await speaker.ask("echo two")
    stage.gate.open()
    for hearing in (second, first):
        async for _ in hearing:
            pass
    assert (first.heard.text, second.heard.text) == ("one", "two")
