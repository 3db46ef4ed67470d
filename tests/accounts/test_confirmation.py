from __future__ import annotations

from collections.abc import Mapping

from django.test import Client
from django.urls import reverse

from accounts.confirmation import ROWS_SHOWN
from accounts.models import ApiToken, User
from accounts.tokens import issue

TOKENS = reverse("admin:accounts_apitoken_changelist")


def hidden_fields(client: Client, data: Mapping[str, object], query: str = "") -> dict[str, object]:
    question = client.post(f"{TOKENS}{query}", data).context["question"]
    fields: dict[str, list[str]] = {}
    for name, value in question.hidden:
        fields.setdefault(name, []).append(value)
    return {**fields, "confirmed": "yes"}


def test_the_question_carries_the_choice_and_the_way_back(staff_client: Client, owner: User) -> None:
    rows = [issue(user=owner, scope="read").row for _ in range(2)]
    chosen = {"action": "revoke", "_selected_action": [str(row.pk) for row in rows], "index": "0"}
    page = staff_client.post(f"{TOKENS}?q=owner", chosen)
    assert page.context["question"].back == f"{TOKENS}?q=owner"
    staff_client.post(f"{TOKENS}?q=owner", hidden_fields(staff_client, chosen, "?q=owner"))
    assert not ApiToken.objects.filter(revoked_at=None).exists()


def test_all_rows_of_a_filter_can_be_meant(staff_client: Client, owner: User, member: User) -> None:
    rows = [issue(user=owner, scope="read").row for _ in range(ROWS_SHOWN + 5)]
    other = issue(user=member, scope="read").row
    chosen = {"action": "revoke", "_selected_action": [str(rows[0].pk)], "select_across": "1", "index": "0"}
    page = staff_client.post(f"{TOKENS}?q=owner", chosen)
    assert "and 5 more" in page.text
    staff_client.post(f"{TOKENS}?q=owner", hidden_fields(staff_client, chosen, "?q=owner"))
    assert list(ApiToken.objects.filter(revoked_at=None)) == [other]


def test_confirming_needs_the_csrf_token(staff: User, owner: User) -> None:
    row = issue(user=owner, scope="read").row
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(TOKENS, {"action": "revoke", "_selected_action": [row.pk], "confirmed": "yes"})
    assert answer.status_code == 403
    assert ApiToken.objects.filter(revoked_at=None).exists()


def test_a_get_never_acts(staff_client: Client, owner: User) -> None:
    row = issue(user=owner, scope="read").row
    staff_client.get(TOKENS, {"action": "revoke", "_selected_action": str(row.pk), "confirmed": "yes"})
    assert ApiToken.objects.filter(revoked_at=None).exists()
