from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse, reverse_lazy

from accounts.models import AuditEntry
from agents.models import ModelCall, RatePool
from agents.pool_limits import limits_of, pool_key
from tests.agents.admin_forms import sent_back
from tests.agents.governed_pools import Kept, kept_states, used_pool
from tests.agents.rows import make_model


@pytest.fixture
def pool(db: None) -> RatePool:
    model = make_model()
    pool = RatePool.objects.create(
        provider=model.provider, name="shared", requests_per_minute=50, input_tokens_per_minute=40_000
    )
    model.pool = pool
    model.save()
    ModelCall.objects.create(
        model=model, status="completed", estimated_input_tokens=1, max_output_tokens=1, input_tokens=12_345
    )
    return pool


def page_of(pool: RatePool) -> str:
    return reverse("admin:agents_ratepool_change", args=[pool.pk])


LIST = reverse_lazy("admin:agents_ratepool_changelist")


@pytest.fixture
def kept() -> Iterator[Kept]:
    with kept_states() as kept:
        yield kept


def words(page: str) -> str:
    """The text that people read, without tags and line breaks."""
    return " ".join(re.sub("<[^>]*>", " ", page).split())


def test_a_pool_that_nobody_uses_is_all_there_and_the_ledger_stands_beside_it(
    staff_client: Client, pool: RatePool
) -> None:
    shown = words(staff_client.get(page_of(pool)).text)
    assert "Requests 50 nothing else 50 4 of 4 free at once now 1 " in shown
    assert "Input tokens 40,000 nothing else 40,000 40,000 of 40,000 free now 12,345 " in shown
    assert "Calls in flight: 0. Nobody waits." in shown
    assert "Look at this" not in shown
    assert "40,000 of 40,000 free: input tokens" in words(staff_client.get(LIST).text)


def test_what_is_taken_and_who_waits(staff_client: Client, pool: RatePool, kept: Kept) -> None:
    pool.concurrent_calls = 3
    pool.save()
    kept[pool_key(pool)] = used_pool(limits_of(pool), taken={"requests": 1.0, "input": 39_900.0}, waiting=1)
    shown = words(staff_client.get(page_of(pool)).text)
    assert "Calls in flight: 1 of at most 3. 1 call waits; a new small one would, too, for about " in shown
    assert re.search(r"40,000 nothing else 40,000 [\d,]{1,5} of 40,000 free in \d\d s", shown)
    assert "1 call waits; " in words(staff_client.get(LIST).text)


def test_what_was_learnt_stands_beside_what_was_entered_with_what_to_do(
    staff_client: Client, pool: RatePool, kept: Kept
) -> None:
    kept[pool_key(pool)] = used_pool(limits_of(pool), taken={"requests": 1.0}, told={"input": 30_000.0})
    shown = words(staff_client.get(page_of(pool)).text)
    assert "Input tokens 40,000 30,000 30,000 30,000 of 30,000 free" in shown
    assert "Look at this. Input tokens: 40,000 a minute are entered, but the provider enforces 30,000. " in shown
    assert "Enter 30,000 here" in shown
    assert "Not as entered: input tokens" in words(staff_client.get(LIST).text)


def test_a_pool_without_limits_says_so(staff_client: Client, pool: RatePool) -> None:
    RatePool.objects.update(requests_per_minute=None, input_tokens_per_minute=None)
    assert "No limit is entered, and none was learnt yet." in words(staff_client.get(page_of(pool)).text)
    assert "no limit is known" in staff_client.get(LIST).text


def test_a_change_is_noted(staff_client: Client, pool: RatePool) -> None:
    staff_client.post(page_of(pool), sent_back(staff_client, page_of(pool), requests_per_minute="60"))
    assert AuditEntry.objects.get().changes == {"requests_per_minute": [50, 60]}


def test_tokens_count_together_or_apart(staff_client: Client, pool: RatePool) -> None:
    answer = staff_client.post(page_of(pool), sent_back(staff_client, page_of(pool), tokens_per_minute="1000"))
    assert answer.status_code == 200
    pool.refresh_from_db()
    assert pool.tokens_per_minute is None


def test_a_new_pool_has_no_headroom_yet(staff_client: Client, db: None) -> None:
    assert staff_client.get(reverse("admin:agents_ratepool_add")).status_code == 200


def test_how_calls_are_let_through_is_checked(staff_client: Client, pool: RatePool) -> None:
    fields = sent_back(staff_client, page_of(pool), concurrent_calls="0", token_burst_seconds="61", patience_seconds="")
    page = staff_client.post(page_of(pool), fields)
    assert set(page.context["adminform"].form.errors) >= {"concurrent_calls", "token_burst_seconds", "patience_seconds"}
    staff_client.post(page_of(pool), sent_back(staff_client, page_of(pool), request_burst_seconds="1"))
    pool.refresh_from_db()
    assert (pool.concurrent_calls, pool.request_burst_seconds, pool.patience_seconds) == (None, 1, 300)
