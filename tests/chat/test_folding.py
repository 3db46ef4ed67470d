"""State + events = state: what the log tells of a turn and what its rows tell are the same, however it went."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from agents import roster
from agents.sandbox.script.faults import all_faults
from chat import ended_turns, event_log, reaper, transcript, turn_state
from chat.models import Message, Turn
from chat.turn_state import State
from chat.turns import Ending
from tests.chat import workshop
from tests.chat.made import conversation_of, queued
from tests.chat.shop import Shop, open_shop
from tests.chat.stage import PATIENCE, HeldSandbox, rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

Interference = Literal["none", "stop", "shutdown", "crash"]
QUICK_FAULTS = [fault.name for fault in all_faults() if fault.name not in ("stall", "retry_after_7200")]


@dataclass(frozen=True, kw_only=True)
class Script:
    """What is asked, of whom, and what comes in between after so many seconds."""

    text: str
    model: str
    agent: str
    interference: Interference
    after: float


def words() -> st.SearchStrategy[str]:
    part = st.one_of(
        st.builds("long {}".format, st.integers(1, 60)),
        st.builds("loop {}".format, st.integers(0, 4)),
        st.builds("parallel {}".format, st.integers(1, 5)),
        st.just("slow"),
        st.builds("fault {}".format, st.sampled_from(QUICK_FAULTS)),
    )
    return st.lists(part, min_size=1, max_size=4).map(" ".join)


def scripts() -> st.SearchStrategy[Script]:
    return st.builds(
        Script,
        text=words(),
        model=st.sampled_from(["sandbox-claude", "sandbox-gpt"]),
        agent=st.sampled_from(["smart", "workshop"]),
        interference=st.sampled_from(["none", "none", "stop", "shutdown", "crash"]),
        after=st.floats(0, 0.15),
    )


@pytest_asyncio.fixture(loop_scope="module")
async def shop(sandbox: HeldSandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    tools = (workshop.talk, workshop.refuse, workshop.explode)
    monkeypatch.setattr(roster, "ROSTER", (*roster.ROSTER, workshop.agent(*tools)))
    async with open_shop() as ready:
        yield ready


async def play(shop: Shop, user: User, script: Script) -> Turn:
    """Runs the script to its end."""
    conversation = await rows(conversation_of, user, model=script.model, agent=script.agent)
    turn = (await rows(queued, user, script.text, conversation=conversation)).turn
    shop.worker.wake()
    await asyncio.sleep(script.after)
    run = shop.worker._runs.get(turn.pk)
    if script.interference == "crash":
        await rows(reaper.reap, turn.pk)
    elif script.interference != "none" and run is not None:
        stopped = script.interference == "stop"
        run.stop(Ending(status=Turn.Status.STOPPED if stopped else Turn.Status.INTERRUPTED))
    async with asyncio.timeout(PATIENCE):
        while True:
            now = await rows(Turn.objects.select_related("model__provider").get, pk=turn.pk)
            if now.status in Turn.ENDED:
                return now
            await asyncio.sleep(0.005)


def what_both_know(state: State, other: State) -> State:
    """`state` without what only a log, or only rows, can tell."""
    known = copy.deepcopy(state)
    forget(known["iterations"], other["iterations"])
    return known


def forget(iterations: list[State], others: list[State]) -> None:
    for iteration, stored in zip(iterations, others, strict=True):
        del iteration["usage"]
        for tool, same in zip(iteration["tools"], stored["tools"], strict=True):
            del tool["tokens"]
            if "delegated" in tool:
                forget(tool["delegated"]["iterations"], same["delegated"]["iterations"])
        if stored["message"] is None:
            # Nothing was said, so there is no row; the id that was announced is known to the log alone.
            assert (iteration["text"], iteration["reasoning"], iteration["tools"]) == ("", "", [])
            iteration["message"] = None


def check(turn: Turn) -> None:
    folded, stored = transcript.folded(turn), ended_turns.states([turn])[str(turn.pk)]
    if not turn.settings:  # It never began: what it would have run on only the row knows.
        assert folded["agent"] is None
        stored |= {"agent": None, "provider": None, "model": None}
    assert what_both_know(folded, stored) == what_both_know(stored, folded)
    check_texts(turn, folded)
    check_every_split(turn, folded)


def check_texts(turn: Turn, folded: State) -> None:
    for iteration in folded["iterations"]:
        row = Message.objects.filter(pk=iteration["message"]).first()
        said = [part["text"] for part in row.parts if part["kind"] == "text"] if row else []
        assert "".join(said) == iteration["text"]


def check_every_split(turn: Turn, whole: State) -> None:
    conversation = str(turn.conversation_id)
    log = [event.fields for event in event_log.replay(turn.pk, conversation=conversation, after=0, limit=10_000)]
    assert [event["seq"] for event in log] == list(range(1, turn.seq + 1))
    assert [event["type"] for event in log].count("turn.ended") == 1
    assert log[-1]["type"] == "turn.ended"
    for cut in range(len(log) + 1):
        state = turn_state.initial(turn=str(turn.pk), conversation=conversation)
        turn_state.fold(state, log[:cut])
        assert turn_state.fold(state, log[max(0, cut - 3) :]) == whole  # With some events told twice.


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(several=st.lists(scripts(), min_size=4, max_size=8))
async def test_folding_the_log_gives_what_the_rows_say(shop: Shop, user: User, several: list[Script]) -> None:
    ended = await asyncio.gather(*(play(shop, user, script) for script in several))
    for turn in ended:
        await rows(check, turn)
