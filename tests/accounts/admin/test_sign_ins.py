from __future__ import annotations

from axes.models import AccessAttempt
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from tests.conftest import PASSWORD

CANARY = "canary-77f0"


def lock(client: Client, password: str = "wrong") -> None:
    for _ in range(10):
        client.post("/login/", {"username": "owner", "password": password})


def test_deleting_the_attempts_opens_the_lock_and_is_noted(staff_client: Client, client: Client, owner: User) -> None:
    right = {"username": "owner", "password": PASSWORD}
    lock(client)
    assert client.post("/login/", right).status_code == 429
    attempt = AccessAttempt.objects.get()
    staff_client.post(reverse("admin:axes_accessattempt_delete", args=[attempt.pk]), {"post": "yes"})
    assert client.post("/login/", right).status_code == 302
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_type) == ("deleted", "axes.AccessAttempt")


def test_what_was_typed_is_not_shown(staff_client: Client, client: Client, owner: User) -> None:
    lock(client, password=CANARY)
    attempt = AccessAttempt.objects.get()
    for address in (
        reverse("admin:axes_accessattempt_changelist"),
        reverse("admin:axes_accessattempt_change", args=[attempt.pk]),
        reverse("admin:axes_accessfailurelog_changelist"),
        reverse("admin:axes_accesslog_changelist"),
    ):
        page = staff_client.get(address)
        assert page.status_code == 200
        assert CANARY not in page.text


def test_the_notes_of_sign_ins_are_for_reading(staff_client: Client, client: Client, owner: User) -> None:
    client.post("/login/", {"username": "owner", "password": PASSWORD})
    for name in ("accesslog", "accessfailurelog"):
        assert staff_client.get(reverse(f"admin:axes_{name}_add")).status_code == 403
        page = staff_client.get(reverse(f"admin:axes_{name}_changelist"))
        assert "delete_selected" not in page.text
