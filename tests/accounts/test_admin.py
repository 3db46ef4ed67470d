from __future__ import annotations

from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, User
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


def test_a_token_is_revoked_and_nothing_else_can_be_done(staff_client: Client, owner: User) -> None:
    row = issue(user=owner, scope="write").row
    assert staff_client.get(reverse("admin:accounts_apitoken_add")).status_code == 403
    assert staff_client.post(reverse("admin:accounts_apitoken_delete", args=[row.pk])).status_code == 403
    staff_client.post(TOKENS, {"action": "revoke", "_selected_action": [row.pk]})
    assert ApiToken.objects.get().revoked_at is not None


def test_people_cannot_be_deleted_here(staff_client: Client, owner: User) -> None:
    address = reverse("admin:accounts_user_delete", args=[owner.pk])
    assert staff_client.get(address).status_code == 403
    staff_client.post(
        reverse("admin:accounts_user_changelist"), {"action": "delete_selected", "_selected_action": [owner.pk]}
    )
    assert User.objects.filter(pk=owner.pk).exists()


def test_an_admin_adds_a_person(staff_client: Client) -> None:
    staff_client.post(
        reverse("admin:accounts_user_add"),
        {"username": "new", "password1": "a good long one", "password2": "a good long one", "usable_password": "true"},
    )
    assert User.objects.get(username="new").check_password("a good long one")


def test_only_staff_sees_the_admin(member_client: Client, client: Client) -> None:
    for stranger in (member_client, client):
        assert stranger.get(TOKENS).status_code == 302


def test_a_person_cannot_be_found_by_the_hash_of_a_password(staff_client: Client, owner: User) -> None:
    address = reverse("admin:accounts_apitoken_changelist")
    assert staff_client.get(f"{address}?user__password__startswith=md5").status_code == 400
