"""Calls teach how a provider counts: the next ones are estimated by it, and what rows keep stays as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise

import pytest
import pytest_asyncio

from accounts.models import User
from agents import settings_resolution
from agents.llm.calibration import UNCALIBRATED
from agents.llm.correction import Correction
from agents.llm.errors import ContextImpossible
from agents.model_counter import counter_of
from agents.models import LanguageModel
from agents.roster import DEFAULT_AGENT
from agents.setting_ranges import SettingValues
from chat import actions
from chat import context as contexts
from chat.calibrations import with_calibration
from chat.message_rows import to_value
from chat.models import Conversation, Iteration, Message, Turn
from tests.chat.made import conversation_of, queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import HeldSandbox, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASTE = " ".join(f"word{n}" for n in range(300))


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox) -> AsyncIterator[Shop]:
    async with open_shop() as ready:
        yield ready


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def as_it_counts(user: User) -> AsyncIterator[None]:
    yield
    await rows(miscount, None)


def claude() -> LanguageModel:
    return LanguageModel.objects.select_related("provider").get(model_id="sandbox-claude")


def miscount(factor: float | None) -> None:
    """Make us count sandbox-claude with another factor than the 1.25 that it counts with."""
    changed = {} if factor is None else {"token_factor": factor}
    LanguageModel.objects.filter(model_id="sandbox-claude").update(capabilities=changed)


async def talk(shop: Shop, user: User, conversation: Conversation, texts: list[str]) -> list[Turn]:
    turns = []
    for text in texts:
        turn = (await rows(queued, user, text, conversation=conversation)).turn
        shop.worker.wake()
        assert await until_all([turn.pk], *Turn.ENDED) == ["completed"]
        turns.append(turn)
    return turns


def estimates(turns: list[Turn]) -> list[tuple[int, int, int]]:
    """Of each call: what the receipt says, what the ledger says, and what the provider reported."""
    found = Iteration.objects.filter(turn__in=turns).select_related("model_call").order_by("turn__number", "n")
    calls = [(row.receipt["total"], row.model_call) for row in found]
    return [(total, call.estimated_input_tokens, call.input_tokens or 0) for total, call in calls if call]


@pytest.mark.parametrize("factor", [0.8, 1.0, 2.0])
async def test_after_three_calls_the_estimate_is_close_whatever_factor_we_began_with(
    shop: Shop, user: User, factor: float
) -> None:
    conversation = await rows(conversation_of, user)
    await rows(miscount, factor)
    turns = await talk(shop, user, conversation, [f"long 40\n{n} {PASTE}" for n in range(6)])
    told = await rows(estimates, turns)
    assert len(told) == 6
    assert all(receipt == ledger for receipt, ledger, _ in told)
    assert abs(told[0][1] / told[0][2] - 1) > 0.1
    for _, estimated, reported in told[3:]:
        assert -0.02 <= estimated / reported - 1 <= 0.05
    kept = (await rows(Conversation.objects.get, pk=conversation.pk)).calibrations
    assert list(kept) == [str((await rows(claude)).pk)]
    assert len(str(kept)) < 2_000


async def test_after_a_cut_what_is_kept_is_still_known(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user)
    await rows(miscount, 0.8)
    await rows(settings_resolution.save, user=user, model=await rows(claude), changes={"max_output_tokens": 4_000})
    told = await rows(estimates, await talk(shop, user, conversation, [f"long 40\n{n} {PASTE}" for n in range(9)]))
    cuts = [now < before for (_, _, before), (_, _, now) in pairwise(told[2:])]
    assert any(cuts)
    for _, estimated, reported in told[3:]:
        assert -0.02 <= estimated / reported - 1 <= 0.05


async def test_thoughts_that_are_sent_back_confuse_nothing(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user)
    await rows(miscount, 1.0)
    texts = [f"think 300 long 40\n{n} {PASTE}" for n in range(5)]
    told = await rows(estimates, await talk(shop, user, conversation, texts))
    for _, estimated, reported in told[3:]:
        assert -0.02 <= estimated / reported - 1 <= 0.05


async def test_tools_in_one_turn_teach_from_call_to_call(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user)
    await rows(miscount, 1.0)
    (turn,) = await talk(shop, user, conversation, ["loop 5 parallel 2"])
    told = await rows(estimates, [turn])
    assert len(told) == 6
    errors = [estimated / reported - 1 for _, estimated, reported in told]
    assert errors[0] < -0.05
    assert all(-0.02 <= error <= 0.05 for error in errors[3:])


async def test_rows_keep_counts_without_the_correction_and_are_not_counted_again(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user)
    await rows(miscount, 1.0)
    await talk(shop, user, conversation, [f"echo {n} {PASTE}" for n in range(4)])
    found = await rows(list, Message.objects.filter(conversation=conversation).order_by("position"))
    counter = await rows(lambda: counter_of(claude()))
    before = 0
    for row in found:
        assert (row.token_count, row.token_encoding) == (counter.stored_count(to_value(row)), counter.name)
        assert row.tokens_before == before
        before += row.token_count or 0


async def test_another_model_and_another_conversation_learn_for_themselves(shop: Shop, user: User) -> None:
    conversation = await rows(conversation_of, user)
    await rows(miscount, 2.0)
    await talk(shop, user, conversation, [f"echo {PASTE}"])
    elsewhere = await rows(conversation_of, user)
    (first,) = await rows(estimates, await talk(shop, user, elsewhere, [f"echo {PASTE}"]))
    assert first[1] > 1.2 * first[2]
    gpt = await rows(LanguageModel.objects.get, model_id="sandbox-gpt")
    await rows(Conversation.objects.filter(pk=conversation.pk).update, model=gpt)
    conversation = await rows(Conversation.objects.get, pk=conversation.pk)
    await talk(shop, user, conversation, ["echo x"])
    kept = (await rows(Conversation.objects.get, pk=conversation.pk)).calibrations
    assert {entry["counter"] for entry in kept.values()} == {"o200k_base*2@anthropic", "o200k_base*1@openai"}


async def test_a_message_that_the_model_counts_too_big_is_refused_while_it_can_be_shortened(user: User) -> None:
    conversation = await rows(conversation_of, user)
    model = await rows(claude)
    values = SettingValues(max_output_tokens=4_000, temperature=0.7, max_iterations=15, last_messages=0)
    learnt = replace(UNCALIBRATED, correction=Correction(frame=1_000, messages=2_000))
    kept = with_calibration({}, model=model, counter=counter_of(model), calibration=learnt)
    text = "word " * 1_500
    contexts.check_fits(agent=DEFAULT_AGENT, model=model, values=values, text=text)
    with pytest.raises(ContextImpossible, match="does not fit the token limit of 4,000"):
        contexts.check_fits(agent=DEFAULT_AGENT, model=model, values=values, text=text, calibrations=kept)
    await rows(settings_resolution.save, user=user, model=model, changes={"max_output_tokens": 4_000})
    await rows(actions.send, user=user, conversation_id=conversation.pk, client_message_id="one", text=text)
    await rows(Conversation.objects.filter(pk=conversation.pk).update, calibrations=kept)
    with pytest.raises(ContextImpossible, match="Your text is kept"):
        await rows(actions.send, user=user, conversation_id=conversation.pk, client_message_id="two", text=text)
