from __future__ import annotations

import pytest
from axes.models import AccessLog
from django.test import Client
from django.urls import reverse

from accounts.links import make_setup_link
from accounts.models import AuditEntry, OneTimeLink, User
from accounts.personal_links import address, make
from tests.conftest import PASSWORD

RESET = OneTimeLink.Purpose.PASSWORD_RESET
GOOD = {"username": "ada", "password1": "countess of lovelace", "password2": "countess of lovelace"}


@pytest.fixture
def setup_page(db: None) -> str:
    return f"/setup/{make_setup_link()}/"


def test_setting_up_signs_in_and_asks_who_shall_answer(client: Client, setup_page: str) -> None:
    page = client.get(setup_page)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]

    answer = client.post(setup_page, GOOD)
    assert answer.status_code == 302
    assert answer["Location"] == reverse("settings_ui:first-key")
    assert client.get(answer["Location"]).status_code == 200
    assert client.get("/api/v1/me").json() | {"id": ""} == {
        "id": "",
        "username": "ada",
        "is_staff": True,
        "scope": "admin",
    }
    used = Client().get(setup_page)
    assert used.status_code == 404
    assert "This set-up link was used" in used.text
    assert "no-store" in used["Cache-Control"]
    assert Client().post(setup_page, GOOD | {"username": "eve"}).status_code == 404
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password2": "another"}, "match"),
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"password1": "password", "password2": "password"}, "too common"),
        ({"username": ""}, "required"),
        ({"username": "a b"}, "valid username"),
        ({"username": "x" * 151}, "at most 150"),
        ({"username": "a\0b"}, "Null characters"),
    ],
)
def test_bad_entries_make_nobody_and_keep_the_link(
    client: Client, setup_page: str, change: dict[str, str], said: str
) -> None:
    answer = client.post(setup_page, GOOD | change)
    assert answer.status_code == 200  # an error status would put the address, and so the secret, into the log
    assert said in answer.text
    assert "countess" not in answer.text
    assert not User.objects.exists()
    assert client.get(setup_page).status_code == 200


def test_setting_up_needs_the_csrf_token(setup_page: str) -> None:
    assert Client(enforce_csrf_checks=True).post(setup_page, GOOD).status_code == 403
    assert not User.objects.exists()


def test_a_guessed_set_up_page_is_not_there(client: Client, db: None) -> None:
    assert client.get("/setup/guess/").status_code == 404


def test_signing_in_and_out(client: Client, owner: User) -> None:
    answer = client.post("/login/", {"username": "owner", "password": PASSWORD})
    assert answer["Location"] == reverse("chat:home")
    assert client.get("/api/v1/me").status_code == 200
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/api/v1/me").status_code == 401


def test_unknown_name_and_wrong_password_are_answered_alike(client: Client, owner: User) -> None:
    pages = [client.post("/login/", {"username": name, "password": "wrong"}) for name in ("owner", "nobody")]
    assert [page.status_code for page in pages] == [200, 200]
    assert "do not belong together" in pages[0].text
    assert _without_secrets(pages[0].text, "owner") == _without_secrets(pages[1].text, "nobody")


def test_ten_wrong_passwords_lock_the_name(client: Client, owner: User) -> None:
    tries = [client.post("/login/", {"username": "owner", "password": "wrong"}) for _ in range(10)]
    assert [answer.status_code for answer in tries] == [200] * 9 + [429]
    assert "Too many tries" in tries[-1].text
    assert client.post("/login/", {"username": "owner", "password": PASSWORD}).status_code == 429


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/x", "javascript:alert(1)", "\\\\evil.example"]
)
def test_next_never_leaves_this_server(client: Client, owner: User, target: str) -> None:
    answer = client.post("/login/", {"username": "owner", "password": PASSWORD, "next": target})
    assert answer["Location"] == reverse("chat:home")


def test_next_leads_back(client: Client, owner: User) -> None:
    asked = client.get("/settings/?provider=sandbox")
    assert asked.status_code == 302
    answer = client.post(asked["Location"], {"username": "owner", "password": PASSWORD, "next": "/settings/"})
    assert answer["Location"] == "/settings/"


def test_a_server_without_people_says_so(client: Client, db: None) -> None:
    assert "Nobody has an account" in client.get("/login/").text
    User.objects.create_user(username="somebody")
    assert "Nobody has an account" not in client.get("/login/").text


def _without_secrets(page: str, name: str) -> str:
    lines = page.replace(name, "").splitlines()
    return "\n".join(line for line in lines if "csrf" not in line and "nonce" not in line)


class TestOwnPassword:
    NEW = {"new_password1": "countess of lovelace", "new_password2": "countess of lovelace"}

    def test_is_changed_and_other_browsers_are_signed_out(self, owner: User) -> None:
        here, elsewhere = _signed_in("owner"), _signed_in("owner")
        page = here.get(reverse("password"))
        assert page.status_code == 200
        answer = here.post(reverse("password"), {"old_password": PASSWORD, **self.NEW}, follow=True)
        assert "Your password is changed" in answer.text
        assert here.get("/api/v1/me").status_code == 200
        assert elsewhere.get("/api/v1/me").status_code == 401
        entry = AuditEntry.objects.get()
        assert (entry.actor, entry.door, entry.changes) == (owner, "page", {"password": ["set", "set anew"]})

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"old_password": "wrong"}, "incorrectly"),
            ({"new_password2": "another"}, "match"),
            ({"new_password1": "short", "new_password2": "short"}, "too short"),
            ({"new_password1": "owner123", "new_password2": "owner123"}, "too similar"),
        ],
    )
    def test_bad_entries_change_nothing(self, owner: User, change: dict[str, str], said: str) -> None:
        answer = _signed_in("owner").post(reverse("password"), {"old_password": PASSWORD, **self.NEW, **change})
        assert answer.status_code == 200
        assert said in answer.text
        assert "countess" not in answer.text
        assert PASSWORD not in answer.text
        assert _signed_in("owner").get("/api/v1/me").status_code == 200
        assert not AuditEntry.objects.exists()

    def test_is_one_step_from_every_page(self, owner_client: Client) -> None:
        assert f'href="{reverse("password")}"' in owner_client.get(reverse("chat:home")).text

    def test_is_for_who_is_signed_in(self, client: Client, db: None) -> None:
        assert client.get(reverse("password"))["Location"].startswith("/login/")


class TestChoosingAPassword:
    @pytest.mark.parametrize("purpose", [OneTimeLink.Purpose.INVITE, OneTimeLink.Purpose.PASSWORD_RESET])
    def test_signs_in_and_lands_in_the_chat(self, client: Client, owner: User, purpose: OneTimeLink.Purpose) -> None:
        page = address(make(user=owner, purpose=purpose), purpose=purpose)
        shown = client.get(page)
        assert shown.status_code == 200
        assert "owner" in shown.text
        assert "no-store" in shown["Cache-Control"]
        answer = client.post(page, TestOwnPassword.NEW)
        assert answer["Location"] == reverse("chat:home")
        assert client.get("/api/v1/me").json()["username"] == "owner"
        assert Client().get(page).status_code == 404

    def test_notes_the_sign_in_without_the_secret(self, client: Client, owner: User) -> None:
        page = address(make(user=owner, purpose=RESET), purpose=RESET)
        client.post(page, TestOwnPassword.NEW)
        assert [note.path_info for note in AccessLog.objects.all()] == [reverse("login")]

    @pytest.mark.parametrize("password", ["short", "password", "owner123"])
    def test_bad_ones_keep_the_link(self, client: Client, owner: User, password: str) -> None:
        page = address(make(user=owner, purpose=RESET), purpose=RESET)
        answer = client.post(page, {"new_password1": password, "new_password2": password})
        assert answer.status_code == 200  # an error status would put the address, and so the secret, into the log
        assert f'value="{password}"' not in answer.text
        assert client.get(page).status_code == 200
        assert client.get("/api/v1/me").status_code == 401

    def test_of_someone_else_ends_ones_own_session(self, member_client: Client, owner: User) -> None:
        page = address(make(user=owner, purpose=RESET), purpose=RESET)
        before = member_client.cookies["sessionid"].value
        member_client.post(page, TestOwnPassword.NEW)
        assert member_client.get("/api/v1/me").json()["username"] == "owner"
        assert member_client.cookies["sessionid"].value != before

    def test_needs_the_csrf_token(self, owner: User) -> None:
        page = address(make(user=owner, purpose=RESET), purpose=RESET)
        assert Client(enforce_csrf_checks=True).post(page, TestOwnPassword.NEW).status_code == 403

    @pytest.mark.parametrize("page", ["/invite/guess/", "/new-password/guess/"])
    def test_is_not_there_for_a_guess(self, client: Client, db: None, page: str) -> None:
        assert client.get(page).status_code == client.post(page, TestOwnPassword.NEW).status_code == 404


def _signed_in(name: str) -> Client:
    client = Client()
    assert client.post("/login/", {"username": name, "password": PASSWORD}).status_code == 302
    return client
