"""A task that is handed on: out of the box, the Smart Agent has the bad deployment found by the Datadog Champion."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import cast

import pytest
import pytest_asyncio

from accounts.models import User
from agents import roster
from agents.models import AgentCopy, ModelCall, StoredResult
from agents.sandbox.company.story import BAD_DEPLOYMENT
from agents.tools.delegate import delegate
from chat import ended_turns, reaper, recall_reader
from chat.context import TurnContext
from chat.delegated_report import MOST_HANDLES
from chat.models import Conversation, DelegatedRun, Iteration, Turn
from tests.chat import workshop
from tests.chat.inquiries import answer_of, ask, calls_of, results_of, set_iterations
from tests.chat.made import conversation_of, queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, eventually, rows
from tests.chat.test_folding import Script, check, play

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = "Why are we seeing 500 errors in payment-service?"
CHAMPION = "You are Datadog Champion"
WORKSHOP = (workshop.agent(delegate), workshop.agent(workshop.talk, slug="talkers"))


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    monkeypatch.setattr(roster, "ROSTER", (*roster.ROSTER, *WORKSHOP))
    async with open_shop() as ready:
        yield ready


@contextmanager
def held(sandbox: HeldSandbox, word: str) -> Iterator[asyncio.Event]:
    """Requests that hold `word` wait, until the event is set or this ends."""
    sandbox.waiting[word.encode()] = 0
    release = sandbox.hold(word)
    try:
        yield release
    finally:
        release.set()


def iterations_of(turn: Turn) -> list[Iteration]:
    return list(Iteration.objects.filter(turn=turn).select_related("model_call", "run"))


def agents_of(steps: list[Iteration]) -> list[str]:
    """Of each iteration the agent that it was handed to, "" for the turn's own."""
    return [step.run.agent if step.run else "" for step in steps]


def again(turn: Turn) -> Turn:
    return Turn.objects.select_related("model__provider").get(pk=turn.pk)


def reader_of(conversation: Conversation) -> recall_reader.ConversationReader:
    """Of results alone, which need no context."""
    owner, context = conversation.owner_id, cast(TurnContext, None)
    return recall_reader.ConversationReader(context=context, owner_id=owner, conversation_id=conversation.pk)


async def begin(shop: Shop, user: User, text: str = QUESTION, *, conversation: Conversation | None = None) -> Turn:
    turn = (await rows(queued, user, text, conversation=conversation)).turn
    shop.worker.wake()
    return turn


@pytest.mark.parametrize("model", ["sandbox-claude", "sandbox-gpt"])
async def test_a_root_cause_is_found_by_the_champion(shop: Shop, user: User, model: str) -> None:
    turn = await ask(shop, user, QUESTION, conversation=await rows(conversation_of, user, model=model))
    answer = await rows(answer_of, turn)
    assert BAD_DEPLOYMENT.version in answer.split("\n\n")[0]
    assert "Confidence: high" in answer
    assert await rows(calls_of, turn) == [["delegate"], []]

    steps = await rows(iterations_of, turn)
    inside = len(steps) - 2
    assert inside == 5
    assert [step.n for step in steps] == list(range(1, len(steps) + 1))
    assert agents_of(steps) == ["", *["datadog-champion"] * inside, ""]
    calls = [step.model_call for step in steps if step.model_call]
    assert [call.purpose for call in calls] == ["chat", *["delegate"] * inside, "chat"]
    assert [call.agent for call in calls] == ["smart", *["datadog-champion"] * inside, "smart"]
    assert {call.user_id for call in calls} == {user.pk}
    assert all(step.receipt["total"] <= step.receipt["limit"] for step in steps)
    ended = await rows(again, turn)
    assert ended.usage["input_tokens"] == sum(call.input_tokens or 0 for call in calls)
    await rows(check, ended)


async def test_a_comparison_goes_to_the_correlator(shop: Shop, user: User) -> None:
    question = "Which orders disagree between orders and payments?"
    turn = await ask(shop, user, question, conversation=await rows(conversation_of, user))
    assert set(agents_of(await rows(iterations_of, turn))) == {"", "api-correlator"}
    await rows(check, await rows(again, turn))


async def test_it_is_sent_the_task_alone_with_the_settings_of_the_turn(
    shop: Shop, user: User, sandbox: HeldSandbox
) -> None:
    conversation = await rows(conversation_of, user)
    await ask(shop, user, "echo the-word-of-before", conversation=conversation)
    turn = await ask(shop, user, f"{QUESTION} Case 4711.", conversation=conversation)
    mine = [entry.body for entry in sandbox.requests_with("Case 4711")]
    theirs = [body for body in mine if CHAMPION in str(body)]
    own = [body for body in mine if CHAMPION not in str(body)]
    assert (len(own), len(theirs)) == (2, 5)
    assert all("the-word-of-before" in str(body) for body in own)
    assert not any("the-word-of-before" in str(body) for body in theirs)
    for name in ("model", "temperature", "max_tokens"):
        assert {body.get(name) for body in theirs} == {own[0].get(name)}
    limits = {step.receipt["limit"] for step in await rows(iterations_of, turn)}
    assert len(limits) == 1


async def test_its_iterations_are_taken_from_the_turns_of_which_one_is_kept(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user)
    await rows(set_iterations, user, 4)
    turn = await ask(shop, user, QUESTION, conversation=conversation)
    assert agents_of(await rows(iterations_of, turn)) == ["", "datadog-champion", "datadog-champion", ""]
    [result] = await rows(results_of, turn)
    assert "I reached the last step" in result["text"]
    assert "asked to sum up when the iterations of this turn were used up" in result["text"]
    ended = await rows(again, turn)
    assert ended.reason == "iteration_limit"
    await rows(check, ended)


async def test_nothing_is_handed_on_where_too_few_iterations_are_left(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user)
    await rows(set_iterations, user, 3)
    turn = await ask(shop, user, QUESTION, conversation=conversation)
    [result] = await rows(results_of, turn)
    assert not result["ok"]
    assert "too few iterations are left to hand a task on (1)" in result["text"]
    assert agents_of(await rows(iterations_of, turn)) == ["", ""]
    assert not await rows(DelegatedRun.objects.filter(turn=turn).exists)


async def test_nothing_is_handed_on_to_an_agent_that_is_switched_off(shop: Shop, user: User) -> None:
    off = {"slug": "datadog-champion", "based_on": "datadog-champion", "enabled": False}
    row = await rows(AgentCopy.objects.create, **off)
    try:
        turn = await ask(shop, user, QUESTION, conversation=await rows(conversation_of, user))
    finally:
        await rows(row.delete)
    [result] = await rows(results_of, turn)
    assert not result["ok"]
    assert "the agent datadog-champion is switched off, so nothing was handed on" in result["text"]
    assert agents_of(await rows(iterations_of, turn)) == ["", ""]
    assert not await rows(DelegatedRun.objects.filter(turn=turn).exists)
    assert "is switched off" in await rows(answer_of, turn)


async def test_one_run_follows_the_other(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user, agent="workshop")
    turn = await ask(shop, user, "parallel 2", conversation=conversation)
    steps = await rows(iterations_of, turn)
    runs = [step.run_id for step in steps if step.run_id]
    assert len(runs) == len(set(runs)) == 2
    assert [step.n for step in steps] == [1, 2, 3, 4]
    ended = await rows(again, turn)
    [first, _] = (await rows(ended_turns.states, [ended]))[str(turn.pk)]["iterations"]
    assert [len(tool["delegated"]["iterations"]) for tool in first["tools"]] == [1, 1]
    await rows(check, ended)


class TestWhatItFound:
    async def test_is_read_by_its_handles_then_and_later_and_by_nobody_else(self, shop: Shop, user: User) -> None:
        conversation = await rows(conversation_of, user)
        turn = await ask(shop, user, QUESTION, conversation=conversation)
        [report] = await rows(results_of, turn)
        run = await rows(DelegatedRun.objects.get, turn=turn)
        inside = [part for entry in run.messages for part in entry["parts"] if part["kind"] == "tool_result"]
        handles = [part["handle"] for part in inside]
        assert 0 < len(handles) <= MOST_HANDLES
        assert all(handle in report["text"] for handle in handles)

        stranger = await rows(User.objects.create_user, username=f"stranger-{turn.pk}")
        mine = reader_of(conversation)
        theirs = reader_of(await rows(conversation_of, stranger))
        for handle in handles:
            found = await mine.result(handle)
            assert found is not None
            assert len(found.text) >= len("[]")
            assert await theirs.result(handle) is None
        whole = await mine.result(report["handle"])
        assert whole is not None
        assert whole.text.startswith(f"[1] Task:\n{QUESTION}")
        assert all(f"result {handle} of" in whole.text for handle in handles)

    async def test_is_stored_even_where_it_is_short(self, shop: Shop, user: User) -> None:
        conversation = await rows(conversation_of, user)
        turn = await ask(shop, user, QUESTION, conversation=conversation)
        run = await rows(DelegatedRun.objects.get, turn=turn)
        inside = {part["handle"] for entry in run.messages for part in entry["parts"] if part["kind"] == "tool_result"}
        stored = await rows(
            lambda: set(StoredResult.objects.filter(handle__in=inside).values_list("handle", flat=True))
        )
        assert stored == inside


class TestItsEnd:
    async def test_a_stop_ends_it_at_once(self, shop: Shop, user: User, sandbox: HeldSandbox) -> None:
        with held(sandbox, CHAMPION):
            turn = await begin(shop, user)
            await eventually(lambda: sandbox.waiting[CHAMPION.encode()])
            shop.worker.stop_turn(turn.pk)
            assert await until_all([turn.pk], *Turn.ENDED) == ["stopped"]
        steps = await rows(iterations_of, turn)
        assert agents_of(steps) == ["", "datadog-champion"]
        calls = await rows(lambda: list(ModelCall.objects.filter(user=user, purpose="delegate")))
        assert [call.status for call in calls] == [ModelCall.Status.CANCELLED]
        await rows(check, await rows(again, turn))

    async def test_a_crash_interrupts_the_turn_and_keeps_its_steps(
        self, shop: Shop, user: User, sandbox: HeldSandbox
    ) -> None:
        turn = await begin(shop, user, f"{QUESTION} Case 815.")
        with held(sandbox, "in which they step up"):  # its third request
            await eventually(lambda: sandbox.waiting[b"in which they step up"])
            await rows(reaper.reap, turn.pk)
            assert await until_all([turn.pk], *Turn.ENDED) == ["interrupted"]
        ended = await rows(again, turn)
        assert ended.reason == "worker_lost"
        open_calls = ModelCall.objects.filter(user=user, status=ModelCall.Status.RUNNING)
        await eventually(lambda: turn.pk not in shop.worker._runs)
        assert not await rows(open_calls.exists)
        steps = await rows(iterations_of, ended)
        assert agents_of(steps) == ["", *["datadog-champion"] * 3]
        settled = [step.model_call for step in steps[:-1] if step.model_call]  # what the last one used came too late
        assert ended.usage["input_tokens"] == sum(call.input_tokens or 0 for call in settled)
        await rows(check, ended)

    @pytest.mark.parametrize("interference", ["stop", "shutdown", "crash"])
    async def test_what_the_log_tells_and_what_the_rows_tell_is_the_same_whenever_it_comes(
        self, shop: Shop, user: User, interference: str
    ) -> None:
        scripts = [
            Script(text=QUESTION, model=model, agent="smart", interference=interference, after=after)  # type: ignore[arg-type]
            for model in ("sandbox-claude", "sandbox-gpt")
            for after in (0.05, 0.15, 0.3, 0.5, 0.8)
        ]
        for turn in await asyncio.gather(*(play(shop, user, script) for script in scripts)):
            await rows(check, turn)

    async def test_a_failure_inside_is_told_to_the_one_that_handed_on_with_what_was_found(
        self, shop: Shop, user: User, sandbox: HeldSandbox
    ) -> None:
        conversation = await rows(conversation_of, user)
        with held(sandbox, "in which they step up") as release:
            turn = await begin(shop, user, conversation=conversation)
            await eventually(lambda: sandbox.waiting[b"in which they step up"])
            sandbox._exchange.switches.switch_on("auth_401")
            release.set()
            assert await until_all([turn.pk], *Turn.ENDED) == ["completed"]
        [result] = await rows(results_of, turn)
        assert not result["ok"]
        assert "Datadog Champion could not end its task" in result["text"]
        run = await rows(DelegatedRun.objects.get, turn=turn)
        found = [part for entry in run.messages for part in entry["parts"] if part["kind"] == "tool_result"]
        assert len(found) == 4
        assert all(part["handle"] in result["text"] for part in found)
        assert "got no report" in await rows(answer_of, turn)
        await rows(check, await rows(again, turn))


async def test_a_turn_without_progress_is_asked_to_sum_up_and_says_why(shop: Shop, user: User) -> None:
    """The workshop's other tool takes no arguments, so that every call of it is the same."""
    conversation = await rows(conversation_of, user, agent="talkers")
    turn = await ask(shop, user, "loop 9", conversation=conversation)
    results = await rows(results_of, turn)
    assert len(results) == 5
    assert ["not run again" in result["text"] for result in results] == [False, False, True, True, True]
    steps = await rows(iterations_of, turn)
    assert [step.receipt.get("last") for step in steps] == [*[None] * 5, "no_progress"]
    ended = await rows(again, turn)
    assert (ended.status, ended.reason) == ("completed", "no_progress")
    await rows(check, ended)
