"""What a model can still reach of a long conversation: in what it is sent, or with the `recall` tool.

Facts stand in questions, answers and tool results, some of them in the middle of a result of which the model only ever
got an extract. For each, the tool is asked once, with the words that a question about it would have.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace

from accounts.models import User
from agents.llm.messages import Message, TextPart, ToolCall, ToolResult, user_text
from agents.llm.tools import ToolSet, run_tool
from agents.models import LanguageModel, Wire
from agents.roster import DEFAULT_AGENT
from agents.setting_ranges import SettingValues
from bench import conversations, people
from bench.sizes import Size
from bench.table import Row, percent
from chat import context, recall_reader, stored_results
from chat.models import Conversation, Turn

TITLE = "Facts that stay within reach"
FACTS = 40
LIMIT = 8_192  # tokens
TARGET = 0.95


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Said in turn `turn` of the conversation; `code` is what must be found again."""

    number: int
    turn: int
    code: str

    @property
    def text(self) -> str:
        return f"The {_COLOURS[self.number % 8]} {_THINGS[self.number // 8]} answers to code {self.code}."

    @property
    def words(self) -> str:
        return f"code of the {_COLOURS[self.number % 8]} {_THINGS[self.number // 8]}"


_COLOURS = ("amber", "blue", "crimson", "dun", "ebony", "fawn", "green", "hazel")
_THINGS = ("lighthouse", "tugboat", "windmill", "aqueduct", "observatory")


def measure(size: Size) -> list[Row]:
    person = people.make_person("recall")
    model = people.sandbox_model(Wire.ANTHROPIC_MESSAGES)
    return [_row(person.user, model, turns=turns) for turns in size.recall_turns]


def _row(user: User, model: LanguageModel, *, turns: int) -> Row:
    facts = [Fact(number=n, turn=n * turns // FACTS, code=f"{7919 * (n + 13) % 90_000 + 10_000}") for n in range(FACTS)]
    talk = _told(user, model, facts, turns=turns)
    sent = json.dumps([message.to_dict() for message in talk.sent])
    in_sight = {fact.number for fact in facts if fact.code in sent}
    recalled = {fact.number for fact in facts if fact.code in asyncio.run(_recall(talk.tools, fact.words))}
    reached = len(in_sight | recalled) / FACTS
    return Row(
        what=f"{FACTS} facts over {turns} turns at {LIMIT:,} tokens: in what is sent, or recalled",
        ours=percent(reached),
        baseline=f"{percent(len(in_sight) / FACTS)} (in what is sent)",
        compared=f"{percent(len(recalled) / FACTS)} by recall alone",
        target=f"≥ {percent(TARGET)}",
        met=reached >= TARGET,
    )


@dataclass(frozen=True, kw_only=True)
class _Talk:
    sent: tuple[Message, ...]
    tools: ToolSet


def _told(user: User, model: LanguageModel, facts: list[Fact], *, turns: int) -> _Talk:
    """A conversation in which all of that was said, and the turn that comes after it."""
    values = SettingValues(max_output_tokens=LIMIT, temperature=0.7, max_iterations=15)
    conversation = Conversation.objects.create(owner=user, model=model, title=f"{turns} turns")
    limiter = context.limiter_for(agent=DEFAULT_AGENT, model=model, values=values)
    said = {fact.turn: fact for fact in facts}
    messages: list[Message] = []
    for turn in range(turns):
        for message in _turn(turn, said.get(turn)):
            if message.role == "tool":
                answer, place = messages[-1], Turn(conversation=conversation)
                kept = stored_results.keep(message.tool_results[0], answer=answer, turn=place, limiter=limiter)
                if kept.store:
                    kept.store()
                message = replace(message, parts=(kept.result,))  # noqa: PLW2901 - as it is stored
            messages.append(message)
    messages.append(user_text("And what do you remember of all that?", id=str(uuid.uuid4())))
    branch = conversations.store(messages, conversation=conversation, counter=limiter.counter, keep_ids=True)
    loaded = context.load(branch=branch, agent=DEFAULT_AGENT, model=model, values=values)
    sent = loaded.build(is_last=False).request.messages
    return _Talk(sent=sent, tools=recall_reader.bound_tools(loaded, conversation=conversation))


def _turn(number: int, fact: Fact | None) -> Iterator[Message]:
    """One in three facts is the user's, one the model's, one a tool's: every other of those deep in a long result."""
    place = ("question", "answer", "result")[fact.number % 3] if fact else ""
    filler = conversations.text(number)
    yield user_text(_with(filler, fact if place == "question" else None), id=str(uuid.uuid4()))
    if place == "result":
        assert fact is not None, "it stands in the result"
        yield Message(role="assistant", id=str(uuid.uuid4()), parts=(ToolCall(id="c", name="search_logs"),))
        yield Message(role="tool", id=str(uuid.uuid4()), parts=(_result(fact, long=fact.number % 2 == 0),))
    said = _with(conversations.text(number + 5_000), fact if place == "answer" else None)
    yield Message(role="assistant", id=str(uuid.uuid4()), parts=(TextPart(text=said),))


def _result(fact: Fact, *, long: bool) -> ToolResult:
    lines = [conversations.text(10_000 + fact.number * 100 + n) for n in range(80 if long else 2)]
    lines.insert(len(lines) // 2, fact.text)
    return ToolResult(call_id="c", name="search_logs", text="\n".join(lines))


def _with(text: str, fact: Fact | None) -> str:
    return f"{text} {fact.text} {text}" if fact else text


async def _recall(tools: ToolSet, words: str) -> str:
    call = ToolCall(id="c", name="recall", arguments=json.dumps({"words": words}))
    return (await run_tool(tools, call)).text
