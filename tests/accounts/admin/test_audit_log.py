from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.audit import record
from accounts.models import AuditEntry, User

LOG = reverse("admin:accounts_auditentry_changelist")
Door = AuditEntry.Door


@pytest.fixture
def entry(staff: User, owner: User) -> AuditEntry:
    changes: dict[str, tuple[object, object]] = {"email": ("", "<b>new</b>"), "groups": (["a"], [])}
    return record(actor=staff, door=Door.ADMIN, action="changed", target=owner, changes=changes)


def test_the_log_tells_old_and_new(staff_client: Client, entry: AuditEntry) -> None:
    for address in (LOG, reverse("admin:accounts_auditentry_change", args=[entry.pk])):
        page = staff_client.get(address)
        assert page.status_code == 200
        assert "<b>email</b>: (empty) → &lt;b&gt;new&lt;/b&gt;" in page.text
        assert "<b>groups</b>: a → —" in page.text
        assert "accounts.User" in page.text


def test_nobody_adds_changes_or_deletes_an_entry(staff_client: Client, entry: AuditEntry) -> None:
    for name, args in (("add", []), ("change", [entry.pk]), ("delete", [entry.pk])):
        assert staff_client.post(reverse(f"admin:accounts_auditentry_{name}", args=args), {}).status_code == 403
    staff_client.post(LOG, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"})
    assert AuditEntry.objects.get() == entry
    page = staff_client.get(reverse("admin:accounts_auditentry_change", args=[entry.pk]))
    assert 'name="_save"' not in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("door__exact=admin", True),
        ("door__exact=api", False),
        ("action__exact=changed", True),
        ("action__exact=deleted", False),
        ("target_type__exact=accounts.User", True),
        ("q=owner", True),
        ("q=nobody", False),
    ],
)
def test_the_log_can_be_filtered(staff_client: Client, entry: AuditEntry, query: str, found: bool) -> None:
    assert (entry in staff_client.get(f"{LOG}?{query}").context["cl"].queryset) is found


def test_the_log_can_be_filtered_by_who_did_it(staff_client: Client, entry: AuditEntry, owner: User) -> None:
    by = record(actor=owner, door=Door.PAGE, action="changed", target=owner, changes={})
    page = staff_client.get(f"{LOG}?actor__id__exact={owner.pk}")
    assert list(page.context["cl"].queryset) == [by]


def test_only_staff_sees_the_log(client: Client, member_client: Client, entry: AuditEntry) -> None:
    for stranger in (client, member_client):
        assert stranger.get(LOG).status_code == 302


def test_staff_without_the_permission_does_not_see_the_log(client: Client, member: User, entry: AuditEntry) -> None:
    User.objects.filter(pk=member.pk).update(is_staff=True)
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(LOG).status_code == 403
