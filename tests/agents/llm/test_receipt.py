from __future__ import annotations

import json
from dataclasses import replace

from agents.llm.receipt import Earlier
from tests.agents.llm.histories import QUARTER, WEATHER, ask, call, calls, limiter, result, results, says, turns


def test_stored_counts_are_used_and_not_counted_again() -> None:
    history = [*turns(1), ask(9)]
    context = limiter(1_000).fit(history, counts={"q0": 11, "r0": 12, "q9": 13})
    assert context.counts.messages == (11, 12, 13)


def test_what_was_repaired_or_cut_is_counted_anew() -> None:
    broken = [ask(0), calls("a0", call("c0"), call("c1")), results("t0", result("c0"))]
    context = limiter(1_000).fit(broken, counts={"q0": 1, "a0": 1, "t0": 1})
    assert context.counts.messages == (1, 1, QUARTER.message(context.messages[2]))


def test_repairs_are_in_the_receipt() -> None:
    broken = [ask(0), calls("a0", call("c0")), says("e0", " "), results("t0", result("c9")), ask(1)]
    context = limiter(1_000).fit(broken)
    fates = [(entry.message_id, entry.status, entry.reason) for entry in context.receipt.entries]
    assert fates == [
        ("q0", "kept", ""),
        ("a0", "kept", ""),
        ("", "kept", "repaired"),
        ("e0", "left_out", "repaired"),
        ("t0", "left_out", "repaired"),
        ("q1", "kept", ""),
    ]


def test_earlier_sums_up_all_that_lies_before_the_boundary() -> None:
    context = limiter(300).fit([*turns(4), ask(9)], earlier=Earlier(count=10, tokens=5_000))
    assert context.receipt.earlier == Earlier(count=16, tokens=5_600)


def test_the_receipt_adds_up_and_is_json() -> None:
    full = replace(limiter(899), instructions="Be brief.", tools=(WEATHER,))
    context = full.fit([*turns(4), ask(9)])
    receipt = json.loads(json.dumps(context.receipt.to_dict()))
    parts = ("instructions", "tools", "overhead", "conversation")
    assert receipt["total"] == sum(receipt[part] for part in parts) == context.counts.total
    assert receipt["free"] == receipt["limit"] - receipt["total"]
    assert receipt["message"] == 100
    assert receipt["conversation"] == sum(entry["tokens"] for entry in receipt["entries"])
    assert receipt["earlier"] == {"count": 4, "tokens": 400, "reasons": {"over_limit": {"count": 4, "tokens": 400}}}
