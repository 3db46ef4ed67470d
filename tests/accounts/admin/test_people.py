from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.models import AuditEntry, OneTimeLink, User
from accounts.tokens import issue
from tests.conftest import PASSWORD

PEOPLE = reverse("admin:accounts_user_changelist")
ADD = reverse("admin:accounts_user_add")
CHOSEN = {"new_password1": "countess of lovelace", "new_password2": "countess of lovelace"}


@pytest.fixture
def deputy_client(db: None) -> Client:
    """Staff that may add and change people, but is no superuser."""
    deputy = User.objects.create_user(username="deputy", password=PASSWORD, is_staff=True)
    rights = ["add_user", "change_user", "view_user"]
    deputy.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(deputy, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page_of(person: User) -> str:
    return reverse("admin:accounts_user_change", args=[person.pk])


def link_page_of(person: User) -> str:
    return reverse("admin:accounts_user_password_link", args=[person.pk])


def link_in(page: str) -> str:
    found = re.search(r'value="http://testserver(/[^"]+/)"', page)
    assert found, "no link on the page"
    return found[1]


def fields_of(client: Client, person: User) -> dict[str, object]:
    form = client.get(page_of(person)).context["adminform"].form
    shown = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in shown.items() if value not in (None, False)}


def act(client: Client, action: str, *people: User, confirmed: bool = True) -> str:
    data = {"action": action, "_selected_action": [person.pk for person in people]}
    answer = client.post(PEOPLE, {**data, "confirmed": "yes"} if confirmed else {**data, "index": "0"}, follow=True)
    assert answer.status_code == 200
    return answer.text


class TestInvitation:
    def test_shows_a_link_at_which_the_person_chooses_a_password(self, staff_client: Client, client: Client) -> None:
        shown = staff_client.post(ADD, {"username": "ada", "email": "ada@example.com", "is_staff": "on"})
        assert shown.status_code == 200
        ada = User.objects.get(username="ada")
        assert (ada.email, ada.is_staff, ada.is_superuser) == ("ada@example.com", True, False)
        assert not ada.has_usable_password()

        link = link_in(shown.text)
        assert client.get(link).status_code == 200
        assert client.post(link, CHOSEN)["Location"] == reverse("chat:home")
        assert client.get("/api/v1/me").json()["username"] == "ada"
        assert Client().post("/login/", {"username": "ada", "password": CHOSEN["new_password1"]}).status_code == 302
        assert Client().get(link).status_code == Client().post(link, CHOSEN).status_code == 404

    def test_link_is_shown_once_and_is_nowhere_else(self, staff_client: Client) -> None:
        shown = staff_client.post(ADD, {"username": "ada"})
        secret = link_in(shown.text).split("/")[2]
        ada = User.objects.get(username="ada")
        assert "no-store" in shown["Cache-Control"]
        for address in (page_of(ada), PEOPLE, reverse("admin:accounts_auditentry_changelist"), reverse("admin:index")):
            assert secret not in staff_client.get(address).text
        assert secret not in str(list(OneTimeLink.objects.values()) + list(AuditEntry.objects.values()))

    def test_is_in_the_audit_log(self, staff_client: Client, staff: User) -> None:
        staff_client.post(ADD, {"username": "ada", "is_staff": "on"})
        entries = {entry.action: entry for entry in AuditEntry.objects.all()}
        assert entries.keys() == {"created", "invited"}
        assert entries["created"].changes == {"username": [None, "ada"], "is_staff": [None, True]}
        assert {entry.actor for entry in entries.values()} == {staff}

    @pytest.mark.parametrize(("username", "said"), [("", "required"), ("owner", "already exists"), ("a b", "valid")])
    def test_of_a_bad_name_makes_nobody(self, staff_client: Client, owner: User, username: str, said: str) -> None:
        answer = staff_client.post(ADD, {"username": username})
        assert answer.status_code == 200
        assert said in answer.text
        assert not OneTimeLink.objects.exists()
        assert User.objects.count() == 2

    def test_gives_no_rights_that_were_not_asked_for(self, staff_client: Client) -> None:
        staff_client.post(ADD, {"username": "ada", "is_superuser": "on", "is_active": "on", "password": "x"})
        ada = User.objects.get(username="ada")
        assert (ada.is_staff, ada.is_superuser, ada.has_usable_password()) == (False, False, False)


class TestPasswordLink:
    def test_is_asked_for_and_then_shown(self, staff_client: Client, owner: User, client: Client) -> None:
        assert "works until then" in staff_client.get(link_page_of(owner)).text
        assert not OneTimeLink.objects.exists()
        link = link_in(staff_client.post(link_page_of(owner), {"confirmed": "yes"}).text)
        assert link.startswith("/new-password/")
        assert client.post("/login/", {"username": "owner", "password": PASSWORD}).status_code == 302

        assert Client().post(link, CHOSEN).status_code == 302
        assert Client().get(link).status_code == 404
        assert client.get("/api/v1/me").status_code == 401, "sessions under the old password end"
        assert Client().post("/login/", {"username": "owner", "password": PASSWORD}).status_code == 200
        actions = list(AuditEntry.objects.order_by("id").values_list("action", "door", "actor_name"))
        assert actions == [("password link made", "admin", "staff"), ("password chosen", "page", "owner")]

    def test_for_an_invited_person_is_an_invitation_again(self, staff_client: Client) -> None:
        first = link_in(staff_client.post(ADD, {"username": "ada"}).text)
        ada = User.objects.get(username="ada")
        second = link_in(staff_client.post(link_page_of(ada), {"confirmed": "yes"}).text)
        assert second.startswith("/invite/")
        assert Client().get(first).status_code == 404
        assert Client().get(second).status_code == 200

    def test_of_nobody_is_not_there(self, staff_client: Client, owner: User) -> None:
        address = link_page_of(owner)
        owner.delete()
        assert staff_client.post(address, {"confirmed": "yes"}).status_code == 404


class TestDeactivation:
    def test_asks_before_it_acts(self, staff_client: Client, owner: User) -> None:
        question = act(staff_client, "deactivate", owner, confirmed=False)
        assert "signed out everywhere" in question
        owner.refresh_from_db()
        assert owner.is_active

    def test_shuts_every_door_and_deletes_nothing(
        self, staff_client: Client, owner: User, owner_client: Client, client: Client
    ) -> None:
        issued = issue(user=owner, scope="read")
        link = link_in(staff_client.post(link_page_of(owner), {"confirmed": "yes"}).text)
        assert "Deactivated: owner." in act(staff_client, "deactivate", owner)

        bearer = {"Authorization": f"Bearer {issued.secret}"}
        assert owner_client.get("/api/v1/me").status_code == 401
        assert client.get("/api/v1/me", headers=bearer).status_code == 401
        assert client.post("/login/", {"username": "owner", "password": PASSWORD}).status_code == 200
        assert client.get(link).status_code == 404
        issued.row.refresh_from_db()
        assert issued.row.revoked_at is None

        act(staff_client, "activate", owner)
        assert client.get("/api/v1/me", headers=bearer).status_code == 200
        noted = AuditEntry.objects.filter(target_id=str(owner.pk), changes__has_key="is_active").order_by("id")
        assert [(entry.action, entry.changes["is_active"]) for entry in noted] == [
            ("deactivated", [True, False]),
            ("activated", [False, True]),
        ]

    def test_never_of_oneself(self, staff_client: Client, staff: User) -> None:
        assert "not yourself" in act(staff_client, "deactivate", staff)
        staff.refresh_from_db()
        assert staff.is_active

    def test_cannot_be_done_by_the_form(self, staff_client: Client, owner: User) -> None:
        fields = fields_of(staff_client, owner)
        assert "is_active" not in fields
        staff_client.post(page_of(owner), fields)
        owner.refresh_from_db()
        assert owner.is_active


class TestRights:
    def test_changes_are_noted_with_old_and_new(self, staff_client: Client, owner: User) -> None:
        group = Group.objects.create(name="operators")
        fields = fields_of(staff_client, owner) | {"email": "o@example.com", "is_staff": "on", "groups": [group.pk]}
        assert staff_client.post(page_of(owner), fields).status_code == 302
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.target_name) == ("changed", "owner")
        assert entry.changes == {
            "email": ["", "o@example.com"],
            "is_staff": [False, True],
            "groups": [[], ["operators"]],
        }

    def test_nothing_changed_is_nothing_noted(self, staff_client: Client, owner: User) -> None:
        assert staff_client.post(page_of(owner), fields_of(staff_client, owner)).status_code == 302
        assert not AuditEntry.objects.exists()

    def test_nobody_takes_their_own_rights(self, staff_client: Client, staff: User) -> None:
        staff_client.post(page_of(staff), {"username": "staff"})
        staff.refresh_from_db()
        assert (staff.is_staff, staff.is_superuser) == (True, True)

    def test_only_a_superuser_gives_rights(self, deputy_client: Client, owner: User) -> None:
        fields = fields_of(deputy_client, owner)
        right = Permission.objects.get(codename="add_user")
        deputy_client.post(page_of(owner), fields | {"is_superuser": "on", "user_permissions": [right.pk]})
        owner.refresh_from_db()
        assert not owner.is_superuser
        assert not owner.user_permissions.exists()

    def test_only_a_superuser_touches_a_superuser(self, deputy_client: Client, staff: User) -> None:
        assert deputy_client.post(page_of(staff), {"username": "mine"}).status_code == 403
        assert deputy_client.post(link_page_of(staff), {"confirmed": "yes"}).status_code == 403
        act(deputy_client, "deactivate", staff)
        staff.refresh_from_db()
        assert (staff.username, staff.is_active) == ("staff", True)
        assert not OneTimeLink.objects.exists()

    def test_deputies_look_after_everyone_else(self, deputy_client: Client, owner: User) -> None:
        assert deputy_client.post(link_page_of(owner), {"confirmed": "yes"}).status_code == 200
        assert "Deactivated: owner." in act(deputy_client, "deactivate", owner)


def test_people_cannot_be_deleted_here(staff_client: Client, owner: User) -> None:
    assert staff_client.get(reverse("admin:accounts_user_delete", args=[owner.pk])).status_code == 403
    staff_client.post(PEOPLE, {"action": "delete_selected", "_selected_action": [owner.pk], "post": "yes"})
    assert User.objects.filter(pk=owner.pk).exists()


def test_nobody_sets_another_persons_password(staff_client: Client, owner: User) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("admin:auth_user_password_change", args=[owner.pk])
    assert staff_client.get(f"/admin/accounts/user/{owner.pk}/password/").status_code in (302, 404)
    assert owner.password not in staff_client.get(page_of(owner)).text


def test_a_person_cannot_be_found_by_the_hash_of_a_password(staff_client: Client) -> None:
    assert staff_client.get(f"{PEOPLE}?password__startswith=md5").status_code == 400


def test_strangers_are_sent_to_sign_in(client: Client, member_client: Client, owner: User) -> None:
    for stranger in (client, member_client):
        for address in (PEOPLE, ADD, page_of(owner), link_page_of(owner)):
            assert stranger.post(address, {"confirmed": "yes"}).status_code == 302
    assert not OneTimeLink.objects.exists()
