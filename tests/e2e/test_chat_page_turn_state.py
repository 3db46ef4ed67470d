"""The browser folds a turn's events exactly as the server does, in whatever order and number they arrive."""

from __future__ import annotations

import random
import uuid
from typing import Any

import pytest
from playwright.sync_api import Page

from chat import turn_state

Event = dict[str, Any]

TURN, CONVERSATION = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))

FOLD = """async ({ events, order }) => {
  const { TurnStore } = await import("/static/js/chat/turn-store.js");
  const store = new TurnStore();
  let gaps = 0;
  store.addEventListener("gap", () => (gaps += 1));
  for (const index of order) store.apply(events[index]);
  return { state: store.get(events[0].turn), gaps, cursors: store.cursors() };
}"""


def a_log(chance: random.Random) -> list[Event]:
    """The events of one turn, as a server might write them."""
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("turn.queued", {"position": chance.randrange(3), "question": "q", "text": "hello"}),
        ("turn.started", {"agent": "smart", "provider": "sandbox", "model": "m", "question": "q"}),
    ]
    for n in range(1, chance.randint(1, 4) + 1):
        kinds += an_iteration(chance, n)
    status = chance.choice(["completed", "stopped", "interrupted", "failed", None])
    if status:
        ended = {"status": status, "reason": None, "message": "m1", "usage": {"input_tokens": 3}}
        kinds.append(("turn.ended", {**ended, "error": "why" if status == "failed" else None, "finish_reason": "stop"}))
    ids = {"conversation": CONVERSATION, "turn": TURN, "ts": "2026-01-01T00:00:00.000Z"}
    return [{"type": kind, **ids, "seq": seq, **data} for seq, (kind, data) in enumerate(kinds, start=1)]


def an_iteration(chance: random.Random, n: int) -> list[tuple[str, dict[str, Any]]]:
    budget = {"instructions": 20, "tools": 30, "overhead": 5, "conversation": 45, "message": 15}
    context = {
        "call": n,
        "tokens": 100,
        "limit": 4096,
        "budget": budget,
        "left_out": 2,
        "left_out_tokens": 9,
        "boundary": "b",
        "built_tokens": None,
        "reply_cap": None,
    }
    waiting = {
        "reason": "pacing",
        "pool": "p",
        "retry_at": "2026-01-01T00:00:09Z",
        "used": 1,
        "limit": 2,
        "position": 0,
    }
    events: list[tuple[str, dict[str, Any]]] = [
        ("iteration.started", {"n": n, "max": 15, "message": f"m{n}"}),
        ("context.built", context),
    ]
    if chance.random() < 0.4:
        events.append(("turn.waiting", waiting))
        if chance.random() < 0.5:
            events.append(("context.built", context | {"tokens": 60, "built_tokens": 100, "left_out": 4}))
        events += [("turn.granted", {"waited_ms": 900})] * chance.randint(0, 1)
    if chance.random() < 0.3:
        events.append(("context.built", context | {"reply_cap": 1024}))
    events += [("reasoning", {"text": "hm "})] * chance.randint(0, 2)
    events += [
        ("delta", {"text": chance.choice(["word ", "**b", "`", "\n\n", "😀"])}) for _ in range(chance.randint(0, 6))
    ]
    events.append(("usage", {"input_tokens": 10, "output_tokens": 2, "cache_read_tokens": 0}))
    calls = [f"c{n}-{index}" for index in range(chance.randint(0, 3))]
    events += [("tool.call", {"id": call, "name": "calculate", "arguments": "{}"}) for call in calls]
    events += a_delegation(chance, calls[0], n) if calls and chance.random() < 0.6 else []
    chance.shuffle(calls)
    for number, call in enumerate(calls):
        events += an_approval(chance, call, id=f"a{n}-{number}")
    result = {"ok": True, "preview": "4", "tokens": 1, "shortened": False}
    return events + [("tool.result", {"id": call, **result}) for call in calls]


def an_approval(chance: random.Random, call: str, *, id: str) -> list[tuple[str, dict[str, Any]]]:
    """None, one that is still asked, or one that was decided; now and then of a call that a delegated run made."""
    asked = {"id": id, "call": chance.choice([call, call, "inner"]), "tool": "call_source", "title": "POST to Shop"}
    event = ("tool.approval", {**asked, "request": "POST /x", "expires_at": "2026-01-01T00:10:00Z"})
    decided = {"id": id, "call": asked["call"], **chance.choice(DECISIONS)}
    return [event, ("tool.decided", decided)][: chance.randint(0, 2)]


DECISIONS: tuple[dict[str, Any], ...] = (
    {"approved": True, "by": "u"},
    {"approved": False, "by": "u"},
    {"approved": False, "by": None},
)


def a_delegation(chance: random.Random, call: str, n: int) -> list[tuple[str, dict[str, Any]]]:
    """Steps of another agent, with a wait and a call that is sent shorter than it was built."""
    events: list[tuple[str, dict[str, Any]]] = []
    for step in range(1, chance.randint(2, 4)):
        sent = {"call": call, "agent": "api-correlator", "n": 10 * n + step, "max": 99, "message": f"d{step}"}
        sent |= {"model_call": f"x{step}", "tokens": 90, "limit": 4096, "left_out": 0}
        sent |= {"built_tokens": None, "reply_cap": None}
        events.append(("delegate.iteration", sent))
        if chance.random() < 0.5:
            wait = {"reason": "pacing", "pool": "p", "retry_at": "2026-01-01T00:00:09Z", "used": 1, "limit": 2}
            events.append(("turn.waiting", wait | {"position": 0}))
            events.append(("delegate.iteration", sent | {"tokens": 50, "built_tokens": 90, "left_out": 1}))
        said = {"call": call, "n": 10 * n + step, "text": "I look.", "reasoning": "hm", "input_tokens": 5}
        events.append(("delegate.answer", said))
        tool = {"call": call, "id": f"t{step}", "name": "call_source", "arguments": "{}"}
        events.append(("delegate.tool", tool))
        if chance.random() < 0.8:
            came = {"ok": True, "preview": "[]", "tokens": 1, "shortened": False}
            events.append(("delegate.result", {"call": call, "id": f"t{step}", **came}))
    return events


def folded(events: list[Event]) -> dict[str, Any]:
    return turn_state.fold(turn_state.initial(turn=TURN, conversation=CONVERSATION), events)


@pytest.mark.parametrize("seed", range(12))
def test_browser_and_server_agree(modules: Page, seed: int) -> None:
    events = a_log(random.Random(seed))
    result = modules.evaluate(FOLD, {"events": events, "order": list(range(len(events)))})
    assert result["state"] == folded(events)
    assert result["gaps"] == 0


@pytest.mark.parametrize("seed", range(6))
def test_duplicates_and_repeats_change_nothing(modules: Page, seed: int) -> None:
    chance = random.Random(seed)
    events = a_log(chance)
    order: list[int] = []
    for index in range(len(events)):
        order.append(index)
        order += [chance.randint(0, index) for _ in range(chance.randint(0, 3))]
    result = modules.evaluate(FOLD, {"events": events, "order": order})
    assert result["state"] == folded(events)
    assert result["gaps"] == 0


def test_a_gap_stops_the_fold_and_asks_for_what_is_missing(modules: Page) -> None:
    events = a_log(random.Random(3))
    cut = len(events) // 2
    order = [*range(cut), *range(cut + 1, len(events))]
    result = modules.evaluate(FOLD, {"events": events, "order": order})
    assert result["state"] == folded(events[:cut])
    assert result["gaps"] == len(events) - cut - 1
    assert result["cursors"] == {TURN: cut}


def test_an_event_of_a_later_version_only_moves_the_cursor(modules: Page) -> None:
    events = a_log(random.Random(1))[:3]
    unknown = {"type": "constructor", "conversation": CONVERSATION, "turn": TURN, "seq": 4, "ts": "", "polluted": True}
    result = modules.evaluate(FOLD, {"events": [*events, unknown], "order": [0, 1, 2, 3]})
    assert result["state"] == {**folded(events), "seq": 4}
    assert modules.evaluate("({}).polluted") is None
