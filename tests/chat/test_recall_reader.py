"""What `recall` reads of a conversation: its owner's, on the path of the turn, and what was not sent of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from accounts.models import User
from agents.llm.messages import Message, Part, TextPart, ToolCall, ToolResult, parts_to_list, user_text
from agents.llm.reasoning import without_reasoning
from agents.llm.tool_results import extract
from agents.llm.tools import run_tool
from agents.models import LanguageModel, StoredResult
from agents.roster import DEFAULT_AGENT
from agents.setting_ranges import SettingValues
from chat import branches, context, models, recall_reader, stored_results
from chat.models import Branch, Conversation
from chat.recall_reader import bound_tools
from tests.chat.made import conversation_of
from tests.chat.stage import HeldSandbox, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

VALUES = SettingValues(max_output_tokens=4_096, temperature=0.7, max_iterations=15, last_messages=0)
CAP = 4_096 // 4
LOG = "\n".join(f"event {n}" for n in range(3_000)) + "\nthe secret port is 8443"


@pytest_asyncio.fixture(loop_scope="module")
async def other(sandbox: HeldSandbox, user: User) -> User:
    return await rows(User.objects.create_user, username=f"other-{uuid.uuid4().hex[:8]}")


def say(text: str) -> Message:
    return Message(role="assistant", parts=(TextPart(text=text),), id=str(uuid.uuid4()))


def ask(text: str) -> Message:
    return user_text(text, id=str(uuid.uuid4()))


def look_up(*texts: str) -> tuple[Message, Message]:
    """An iteration with a call for each of `texts`, its result."""
    asked: tuple[Part, ...] = tuple(ToolCall(id=f"c{n}", name="search_logs") for n in range(len(texts)))
    answer = Message(role="assistant", parts=asked, id=str(uuid.uuid4()))
    found = tuple(
        ToolResult(call_id=f"c{n}", name="search_logs", text=text, handle=stored_results.handle_of(answer.id, n + 1))
        for n, text in enumerate(texts)
    )
    return answer, Message(role="tool", parts=found, id=str(uuid.uuid4()))


def filler(turns: int) -> list[Message]:
    """About 100 tokens a message."""
    return [
        each
        for n in range(turns)
        for each in (ask(f"question {n} " + "word " * 75), say(f"answer {n} " + "word " * 75))
    ]


class Talk:
    """A stored conversation, and the turn that runs in it."""

    def __init__(self, user: User, messages: Sequence[Message], *, values: SettingValues = VALUES) -> None:
        self.conversation = conversation_of(user)
        self.branch = branches.fork_after(None, conversation_id=self.conversation.pk)
        model = LanguageModel.objects.select_related("provider").get(model_id="sandbox-claude")
        limiter = context.limiter_for(agent=DEFAULT_AGENT, model=model, values=values)
        tokens = 0
        for position, message in enumerate(messages):
            kept = replace(message, parts=tuple(self._kept(part, limiter) for part in message.parts))
            count = limiter.counter.message(without_reasoning(kept))
            models.Message.objects.create(
                id=message.id,
                conversation=self.conversation,
                branch=self.branch,
                position=position,
                parent_id=messages[position - 1].id if position else None,
                role=message.role,
                parts=parts_to_list(kept.parts),
                token_count=count,
                token_encoding=limiter.counter.name,
                tokens_before=tokens,
            )
            tokens += count
        self.context = context.load(branch=self.branch, agent=DEFAULT_AGENT, model=model, values=values)
        self.sent = self.context.build(is_last=False).request.messages
        self.tools = bound_tools(self.context, conversation=self.conversation)

    def _kept(self, part: Part, limiter: Any) -> Part:
        if not isinstance(part, ToolResult):
            return part
        short = extract(part, max_tokens=CAP, counter=limiter.counter)
        if short is not part:
            fields = {"handle": part.handle, "tool": part.name, "text": part.text, "size": len(part.text)}
            StoredResult.objects.create(owner=self.conversation.owner, scope=str(self.conversation.pk), **fields)
        return short

    async def recall(self, **arguments: object) -> ToolResult:
        call = ToolCall(id="c", name="recall", arguments=json.dumps(arguments))
        result = await run_tool(self.tools, call)
        assert self.context.limiter.counter.text(result.text) <= CAP
        return result


async def talk(user: User, *messages: Message, **more: Any) -> Talk:
    return await rows(Talk, user, messages, **more)


class TestResults:
    async def test_a_stored_one_is_read_whole(self, user: User) -> None:
        answer, found = look_up(LOG)
        one = await talk(user, ask("Look."), answer, found, say("Done."), ask("And?"))
        handle = found.tool_results[0].handle
        result = await one.recall(source=handle, part="lines 2999-")
        assert result.text.startswith(f"result {handle} of search_logs: 2 of 3,001 lines")
        assert result.text.endswith("the secret port is 8443")

    async def test_one_that_was_never_shortened_is_read_from_its_message(self, user: User) -> None:
        answer, found = look_up("first result", "second result")
        one = await talk(user, ask("Look."), answer, found, say("Done."), ask("And?"))
        handles = [part.handle for part in found.tool_results]
        assert [(await one.recall(source=handle)).text.splitlines()[1:] for handle in handles] == [
            ["first result"],
            ["second result"],
        ]

    async def test_a_stub_in_what_is_sent_names_a_handle_that_works(self, user: User) -> None:
        steps = [message for n in range(8) for message in look_up(f"step {n} says " + "word " * 600 + f"end {n}")]
        one = await talk(user, ask("Go on."), *steps)
        stubs = [part for message in one.sent for part in message.tool_results if part.text.startswith("[Left out")]
        assert stubs
        for stub in stubs:
            assert f"recall {stub.handle} reads them" in stub.text
            assert "says" in (await one.recall(source=stub.handle)).text

    async def test_iterations_that_were_left_out_are_named_and_can_be_read(self, user: User) -> None:
        steps = [message for n in range(15) for message in look_up(f"step {n} says " + "word " * 150)]
        one = await talk(user, ask("Go on."), *steps, *look_up("word " * 900, "word " * 900))
        window = one.context.window
        assert window is not None
        assert window.left_out
        note = next(part.text for message in one.sent for part in message.tool_results)
        assert note.startswith("[Earlier steps of this answer were left out")
        newest = max(n for n, message in enumerate(steps) if message.id in window.left_out)
        handle = steps[newest + 1].tool_results[0].handle
        assert handle in note
        assert "says" in (await one.recall(source=handle)).text
        assert f"step {newest // 2} says" in (await one.recall(words=f"step {newest // 2} says")).text


class TestMessages:
    async def test_those_before_the_boundary_are_searched_and_read_by_number(self, user: User) -> None:
        fact = ask("Remember: the launch code is 4711.")
        one = await talk(user, *filler(5), fact, say("I will."), *filler(40), ask("What was the code?"))
        assert fact.id not in {message.id for message in one.sent}
        found = await one.recall(words="launch code")
        assert "#11 user: Remember: the launch code is 4711." in found.text
        assert (await one.recall(source="11")).text.endswith("\nRemember: the launch code is 4711.")

    async def test_those_that_are_sent_whole_are_not_searched(self, user: User) -> None:
        one = await talk(user, *filler(40), ask("The code is 4711."), say("Noted."), ask("Well?"))
        assert "4711" in str(one.sent)
        assert "0 of" in (await one.recall(words="4711")).text

    async def test_nothing_was_left_out(self, user: User) -> None:
        one = await talk(user, ask("The code is 4711."))
        assert "every message" in (await one.recall(words="code")).text

    async def test_the_part_of_a_result_that_no_extract_shows_is_found(self, user: User) -> None:
        text = LOG + "\n" + "\n".join(f"late event {n}" for n in range(3_000))
        answer, found = look_up(text)
        shown = await talk(user, ask("Look."), answer, found, say("Done."), ask("And?"))
        assert "8443" not in str(shown.sent)
        handle = found.tool_results[0].handle
        for words in ("secret port", "8443"):
            line = (await shown.recall(words=words)).text.splitlines()[1]
            assert line.startswith("#3 tool: ")
            assert "the secret port is 8443" in line
        gone = await talk(user, ask("Look."), *look_up(text), say("Done."), *filler(40), ask("And?"))
        assert "the secret port is 8443" in (await gone.recall(words="secret port")).text
        assert "the secret port is 8443" in (await shown.recall(source=handle, words="secret")).text

    async def test_a_very_long_conversation_is_searched_a_piece_at_a_time(
        self, user: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recall_reader, "MESSAGES_SEARCHED", 20)
        one = await talk(user, ask("The needle."), say("Yes."), *filler(50), ask("Where?"))
        first = await one.recall(words="needle")
        assert "0 of 20 messages" in first.text
        assert "part=messages 20-" in first.text
        total = one.context.oldest_position
        last = await one.recall(words="needle", part=f"messages {total - 5}-")
        assert "#1 user: The needle." in last.text

    async def test_so_are_very_long_messages(self, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(recall_reader, "CHARACTERS_SEARCHED", 2_000)
        one = await talk(user, *filler(50), ask("Where?"))
        head = (await one.recall(words="question")).text.splitlines()[0]
        assert "older ones were not searched" in head

    async def test_only_the_path_of_the_branch_is_read(self, user: User) -> None:
        messages = [*filler(30), ask("Well?")]
        one = await talk(user, *messages)
        await rows(other_branch_with, one.conversation, after=messages[3].id, text="the code is 4711")
        assert "0 of" in (await one.recall(words="4711")).text
        assert "word" in (await one.recall(source="5")).text


def other_branch_with(conversation: Conversation, *, after: str, text: str) -> None:
    fork = models.Message.objects.get(pk=after)
    branch = branches.fork_after(fork, conversation_id=conversation.pk)
    models.Message.objects.create(
        conversation=conversation,
        branch=branch,
        position=(fork.position or 0) + 1,
        parent=fork,
        role="user",
        parts=[{"kind": "text", "text": text}],
    )


class TestStrangers:
    """Another user's, and another conversation of the same user: neither is there."""

    async def test_no_handle_of_theirs_is_known(self, user: User, other: User) -> None:
        answer, found = look_up(LOG, "short")
        await talk(user, ask("Look."), answer, found, say("Done."), ask("And?"))
        for stranger in (other, user):
            theirs = await talk(stranger, ask("Hello"))
            for part in found.tool_results:
                result = await theirs.recall(source=part.handle)
                assert not result.ok
                assert "no result with the handle" in result.text

    async def test_no_message_of_theirs_is_read_or_searched(self, user: User, other: User) -> None:
        await talk(user, ask("The code is 4711."), say("Noted."), *filler(40), ask("Well?"))
        for stranger in (other, user):
            theirs = await talk(stranger, *filler(40), ask("What is the code?"))
            assert "0 of" in (await theirs.recall(words="4711")).text
            assert "4711" not in (await theirs.recall(source="1")).text

    async def test_a_reader_of_somebody_elses_conversation_reads_nothing(self, user: User, other: User) -> None:
        """Should a caller ever mix them up."""
        answer, found = look_up(LOG, "short")
        one = await talk(user, ask("The code is 4711."), answer, found, say("Done."), *filler(40), ask("And?"))
        reader = recall_reader.ConversationReader(
            context=one.context, owner_id=other.pk, conversation_id=one.conversation.pk
        )
        for part in found.tool_results:
            assert await reader.result(part.handle) is None
        assert await reader.message(1) is None
        with pytest.raises(Branch.DoesNotExist):
            await reader.left_out(skip=0)
