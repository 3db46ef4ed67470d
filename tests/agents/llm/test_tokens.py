from __future__ import annotations

import math

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.llm.correction import Correction
from agents.llm.messages import Message, ReasoningPart, ToolCall, ToolSpec, user_text
from agents.llm.model_families import capabilities_of
from agents.llm.tokens import TokenCounter, Wire, counter_for
from tests.agents.llm.histories import WEATHER, call, calls, result, results, says

O200K = TokenCounter(wire="openai")
CL100K = TokenCounter(encoding="cl100k_base", wire="openai")
CLAUDE = TokenCounter(factor=1.25)


def test_known_texts_have_the_published_counts() -> None:
    # OpenAI cookbook, "How to count tokens with tiktoken".
    assert CL100K.text("antidisestablishmentarianism") == 6
    assert O200K.text("antidisestablishmentarianism") == 6
    assert CL100K.text("2 + 2 = 4") == 7
    assert CL100K.text("お誕生日おめでとう") == 9
    assert O200K.text("お誕生日おめでとう") == 8


@pytest.mark.parametrize(("counter", "published"), [(O200K, 101), (CL100K, 105)])
def test_a_request_with_a_tool_has_the_published_count(counter: TokenCounter, published: int) -> None:
    # OpenAI cookbook, "Counting tokens for tool calls".
    unit = {"type": "string", "description": "The unit of temperature to return", "enum": ["celsius", "fahrenheit"]}
    location = {"type": "string", "description": "The city and state, e.g. San Francisco, CA"}
    tool = ToolSpec(
        name="get_current_weather",
        description="Get the current weather in a given location",
        parameters={"type": "object", "properties": {"location": location, "unit": unit}, "required": ["location"]},
    )
    instructions = "You are a helpful assistant that can answer to questions about the weather."
    question = user_text("What's the weather like in San Francisco?")
    content = counter.instructions(instructions) + counter.tools([tool]) + counter.message(question)
    assert content + counter.overhead == published


def test_special_tokens_are_ordinary_text() -> None:
    assert O200K.text("<|endoftext|>") > 1


def test_lone_surrogates_are_counted() -> None:
    assert O200K.text("\ud800") > 0
    assert O200K.text("half \udfff a pair") > O200K.text("half")


@pytest.mark.parametrize("unit", [" ", "\t", "a", "　"])
def test_a_million_equal_characters_are_counted(unit: str) -> None:
    assert 0 < O200K.text(unit * 1_000_000) <= 1_000_000


def test_slices_cost_almost_nothing() -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 10_000
    exact = len(tiktoken.get_encoding("o200k_base").encode_ordinary(text))
    assert exact <= O200K.text(text) <= exact * 1.0001


def test_a_factor_is_rounded_up_without_float_noise() -> None:
    assert TokenCounter(factor=1.1).text("a" + " a" * 9) == 11
    assert TokenCounter(factor=1.25).text("a") == 2


@given(text=st.text(max_size=200), factor=st.sampled_from([1.0, 1.1, 1.25, 1.5, 2.347]))
@settings(max_examples=100, deadline=None)
def test_a_factor_never_counts_too_little(text: str, factor: float) -> None:
    exact = O200K.text(text) * factor
    assert exact - 1e-6 <= TokenCounter(factor=factor).text(text) <= math.ceil(exact + 1e-6)


@pytest.mark.parametrize("counter", [O200K, CL100K, CLAUDE])
def test_every_part_of_a_message_counts(counter: TokenCounter) -> None:
    bare = counter.message(says("", "Hello."))
    with_call = counter.message(calls("", call("c1"), text="Hello."))
    with_two = counter.message(calls("", call("c1"), call("c2"), text="Hello."))
    longer = counter.message(calls("", call("c1", '{"city":"Reykjavik, which is in Iceland"}'), text="Hello."))
    assert bare < with_call < with_two
    assert with_call < longer


@pytest.mark.parametrize("counter", [O200K, CL100K, CLAUDE])
def test_every_result_counts_its_frame_and_text(counter: TokenCounter) -> None:
    one = counter.message(results("", result("c1", "")))
    two = counter.message(results("", result("c1", ""), result("c2", "")))
    assert 0 < one < two
    assert counter.message(results("", result("c1", "a text"))) > one


def test_reasoning_counts_by_its_text_or_by_the_signature_that_holds_it() -> None:
    def size(text: str, signature: str = "") -> int:
        return CLAUDE.message(Message(role="assistant", parts=(ReasoningPart(text=text, signature=signature),)))

    empty, text = size(""), "Let me think about that."
    assert size(text, "short") == size(text) > empty
    assert size("", "x" * 4_000) - empty == 1_250


def test_empty_instructions_and_no_tools_cost_nothing() -> None:
    for counter in (O200K, CLAUDE):
        assert counter.instructions("") == 0
        assert counter.tools([]) == 0


def test_claude_gets_its_hidden_tool_prompt_once() -> None:
    one, two = CLAUDE.tools([WEATHER]), CLAUDE.tools([WEATHER, WEATHER])
    assert 346 < one < 346 + 100
    assert two - one < 100


def test_a_lone_hello_is_counted_no_lower_than_by_the_provider() -> None:
    # Recorded: 10 up to Claude 4.6, 15 from 4.7.
    for model, reported in (("claude-sonnet-4-5", 10), ("claude-opus-4-7", 15)):
        counter = counter_for("anthropic", capabilities_of("anthropic_messages", model))
        assert reported <= counter.message(user_text("hello, world")) + counter.overhead <= reported + 5


def test_nested_schemas_are_not_free() -> None:
    def tool(items: dict[str, object]) -> ToolSpec:
        nested = {"type": "object", "properties": {"rows": {"type": "array", "items": items}}}
        return ToolSpec(name="put", description="Store.", parameters=nested)

    deep: dict[str, object] = {"type": "object", "properties": {f"field_{n}": {"type": "string"} for n in range(20)}}
    assert O200K.tools([tool(deep)]) > O200K.tools([tool({"type": "string"})]) + 100


@pytest.mark.parametrize(
    ("model", "factor"),
    [
        ("claude-3-opus-20240229", 1.25),
        ("claude-3-5-sonnet-20241022", 1.25),
        ("claude-opus-4-20250514", 1.25),
        ("claude-sonnet-4-5-20250929", 1.25),
        ("anthropic/claude-opus-4.6", 1.25),
        ("claude-opus-4-7", 1.5),
        ("claude-opus-4-10", 1.5),
        ("claude-opus-5", 1.5),
        ("claude-sonnet-5-5", 1.5),
        ("claude-fable-5-1", 1.5),
        ("eu.anthropic.claude-haiku-4-5-v1:0", 1.25),
        ("claude-next", 1.5),
        ("sandbox-claude", 1.25),
        ("some-other-model", 1.5),
    ],
)
def test_counters_of_models_on_anthropics_wire(model: str, factor: float) -> None:
    assert counter_for("anthropic", capabilities_of("anthropic_messages", model)) == TokenCounter(
        factor=factor, wire="anthropic"
    )


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4", "cl100k_base*1@openai"),
        ("gpt-4-turbo", "cl100k_base*1@openai"),
        ("gpt-3.5-turbo", "cl100k_base*1@openai"),
        ("gpt-4o-mini", "o200k_base*1@openai"),
        ("gpt-4.1", "o200k_base*1@openai"),
        ("openai/gpt-5-mini", "o200k_base*1@openai"),
        ("gpt-6.2-sol", "o200k_base*1@openai"),
        ("gpt-oss-120b", "o200k_base*1@openai"),
        ("o4-mini", "o200k_base*1@openai"),
        ("sandbox-gpt", "o200k_base*1@openai"),
        ("claude-opus-4-5", "o200k_base*1.25@openai"),
        ("llama-4-70b", "o200k_base*1.1@openai"),
        ("olmo-2", "o200k_base*1.1@openai"),
    ],
)
def test_counters_of_models_on_openais_wire(model: str, name: str) -> None:
    counter = counter_for("openai", capabilities_of("openai_chat", model))
    assert counter.name == name
    assert counter.wire == "openai"


@pytest.mark.parametrize("wire", ["anthropic", "openai"])
def test_arguments_need_not_be_json(wire: Wire) -> None:
    broken = Message(role="assistant", parts=(ToolCall(id="c", name="f", arguments='{"a":'),))
    assert TokenCounter(wire=wire).message(broken) > 0


CORRECTED = TokenCounter(factor=1.25, correction=Correction(frame=900, messages=1_100))


def test_a_correction_is_applied_to_everything_but_what_rows_keep() -> None:
    said = user_text("Six words are in this sentence.")
    assert CORRECTED.name == CLAUDE.name
    assert CORRECTED.stored_count(said) == CLAUDE.stored_count(said) == CLAUDE.message(said)
    assert CORRECTED.message(said) == CORRECTED.corrected(CLAUDE.message(said)) == math.ceil(1.1 * CLAUDE.message(said))
    assert CORRECTED.text("word " * 100) == math.ceil(1.1 * CLAUDE.text("word " * 100))
    assert CORRECTED.instructions("Be brief.") == math.ceil(0.9 * CLAUDE.instructions("Be brief."))
    assert CORRECTED.tools([WEATHER]) == math.ceil(0.9 * CLAUDE.tools([WEATHER]))
    assert CORRECTED.overhead == math.ceil(0.9 * CLAUDE.overhead)
    assert CORRECTED.instructions("") == CORRECTED.tools([]) == 0


@pytest.mark.parametrize(
    "text",
    [
        "iVBORw0KGgoAAAANSUhEUgAA" * 4_000,
        "0123456789abcdef" * 6_000,
        "👩‍👩‍👧" * 10_000,
        "\n" * 100_000,
        "日本語" * 30_000,
        "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(100_000)),
    ],
    ids=["base64", "hex", "emoji", "line ends", "Japanese", "100,000 ideographs in one run"],
)
def test_no_text_counts_more_tokens_than_bytes(text: str) -> None:
    assert 0 < O200K.text(text) <= len(text.encode())


def test_a_count_with_the_models_own_vocabulary_is_only_ever_corrected_upward() -> None:
    both_ways = Correction(frame=1_200, messages=900)
    assert CLAUDE.corrected_by(both_ways).correction == both_ways
    assert O200K.corrected_by(both_ways).correction == Correction(frame=1_200, messages=1_000)
