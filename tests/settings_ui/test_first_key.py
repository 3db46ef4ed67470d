"""The page after the first account: the sandbox, or a key that is tried before it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditEntry, User
from agents import secrets
from agents.defaults import ensure_shipped_rows
from agents.models import LanguageModel, ModelCall, Provider
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.pace import Pacing
from agents.sandbox.server import SandboxServer

PAGE = reverse("settings_ui:first-key")
KEY = "sk-canary-9d1c-0123456789f3"


@pytest.fixture(autouse=True)
def _shipped(transactional_db: None, settings: Settings) -> None:
    settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]
    settings.ANTHROPIC_API_KEY = settings.OPENAI_API_KEY = ""
    ensure_shipped_rows()


@pytest.fixture
def vendors() -> Iterator[None]:
    """Both vendors, played by the sandbox on this machine under the models that we ship."""
    server = SandboxServer(SandboxApp(exchange=Exchange(pacing=Pacing(factor=0))), host="127.0.0.1", port=0)
    with running(server.run, stop=lambda: setattr(server, "should_exit", True)):
        while not server.started:
            pass
        point_at(f"http://127.0.0.1:{server.port}")
        yield


def point_at(url: str) -> None:
    Provider.objects.filter(kind="anthropic").update(base_url=url)
    Provider.objects.filter(kind="openai").update(base_url=f"{url}/v1")


@contextmanager
def running(work: Any, *, stop: Any) -> Iterator[None]:
    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(10)


@contextmanager
def refusing(status: int) -> Iterator[str]:
    """A vendor that refuses every key, and repeats it."""

    class Refuses(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = {"error": {"type": "authentication_error", "message": f"bad key {self.headers['authorization']}"}}
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
    with running(server.serve_forever, stop=server.shutdown):
        yield f"http://127.0.0.1:{server.server_port}"


def test_it_offers_the_sandbox_or_a_key(staff_client: Client) -> None:
    page = staff_client.get(PAGE)
    assert "no-store" in page["Cache-Control"]
    assert f'href="{reverse("chat:home")}"' in page.text
    assert "Go on with the sandbox" in page.text
    assert page.text.count('type="radio"') == 2
    assert "Anthropic" in page.text
    assert "OpenAI" in page.text


@pytest.mark.parametrize("slug", ["anthropic", "openai"])
def test_a_key_that_works_is_kept_sealed_and_the_models_are_offered(
    staff_client: Client, staff: User, vendors: None, slug: str
) -> None:
    assert slug not in staff_client.get("/api/v1/models").text
    answer = staff_client.post(PAGE, {"vendor": slug, "key": KEY})
    assert answer.status_code == 200
    assert "works</h1>" in answer.text
    assert "Start chatting" in answer.text
    assert "answered “ok”" in answer.text
    provider = Provider.objects.get(slug=slug)
    assert provider.api_key.startswith("sealed:")
    assert secrets.read(provider.api_key) == KEY
    assert slug in staff_client.get("/api/v1/models").text
    assert ModelCall.objects.get().user == staff
    entries = list(AuditEntry.objects.order_by("id").values_list("action", "changes"))
    assert entries[0] == ("connection tested", {"outcome": [None, "works"]})
    assert entries[1][0] == "changed"
    assert KEY not in answer.text + str(entries)


@pytest.mark.parametrize("status", [401, 403, 500])
@pytest.mark.parametrize("slug", ["anthropic", "openai"])
def test_a_key_that_does_not_work_is_not_kept(staff_client: Client, slug: str, status: int) -> None:
    before = Provider.objects.get(slug=slug).api_key
    with refusing(status) as url:
        point_at(url)
        answer = staff_client.post(PAGE, {"vendor": slug, "key": KEY})
    assert answer.status_code == 200
    assert "does not answer with this key" in answer.text
    assert "The key was not kept" in answer.text
    assert "Answer: failed." in answer.text
    assert "Go on with the sandbox" in answer.text
    assert KEY not in answer.text
    assert Provider.objects.get(slug=slug).api_key == before
    assert slug not in staff_client.get("/api/v1/models").text
    assert AuditEntry.objects.get().changes == {"outcome": [None, "failed: Answer"]}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"vendor": "anthropic", "key": ""}, "Paste the key"),
        ({"vendor": "anthropic", "key": "two words"}, "Must be printable ASCII"),
        ({"vendor": "openai", "key": "sk-ant-0123456789"}, "looks like one of Anthropic"),
        ({"vendor": "sandbox", "key": KEY}, "Select a valid choice"),
        ({"key": KEY}, "required"),
    ],
)
def test_what_is_wrong_is_told_and_nobody_is_called(staff_client: Client, data: dict[str, str], said: str) -> None:
    answer = staff_client.post(PAGE, data)
    assert answer.status_code == 422
    assert said in answer.text
    assert KEY not in answer.text
    assert not ModelCall.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_key_of_the_environment_is_told(staff_client: Client, settings: Settings) -> None:
    settings.OPENAI_API_KEY = KEY
    page = staff_client.get(PAGE)
    assert "OpenAI has a key already: env:OPENAI_API_KEY (set)" in page.text
    assert "Start chatting" in page.text
    assert KEY not in page.text


def test_a_vendor_without_a_model_is_not_offered_and_none_leaves_the_sandbox(staff_client: Client) -> None:
    LanguageModel.objects.filter(provider__slug="openai").update(enabled=False)
    assert staff_client.get(PAGE).text.count('type="radio"') == 1
    Provider.objects.filter(slug="anthropic").delete()
    page = staff_client.get(PAGE).text
    assert "Go on with the sandbox" in page
    assert '<form class="card' not in page


def test_only_who_may_change_providers_gets_in(client: Client, member_client: Client, member: User) -> None:
    for data in (None, {"vendor": "anthropic", "key": KEY}):
        answer = client.post(PAGE, data) if data else client.get(PAGE)
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("login"))
        answer = member_client.post(PAGE, data) if data else member_client.get(PAGE)
        assert answer.status_code == 403
    User.objects.filter(pk=member.pk).update(is_staff=True)
    assert member_client.get(PAGE).status_code == 403
    assert not ModelCall.objects.exists()


def test_it_needs_the_csrf_token(staff: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(PAGE, {"vendor": "anthropic", "key": KEY}).status_code == 403
