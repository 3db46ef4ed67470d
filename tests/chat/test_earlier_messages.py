"""Last Messages and Max Age: what they keep from the model, what the receipt says about it, and what is read for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from agents.models import LanguageModel
from agents.roster import DEFAULT_AGENT
from agents.setting_ranges import SettingValues
from chat import branches, context
from chat.models import Branch, Message
from tests.chat.made import conversation_of

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ROOMY = SettingValues(max_output_tokens=100_000, temperature=0.7, max_iterations=15, last_messages=0)


def a_branch(owner: User, questions: int, *, every: timedelta = timedelta(minutes=10)) -> Branch:
    """Questions with their replies at a steady pace; the last question has just been asked."""
    conversation = conversation_of(owner)
    branch = branches.fork_after(None, conversation_id=conversation.pk)
    made = Message.objects.bulk_create(a_message(branch, position) for position in range(2 * questions - 1))
    for position, row in enumerate(made):
        row.created_at = NOW - every * (questions - 1 - position // 2)
    Message.objects.bulk_update(made, ["created_at"])
    return branch


def a_message(branch: Branch, position: int) -> Message:
    return Message(
        conversation_id=branch.conversation_id,
        branch=branch,
        position=position,
        role="assistant" if position % 2 else "user",
        parts=[{"kind": "text", "text": f"message {position}"}],
        token_count=10,
        token_encoding="o200k_base*1.25@anthropic",
        tokens_before=10 * position,
    )


def loaded(branch: Branch, **changes: Any) -> context.TurnContext:
    model = LanguageModel.objects.select_related("provider").get(model_id="sandbox-claude")
    fresh = Branch.objects.get(pk=branch.pk)
    values = replace(ROOMY, **changes)
    return context.load(branch=fresh, agent=DEFAULT_AGENT, model=model, values=values, now=NOW)


def sent(branch: Branch, **changes: Any) -> tuple[list[str], dict[str, Any]]:
    """The texts that the next call carries, and what its receipt says of the earlier ones; the window is kept."""
    turn = loaded(branch, **changes)
    built = turn.build(is_last=False)
    context.save_window(turn)
    return [message.text for message in built.limited.messages], built.limited.receipt.to_dict()["earlier"]


def reasons(earlier: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {name: (tally["count"], tally["tokens"]) for name, tally in earlier["reasons"].items()}


def grow(branch: Branch, by: int) -> None:
    """So many more messages, as old as now."""
    there = Message.objects.filter(branch=branch).count()
    made = Message.objects.bulk_create(a_message(branch, position) for position in range(there, there + by))
    Message.objects.filter(pk__in=[row.pk for row in made]).update(created_at=NOW)


@pytest.mark.django_db
class TestLastMessages:
    def test_without_a_window_as_many_are_sent_as_allowed(self, owner: User) -> None:
        texts, earlier = sent(a_branch(owner, 30), last_messages=20)
        assert texts == [f"message {n}" for n in range(38, 59)]
        assert reasons(earlier) == {"over_last_messages": (38, 380)}

    def test_an_overrun_cuts_to_half_and_then_the_prefix_stays(self, owner: User) -> None:
        branch = a_branch(owner, 30)
        sent(branch, last_messages=20)
        firsts = []
        for _ in range(12):
            grow(branch, 2)
            texts, earlier = sent(branch, last_messages=20)
            assert 10 <= len(texts) - 1 <= 20
            assert reasons(earlier) == {"over_last_messages": (earlier["count"], earlier["tokens"])}
            firsts.append(texts[0])
        assert sum(before != after for before, after in pairwise(firsts)) == 1

    def test_a_changed_cap_fits_anew(self, owner: User) -> None:
        branch = a_branch(owner, 30)
        assert len(sent(branch, last_messages=6)[0]) == 7
        assert len(sent(branch, last_messages=40)[0]) == 41
        assert len(sent(branch, last_messages=6)[0]) == 7
        texts, earlier = sent(branch)
        assert (len(texts), earlier) == (59, {"count": 0, "tokens": 0, "reasons": {}})

    def test_only_as_many_rows_are_read_as_can_be_sent(self, owner: User) -> None:
        branch = a_branch(owner, 600)
        turn = loaded(branch, last_messages=20)
        assert len(turn.history) == 23
        assert turn.earlier.count == 1_199 - 23
        turn.build(is_last=False)
        context.save_window(turn)
        with CaptureQueriesContext(connection) as queries:
            again = loaded(branch, last_messages=20)
        assert len(again.history) == 21
        assert len([query for query in queries if "chat_message" in query["sql"]]) == 1

    def test_the_reasons_stand_apart_over_many_turns(self, owner: User) -> None:
        branch = a_branch(owner, 30)
        _, earlier = sent(branch, last_messages=20, max_age_minutes=45)
        assert reasons(earlier) == {"too_old": (50, 500)}
        for _ in range(6):
            grow(branch, 2)
            sent(branch, last_messages=20, max_age_minutes=45)
        grow(branch, 2)
        texts, earlier = sent(branch, last_messages=20, max_age_minutes=45)
        assert len(texts) == 11
        assert reasons(earlier) == {"too_old": (50, 500), "over_last_messages": (12, 120)}


@pytest.mark.django_db
class TestMaxAge:
    def test_older_turns_are_not_sent(self, owner: User) -> None:
        texts, earlier = sent(a_branch(owner, 30), max_age_minutes=45)
        assert texts == [f"message {n}" for n in range(50, 59)]
        assert reasons(earlier) == {"too_old": (50, 500)}

    def test_a_saved_window_that_grew_too_old_is_cut_to_half(self, owner: User) -> None:
        branch = a_branch(owner, 30)
        sent(branch, max_age_minutes=60)
        Message.objects.filter(branch=branch).update(created_at=NOW - timedelta(minutes=61))
        Message.objects.filter(branch=branch, position__gte=52).update(created_at=NOW - timedelta(minutes=31))
        Message.objects.filter(branch=branch, position__gte=54).update(created_at=NOW - timedelta(minutes=30))
        texts, earlier = sent(branch, max_age_minutes=60)
        assert texts == [f"message {n}" for n in range(54, 59)]
        assert reasons(earlier) == {"too_old": (54, 540)}

    def test_the_current_question_is_sent_however_old_it_is(self, owner: User) -> None:
        branch = a_branch(owner, 3)
        Message.objects.filter(branch=branch).update(created_at=NOW - timedelta(days=9))
        assert sent(branch, max_age_minutes=1)[0] == ["message 4"]

    def test_it_reads_no_further_than_it_sends(self, owner: User) -> None:
        turn = loaded(a_branch(owner, 600), max_age_minutes=45)
        assert len(turn.history) == 11


@pytest.mark.django_db
def test_the_two_limits_are_split(owner: User) -> None:
    turn = loaded(a_branch(owner, 3), context_token_limit=5_000, response_token_limit=77)
    built = turn.build(is_last=False)
    assert (built.limited.receipt.limit, built.request.max_output_tokens) == (5_000, 77)


@pytest.mark.django_db
def test_a_refit_keeps_to_the_caps_and_to_the_reasons(owner: User) -> None:
    built = loaded(a_branch(owner, 30), last_messages=20).build(is_last=False)
    assert built.request.refit is not None
    smaller = built.request.refit(built.request.counts.total - 60, False)
    assert len(smaller.messages) < 21
    assert smaller.call_id == built.request.call_id


@pytest.mark.django_db
def test_what_the_rate_limit_had_no_room_for_is_told_as_such_by_later_turns_too(owner: User) -> None:
    branch = a_branch(owner, 30)
    turn = loaded(branch)
    built = turn.build(is_last=False)
    assert built.request.refit is not None
    built.request.refit(built.request.counts.total, True)
    assert turn.built is not None
    told = turn.built.receipt.to_dict()["earlier"]
    assert list(told["reasons"]) == ["over_rate_limit"]
    context.save_window(turn)
    assert loaded(branch).build(is_last=False).limited.receipt.to_dict()["earlier"] == told


@pytest.mark.django_db
def test_a_window_of_an_older_version_says_nothing_of_rate_limits(owner: User) -> None:
    branch = a_branch(owner, 30)
    sent(branch, last_messages=20)
    kept = Branch.objects.get(pk=branch.pk).window
    del kept["over_rate_limit"]
    Branch.objects.filter(pk=branch.pk).update(window=kept)
    assert set(reasons(sent(branch, last_messages=20)[1])) == {"over_last_messages"}
