"""The providers that our counts are measured against: as was recorded, the same each time, and not our formula."""

from __future__ import annotations

from random import Random
from statistics import quantiles

import pytest

from agents.llm.messages import Message, ReasoningPart, TextPart, ToolCall, ToolResult, user_text
from agents.llm.tokens import TokenCounter
from agents.roster import DEFAULT_AGENT
from bench.corpora import Kind, corpus, passage
from bench.provider_counts import RECORDED, Generation, OtherVocabulary, RecordedRatios, output_tokens, total

WORDS = TokenCounter()
TEXT = "The quick brown fox jumps over the lazy dog. " * 20


@pytest.mark.parametrize("generation", ["≤ 4.6", "≥ 4.7"])
@pytest.mark.parametrize("kind", ["English", "German", "Chinese", "code", "JSON"])
def test_ratios_are_drawn_as_they_were_recorded(generation: Generation, kind: Kind) -> None:
    recorded = RECORDED[generation][kind]
    count = RecordedRatios(generation, random=Random(1), common=0.0)
    drawn = [count(TEXT, kind=kind, source=str(n)) / WORDS.raw(TEXT) for n in range(4_000)]
    cuts = quantiles(drawn, n=100)
    assert cuts[9] == pytest.approx(recorded.p10, rel=0.02)
    assert cuts[49] == pytest.approx(recorded.median, rel=0.02)
    assert cuts[98] == pytest.approx(recorded.p99, rel=0.04)


def test_a_text_keeps_its_ratio_when_it_is_cut_and_others_have_their_own() -> None:
    count = RecordedRatios("≥ 4.7", random=Random(1), common=0.5)
    whole, half = (count(text, kind="code", source="one") / WORDS.raw(text) for text in (TEXT, TEXT[:450]))
    assert whole == pytest.approx(half)
    assert count(TEXT, kind="code", source="two") != count(TEXT, kind="code", source="one")


def test_what_is_in_common_brings_the_texts_of_a_conversation_together() -> None:
    def spread(common: float) -> float:
        count = RecordedRatios("≥ 4.7", random=Random(1), common=common)
        drawn = [count(TEXT, kind="JSON", source=str(n)) for n in range(500)]
        return (max(drawn) - min(drawn)) / min(drawn)

    assert spread(1.0) == pytest.approx(0)
    assert spread(0.5) < spread(0.0)


def test_everything_that_is_sent_is_in_the_total() -> None:
    said = user_text("Six words are in this sentence.", id="q")
    called = Message(role="assistant", parts=(ToolCall(id="c", name="f", arguments='{"x":1}'),), id="a")
    came = Message(role="tool", parts=(ToolResult(call_id="c", name="f", text="cold"),), id="t")
    thought = Message(role="assistant", parts=(ReasoningPart(text="hm"), TextPart(text="Cold.")), id="r")
    kinds: dict[str, Kind] = {"q": "English", "a": "JSON", "t": "JSON", "r": "English"}

    def size(*messages: Message, instructions: str = "", tools: bool = False) -> int:
        specs = DEFAULT_AGENT.tools.specs if tools else ()
        return total(messages, kinds=kinds, instructions=instructions, tools=specs, count=OtherVocabulary())

    sizes = [size(said), size(said, called), size(said, called, came), size(said, called, came, thought)]
    assert sizes == sorted(set(sizes))
    assert size(said, instructions="Be brief.") > size(said)
    assert size(said, tools=True) > size(said) + 100


@pytest.mark.parametrize("kind", ["English", "German", "Chinese", "code", "JSON"])
def test_there_is_enough_text_of_every_kind_and_the_same_piece_each_time(kind: Kind) -> None:
    assert len(corpus(kind)) > 5_000
    one, again = (passage(kind, characters=900, random=Random(3)) for _ in range(2))
    assert one == again
    assert len(one) == (300 if kind == "Chinese" else 900)


def test_of_a_reply_its_content_is_told_and_not_what_frames_it() -> None:
    reply = Message(role="assistant", parts=(ReasoningPart(text="hm"), TextPart(text=TEXT)), id="r")
    count = OtherVocabulary()
    kinds: dict[str, Kind] = {"r": "English"}
    told = output_tokens(reply, kinds=kinds, count=count)
    assert told == count(TEXT, kind="English", source="r")
    bare, sent = (total(messages, kinds=kinds, instructions="", tools=(), count=count) for messages in ((), (reply,)))
    assert told < sent - bare < told + 10
