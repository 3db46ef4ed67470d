from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.links import make_setup_link
from accounts.models import User
from tests.conftest import PASSWORD

GOOD = {"username": "ada", "password1": "countess of lovelace", "password2": "countess of lovelace"}


@pytest.fixture
def setup_page(db: None) -> str:
    return f"/setup/{make_setup_link()}/"


def test_setting_up_signs_in_and_lands_in_the_chat(client: Client, setup_page: str) -> None:
    page = client.get(setup_page)
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]

    answer = client.post(setup_page, GOOD)
    assert answer.status_code == 302
    assert answer["Location"] == reverse("chat:home")
    assert client.get("/api/v1/me").json() | {"id": ""} == {
        "id": "",
        "username": "ada",
        "is_staff": True,
        "scope": "admin",
    }
    assert Client().get(setup_page).status_code == 404
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
