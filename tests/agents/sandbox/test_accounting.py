from __future__ import annotations

import base64
from typing import Any

from agents.sandbox.accounting import count_tokens, first_tokens
from agents.sandbox.claude_tokens import messages_input_tokens
from agents.sandbox.gpt_tokens import chat_input_tokens, responses_input_tokens
from agents.sandbox.served import CLAUDE_FACTOR
from tests.agents.sandbox.test_image_size import png


def claude(**body: Any) -> int:
    return messages_input_tokens(body, factor=CLAUDE_FACTOR)


def test_a_lone_hello_world_counts_ten_on_claude() -> None:
    assert claude(messages=[{"role": "user", "content": "hello, world"}]) == 10


def test_text_counts_the_same_as_a_string_and_as_blocks() -> None:
    blocks = [{"type": "text", "text": "hello, world"}]
    plain = claude(system="be brief", messages=[{"role": "user", "content": "hello, world"}])
    assert (
        claude(system=[{"type": "text", "text": "be brief"}], messages=[{"role": "user", "content": blocks}]) == plain
    )


def test_tools_bring_their_schema_and_a_hidden_prompt() -> None:
    message = {"role": "user", "content": "hello, world"}
    tool: dict[str, Any] = {
        "name": "get_weather",
        "description": "Get the current weather in a given location",
        "input_schema": {
            "type": "object",
            "properties": {
                "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["location"],
        },
    }
    with_tool = claude(messages=[message], tools=[tool])
    assert 380 < with_tool < 470
    assert claude(messages=[message], tools=[{**tool, "cache_control": {"type": "ephemeral"}}]) == with_tool


def test_calls_and_results_count() -> None:
    call = {"type": "tool_use", "id": "a", "name": "query", "input": {"text": "x"}}
    result = {"type": "tool_result", "tool_use_id": "a", "content": "word " * 100}
    bare = [{"role": "user", "content": "x"}, {"role": "assistant", "content": []}, {"role": "user", "content": []}]
    full = [bare[0], {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    assert 125 < claude(messages=full) - claude(messages=bare) < 170


def test_an_image_counts_by_its_size_and_the_rule_of_its_vendor() -> None:
    data = base64.b64encode(png(2_000, 1_000)).decode()
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
    result = {"type": "tool_result", "tool_use_id": "a", "content": [image]}
    asked = [{"role": "user", "content": [image]}]
    assert claude(model="claude-sonnet-4-5", messages=asked) == 1_568 + 6
    assert claude(model="claude-opus-4-7", messages=asked) == 2_592 + 6
    assert claude(messages=[{"role": "user", "content": [result]}]) == 1_568 + 6 + 8
    url = f"data:image/png;base64,{data}"
    assert chat(url=url) == 85 + 170 * 6
    assert chat(url=url, detail="low") == 85
    part = {"type": "input_image", "image_url": url}
    bare, seen = ({"model": "gpt-4o", "input": [{"role": "user", "content": parts}]} for parts in ([], [part]))
    assert responses_input_tokens(seen) - responses_input_tokens(bare) == 85 + 170 * 6


def chat(**image: str) -> int:
    """What an image adds for gpt-4o."""
    part = {"type": "image_url", "image_url": image}
    bare, seen = ({"model": "gpt-4o", "messages": [{"role": "user", "content": parts}]} for parts in ([], [part]))
    return chat_input_tokens(seen) - chat_input_tokens(bare)


def test_an_image_without_a_size_counts_flat_and_not_as_text() -> None:
    assert chat(url="https://example.org/cat.png") == 1_600
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 400_000}}
    assert claude(messages=[{"role": "user", "content": [image]}]) == 1_606


def test_openai_counts_by_the_cookbook() -> None:
    """The cookbook's own example: 3 per message, the role, the content, 3 for the reply."""
    messages = [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": "Hello!"}]
    expected = sum(3 + count_tokens(m["role"]) + count_tokens(m["content"]) for m in messages) + 3
    assert chat_input_tokens({"messages": messages}) == expected == 19


def test_openai_counts_a_name_and_tools_by_the_cookbook() -> None:
    named = {"messages": [{"role": "user", "content": "x", "name": "ann"}]}
    plain = {"messages": [{"role": "user", "content": "x"}]}
    assert chat_input_tokens(named) - chat_input_tokens(plain) == count_tokens("ann") + 1
    unit = {"type": "string", "description": "The unit.", "enum": ["a", "b"]}
    function = {"name": "f", "description": "Do it.", "parameters": {"type": "object", "properties": {"unit": unit}}}
    tools = {**plain, "tools": [{"type": "function", "function": function}]}
    expected = 7 + count_tokens("f:Do it") + 3 + 3 + count_tokens("unit:string:The unit") - 3 + 2 * (3 + 1) + 12
    assert chat_input_tokens(tools) - chat_input_tokens(plain) == expected


def test_the_first_tokens_of_a_text_tear_no_character() -> None:
    text = "naïve 🦊🦊🦊 日本語"
    for count in range(count_tokens(text) + 2):
        start = first_tokens(text, count)
        assert text.startswith(start)
        assert count_tokens(start) <= count


def test_what_looks_like_a_special_token_is_text() -> None:
    assert count_tokens("<|endoftext|>") > 1
