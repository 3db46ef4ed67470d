from __future__ import annotations

from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from agents.settings_resolution import save
from tests.agents.rows import make_model


def test_the_history_of_a_row_is_what_the_audit_log_knows_of_it(staff_client: Client, owner: User) -> None:
    model = make_model()
    save(user=None, model=model, changes={"temperature": 0.2}, actor=owner)
    save(user=owner, model=model, changes={"temperature": 0.3}, actor=owner)
    row = model.configs.get(user=None)
    page = staff_client.get(reverse("admin:agents_agentconfig_history", args=[row.pk]), follow=True)
    assert page.status_code == 200
    assert [entry.changes for entry in page.context["cl"].queryset] == [{"temperature": [None, 0.2]}]


def test_whoever_may_not_see_the_audit_log_sees_djangos_own(client: Client, member: User) -> None:
    row = make_model()
    member.is_staff = True
    member.save()
    member.user_permissions.add(Permission.objects.get(codename="change_languagemodel"))
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("admin:agents_languagemodel_history", args=[row.pk]))
    assert page.status_code == 200
