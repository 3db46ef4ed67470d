"""Short answers about the product, found by keywords: the sandbox is no AI, but it need not be rude."""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST_QUESTION = 400
"""Characters: what is longer is a paste and not a question about the product."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    keywords: tuple[str, ...]
    answer: str


_ENTRIES = (
    Entry(
        keywords=(
            "who are you",
            "what are you",
            "are you an ai",
            "are you real",
            "which model",
            "what model",
            "sandbox",
        ),
        answer=(
            "I am the **sandbox**, a stand-in provider. I am no AI: I do not understand what you write. I speak the "
            "wire protocols of real providers, so that everything here can be tried without a key."
        ),
    ),
    Entry(
        keywords=("what can you do", "what can i do", "how does this work", "how do i start", "get started"),
        answer=(
            "This chat runs agents that use tools and stays inside every provider's rate limits. As the sandbox I can "
            "show you each state of it:\n\n"
            "- `long 300` streams a long answer, `slow long 300` at a human pace\n"
            "- `loop 3` calls tools in three rounds, `parallel 4` four at once\n"
            "- `recall WORD` tells whether a word still reaches the model\n"
            "- `fault rate_limit` shows what happens when a provider refuses\n\n"
            "`help` lists everything."
        ),
    ),
    Entry(
        keywords=("token limit", "max output tokens", "left out", "pruned", "forget", "context window", "too long"),
        answer=(
            "The **token limit** is the most input tokens that one model call may carry: instructions, tools and "
            "conversation together. It also caps the reply. Before every call the token limiter leaves out the oldest "
            "turns that do not fit; nothing is deleted, and the inspector lists what was left out and why. The setting "
            "is called *Max Output Tokens*, from 1,000 to 100,000."
        ),
    ),
    Entry(
        keywords=("rate limit", "429", "waiting", "wait", "too many requests", "headroom", "governor"),
        answer=(
            "A provider limits requests and tokens per minute. The **governor** reserves tokens before every call and "
            "lets a call wait its turn instead of being refused; while it waits you see why, how much of the limit is "
            "taken and when it goes on. To see a real refusal, send `fault rate_limit`."
        ),
    ),
    Entry(
        keywords=("settings", "configure", "configuration", "slider"),
        answer=(
            "Settings belong to one provider and model: *Max Output Tokens* (1,000-100,000), *temperature* (0.0-2.0) "
            "and *max iterations* (1-25). Yours are in the settings tab under **Agent Config**; an admin sets the "
            "defaults. A change applies from the next turn on."
        ),
    ),
    Entry(
        keywords=("temperature", "creative"),
        answer=(
            "**Temperature** (0.0-2.0) says how varied a model's words are. It is sent only where the model accepts "
            "it, and kept within the model's range. I always say the same, whatever it is."
        ),
    ),
    Entry(
        keywords=("iteration", "iterations", "agent loop"),
        answer=(
            "An **iteration** is one model call and the tools that it asks for. *Max iterations* (1-25) bounds them "
            "per turn; in the last one tools are forbidden, so that a turn always ends in an answer. Try `loop 30`."
        ),
    ),
    Entry(
        keywords=("api key", "real provider", "connect", "anthropic", "openai", "claude", "gpt"),
        answer=(
            "Add a real provider in the settings or the admin, or set `ANTHROPIC_API_KEY` or `OPENAI_API_KEY` before "
            "the start. Then choose one of its models for the conversation; I step aside."
        ),
    ),
    Entry(
        keywords=("kinds of mismatch", "kind of mismatch", "classes of mismatch", "mismatches"),
        answer=(
            "Two lists are joined by a key, and what disagrees has a class: *value* (a field differs by more than the "
            "tolerance), *timing* (so does a time: one side may only not have caught up), *missing* (only one side has "
            "the record), *duplicate* (a side has it more than once). The match rate is the share of all records that "
            "both sides have once, with all fields the same."
        ),
    ),
    Entry(
        keywords=("hello", "hi", "hey", "good morning", "good evening"),
        answer="Hello. I am the sandbox, a stand-in provider and no AI. Say `help` to see what I can show you.",
    ),
    Entry(
        keywords=("thanks", "thank you"), answer="You are welcome. Nothing here was intelligence, but it was reliable."
    ),
)


def find_answer(question: str) -> str:
    """The answer whose keywords occur most often in `question`; "" if none does or it is too long to be a question."""
    if len(question) > _LONGEST_QUESTION:
        return ""
    words = f" {''.join(c if c.isalnum() else ' ' for c in question.lower())} "
    words = " ".join(words.split()).join("  ")
    scores = [sum(f" {keyword} " in words for keyword in entry.keywords) for entry in _ENTRIES]
    best = max(scores)
    return _ENTRIES[scores.index(best)].answer if best else ""
