"""What is said when no word was."""

from __future__ import annotations

import pytest

from agents.sandbox.script.faq import find_answer
from tests.agents.sandbox.speakers import QUERY_TOOL, MessagesSpeaker, Speaker, hear
from tests.agents.sandbox.stage import Stage


async def test_anything_else_gets_an_honest_answer(near_speaker: Speaker) -> None:
    heard = await hear(near_speaker, "Why is the sky blue?", tools=[QUERY_TOOL])
    assert "no AI" in heard.text
    assert "tools to call: 1 (`query`)" in heard.text
    assert heard.usage is not None
    assert f"{heard.usage[0]:,} tokens (messages: 1)" in heard.text
    assert not heard.calls


async def test_the_same_question_gets_the_same_answer(near_speaker: Speaker) -> None:
    first, second = [await hear(near_speaker, "Why is the sky blue?") for _ in range(2)]
    assert first == second


@pytest.mark.parametrize(
    ("question", "part"),
    [
        ("What can you do?", "shows what happens when a provider refuses"),
        ("what is the token limit", "Max Output Tokens"),
        ("Why am I waiting? Is it a rate limit?", "governor"),
        ("Where are the settings?", "Agent Config"),
        ("What does temperature do?", "0.0-2.0"),
        ("what are iterations", "model call"),
        ("How do I connect OpenAI?", "OPENAI_API_KEY"),
        ("Are you an AI?", "stand-in"),
        ("Which kinds of mismatch do you look for?", "duplicate"),
        ("Hi!", "Hello"),
        ("thanks", "welcome"),
    ],
)
def test_questions_about_the_product(question: str, part: str) -> None:
    assert part in find_answer(question)


@pytest.mark.parametrize("question", ["", "Why is the sky blue?", "this thing", "rate limit " * 100])
def test_other_questions_have_no_ready_answer(question: str) -> None:
    assert find_answer(question) == ""


async def test_a_reply_can_be_asked_for_without_any_text(near_speaker: Speaker) -> None:
    """A conversation whose only text is an image is legal."""
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    url = {"type": "image_url", "image_url": {"url": "data:,"}}
    flat = {"type": "input_image", "image_url": "data:,"}
    content = [{"messages": image, "chat completions": url, "responses": flat}[near_speaker.name]]
    heard = await hear(near_speaker, "", history=[{"role": "user", "content": content}])
    assert "no AI" in heard.text


async def test_the_newest_text_is_the_question_even_in_one_message_with_older_ones(near_stage: Stage) -> None:
    """A client of the Messages API has to merge what a user wrote twice in a row."""
    texts = [{"type": "text", "text": text} for text in ("My cat is called Zebra.", "recall zebra")]
    heard = await hear(MessagesSpeaker(near_stage), "", history=[{"role": "user", "content": texts}])
    assert heard.text.startswith("Yes:")
