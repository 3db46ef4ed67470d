from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry
from agents.models import ModelCall, RatePool
from tests.agents.admin_forms import sent_back
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


def test_what_was_used_stands_beside_the_limits(staff_client: Client, pool: RatePool) -> None:
    for address in (page_of(pool), reverse("admin:agents_ratepool_changelist")):
        page = staff_client.get(address).text
        assert "1 of 50 requests, 49 left" in page
        assert "12,345 of 40,000 input tokens, 27,655 left" in page
        assert "the ledger’s view" in page or "the ledger&#x27;s view" in page


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
