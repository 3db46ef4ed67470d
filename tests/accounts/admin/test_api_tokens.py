from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken, AuditEntry, User
from accounts.tokens import issue

TOKENS = reverse("admin:accounts_apitoken_changelist")


def test_tokens_are_listed_without_their_secret_or_digest(staff_client: Client, owner: User) -> None:
    issued = issue(user=owner, scope="write")
    for address in (TOKENS, reverse("admin:accounts_apitoken_change", args=[issued.row.pk])):
        page = staff_client.get(address)
        assert page.status_code == 200
        assert issued.row.prefix in page.text
        assert issued.secret not in page.text
        assert issued.row.digest not in page.text


def test_revoking_is_asked_for_and_then_done_and_noted(staff_client: Client, staff: User, owner: User) -> None:
    row = issue(user=owner, scope="write", name="deploy robot").row
    chosen = {"action": "revoke", "_selected_action": [row.pk]}

    question = staff_client.post(TOKENS, {**chosen, "index": "0"})
    assert "are refused at once" in question.text
    assert "deploy robot" in question.text
    assert ApiToken.objects.get().revoked_at is None
    assert not AuditEntry.objects.exists()

    staff_client.post(TOKENS, {**chosen, "confirmed": "yes"})
    revoked_at = ApiToken.objects.get().revoked_at
    assert revoked_at is not None
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.target_id) == (staff, "revoked", str(row.pk))
    assert list(entry.changes) == ["revoked_at"]


def test_revoking_twice_keeps_the_first_moment(staff_client: Client, owner: User) -> None:
    row = issue(user=owner, scope="write").row
    long_ago = timezone.now() - timedelta(days=3)
    ApiToken.objects.update(revoked_at=long_ago)
    staff_client.post(TOKENS, {"action": "revoke", "_selected_action": [row.pk], "confirmed": "yes"})
    assert ApiToken.objects.get().revoked_at == long_ago
    assert not AuditEntry.objects.exists()


def test_nothing_else_can_be_done(staff_client: Client, owner: User) -> None:
    row = issue(user=owner, scope="write").row
    assert staff_client.get(reverse("admin:accounts_apitoken_add")).status_code == 403
    for name in ("change", "delete"):
        assert staff_client.post(reverse(f"admin:accounts_apitoken_{name}", args=[row.pk])).status_code == 403
    staff_client.post(TOKENS, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert ApiToken.objects.filter(revoked_at=None).exists()


def test_only_staff_sees_tokens(member_client: Client, client: Client) -> None:
    for stranger in (member_client, client):
        assert stranger.get(TOKENS).status_code == 302


@pytest.mark.parametrize("lookup", ["user__password__startswith=md5", "digest__startswith=a"])
def test_nothing_secret_can_be_guessed_by_a_filter(staff_client: Client, lookup: str) -> None:
    assert staff_client.get(f"{TOKENS}?{lookup}").status_code == 400


def test_the_tokens_of_a_person_who_has_none_are_none(staff_client: Client, owner: User, member: User) -> None:
    row = issue(user=owner, scope="write").row
    found = {
        person: list(staff_client.get(f"{TOKENS}?user__id__exact={person.pk}").context["cl"].queryset)
        for person in (owner, member)
    }
    assert found == {owner: [row], member: []}


def test_revoked_tokens_are_told_from_the_others(staff_client: Client, owner: User) -> None:
    kept, revoked = (issue(user=owner, scope="write").row for _ in range(2))
    ApiToken.objects.filter(pk=revoked.pk).update(revoked_at=timezone.now())
    found = {
        state: set(staff_client.get(f"{TOKENS}?state={state}").context["cl"].queryset)
        for state in ("open", "revoked", "nonsense")
    }
    assert found == {"open": {kept}, "revoked": {revoked}, "nonsense": {kept, revoked}}
