from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry


def test_every_change_of_a_group_is_noted(staff_client: Client) -> None:
    right = Permission.objects.get(codename="view_user")
    staff_client.post(reverse("admin:auth_group_add"), {"name": "readers", "permissions": [right.pk]})
    group = Group.objects.get()
    staff_client.post(reverse("admin:auth_group_change", args=[group.pk]), {"name": "lookers"})
    staff_client.post(reverse("admin:auth_group_delete", args=[group.pk]), {"post": "yes"})

    noted = list(AuditEntry.objects.order_by("id").values_list("action", "target_id", "changes"))
    assert noted == [
        ("created", str(group.pk), {"name": [None, "readers"], "permissions": [None, [str(right)]]}),
        ("changed", str(group.pk), {"name": ["readers", "lookers"], "permissions": [[str(right)], []]}),
        ("deleted", str(group.pk), {"name": ["lookers", None]}),
    ]


def test_deleting_many_is_asked_for_and_notes_each(staff_client: Client) -> None:
    groups = [Group.objects.create(name=name) for name in ("a", "b")]
    chosen = {"action": "delete_selected", "_selected_action": [group.pk for group in groups]}
    address = reverse("admin:auth_group_changelist")
    assert "Are you sure" in staff_client.post(address, {**chosen, "index": "0"}).text
    assert Group.objects.count() == 2
    staff_client.post(address, {**chosen, "post": "yes"})
    assert sorted(AuditEntry.objects.values_list("action", "target_name")) == [("deleted", "a"), ("deleted", "b")]
