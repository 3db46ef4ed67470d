"""The chat page and its fragments: who sees what, and that nothing a person wrote becomes markup."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat import conversations
from chat.models import Conversation

pytestmark = pytest.mark.django_db

HOSTILE_TITLE = """</script><img src=x onerror=harm()>"' <!-- {{ 7|add:7 }}"""


@pytest.fixture
def conversation(owner: User) -> Conversation:
    return conversations.create(owner, title="Why is it slow?")


def address(name: str, conversation: Conversation | uuid.UUID) -> str:
    pk = conversation if isinstance(conversation, uuid.UUID) else conversation.pk
    return reverse(f"chat:{name}", args=[pk])


def text_of(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def page_state(response: HttpResponseBase) -> dict[str, object]:
    found = re.search(r'<script id="page-state" type="application/json">(.*?)</script>', text_of(response), re.S)
    assert found is not None
    state: dict[str, object] = json.loads(found[1])
    return state


class TestWhoSeesWhat:
    @pytest.mark.parametrize("path", ["/", "/sidebar/", f"/c/{uuid.UUID(int=1)}/"])
    def test_nobody_is_sent_to_the_sign_in_page(self, client: Client, path: str) -> None:
        response = client.get(path)
        assert response.status_code == 302
        assert response["Location"] == f"{reverse('login')}?next={path}"

    def test_the_owner_sees_the_conversation(self, owner_client: Client, conversation: Conversation) -> None:
        response = owner_client.get(address("conversation", conversation))
        assert response.status_code == 200
        shown = page_state(response)["conversation"]
        assert isinstance(shown, dict)
        assert shown["id"] == str(conversation.pk)

    @pytest.mark.parametrize("stranger", ["member_client", "staff_client"])
    def test_to_others_it_does_not_exist(
        self, request: pytest.FixtureRequest, conversation: Conversation, stranger: str
    ) -> None:
        client = request.getfixturevalue(stranger)
        assert client.get(address("conversation", conversation)).status_code == 404
        assert client.post(address("rename", conversation), {"title": "mine"}).status_code == 404
        assert client.post(address("delete", conversation)).status_code == 404
        assert "Why is it slow?" not in text_of(client.get(reverse("chat:sidebar")))
        conversation.refresh_from_db()
        assert conversation.title == "Why is it slow?"

    def test_nobody_changes_anything(self, client: Client, conversation: Conversation) -> None:
        assert client.post(address("rename", conversation), {"title": "mine"}).status_code == 302
        assert client.post(address("delete", conversation)).status_code == 302
        conversation.refresh_from_db()
        assert conversation.title == "Why is it slow?"

    def test_an_id_that_is_nobodys_is_not_found(self, owner_client: Client) -> None:
        for name, method in (
            ("conversation", owner_client.get),
            ("rename", owner_client.post),
            ("delete", owner_client.post),
        ):
            assert method(address(name, uuid.uuid4()), {"title": "x"}).status_code == 404

    def test_a_write_needs_the_csrf_token(self, owner: User, conversation: Conversation) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
        assert client.post(address("delete", conversation)).status_code == 403
        assert client.get(address("delete", conversation)).status_code == 405


class TestThePage:
    def test_scripts_carry_the_nonce_and_nothing_is_inline(self, owner_client: Client) -> None:
        response = owner_client.get("/")
        policy = response["Content-Security-Policy"]
        nonce = re.search(r"script-src 'self' 'nonce-([^']+)'", policy)
        assert nonce is not None
        assert "unsafe" not in policy
        scripts = re.findall(r"<script\b[^>]*>", text_of(response))
        code = [tag for tag in scripts if "application/json" not in tag]
        assert len(code) >= 4
        assert all(f'nonce="{nonce[1]}"' in tag and "src=" in tag for tag in code)
        assert not re.search(r"\son\w+=|\sstyle=|<style", text_of(response))

    def test_every_htmx_element_carries_the_nonce_of_its_answer(
        self, owner_client: Client, owner: User, conversation: Conversation
    ) -> None:
        for n in range(60):
            conversations.create(owner, title=f"number {n}")
        for path in ("/", reverse("chat:sidebar")):
            response = owner_client.get(path)
            nonce = re.search(r"'nonce-([^']+)'", response["Content-Security-Policy"])
            assert nonce is not None
            tags = re.findall(r"<[^>]*\shx-(?:get|post)=[^>]*>", text_of(response))
            assert tags
            assert all(f'hx-nonce="{nonce[1]}"' in tag for tag in tags)

    def test_it_is_not_kept_by_any_cache(self, owner_client: Client, conversation: Conversation) -> None:
        assert "no-store" in owner_client.get(address("conversation", conversation))["Cache-Control"]

    def test_a_title_is_text_wherever_it_stands(self, owner_client: Client, owner: User) -> None:
        hostile = conversations.create(owner, title=HOSTILE_TITLE)
        response = owner_client.get(address("conversation", hostile))
        assert "<img src=x" not in text_of(response)
        assert "&lt;img src=x" in text_of(response)
        shown = page_state(response)["conversation"]
        assert isinstance(shown, dict)
        assert shown["title"] == HOSTILE_TITLE

    @pytest.mark.parametrize(
        ("cookie", "wanted"),
        [
            ("dark", '<html lang="en" class="theme-dark">'),
            ("light", "theme-light"),
            ('x" onload="harm()', '<html lang="en">'),
        ],
    )
    def test_the_theme_is_in_the_first_line(self, owner_client: Client, cookie: str, wanted: str) -> None:
        owner_client.cookies["theme"] = cookie
        page = text_of(owner_client.get("/"))
        assert wanted in page
        assert "harm()" not in page

    def test_only_staff_see_the_way_to_the_admin(self, owner_client: Client, staff_client: Client) -> None:
        assert reverse("admin:index") not in text_of(owner_client.get("/"))
        assert reverse("admin:index") in text_of(staff_client.get("/"))


class TestTheList:
    def test_it_goes_on_where_it_stopped(self, owner_client: Client, owner: User) -> None:
        for n in range(55):
            conversations.create(owner, title=f"number {n}")
        first = text_of(owner_client.get(reverse("chat:sidebar")))
        more = re.search(r'hx-get="([^"]*cursor=[^"]*)"', first)
        assert more is not None
        rest = text_of(owner_client.get(more[1].replace("&amp;", "&")))
        titles = re.findall(r"number (\d+)</a>", first + rest)
        assert [int(title) for title in titles] == list(range(54, -1, -1))
        assert "cursor=" not in rest

    def test_a_cursor_of_nonsense_is_not_found(self, owner_client: Client) -> None:
        assert owner_client.get(reverse("chat:sidebar"), {"cursor": "<nonsense>"}).status_code == 404

    def test_rename_answers_with_the_list(self, owner_client: Client, conversation: Conversation) -> None:
        response = owner_client.post(address("rename", conversation), {"title": " Costs  in June "})
        assert response.status_code == 200
        assert "Costs in June</a>" in text_of(response)

    @pytest.mark.parametrize("title", ["", "   ", "x" * 201, "nul\x00"])
    def test_a_bad_title_is_refused_with_the_reason(
        self, owner_client: Client, conversation: Conversation, title: str
    ) -> None:
        response = owner_client.post(address("rename", conversation), {"title": title})
        assert response.status_code == 422
        assert 'role="alert"' in text_of(response)
        assert "Why is it slow?</a>" in text_of(response)

    def test_delete_answers_with_the_list(self, owner_client: Client, conversation: Conversation) -> None:
        response = owner_client.post(address("delete", conversation))
        assert response.status_code == 200
        assert "Why is it slow?" not in text_of(response)
        assert not Conversation.objects.exists()
