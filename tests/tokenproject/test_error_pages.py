from __future__ import annotations

import re
from pathlib import Path
from typing import NoReturn

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import path
from pytest_django import Settings

from tokenproject import urls


def _fail(request: HttpRequest) -> NoReturn:
    raise RuntimeError("secret detail")


@pytest.fixture
def failing(settings: Settings, db: None) -> Client:
    patterns = [path("broken/", _fail), path("api/broken/", _fail), *urls.urlpatterns]
    handlers = {name: getattr(urls, name) for name in ("handler400", "handler403", "handler404", "handler500")}
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": patterns, **handlers})
    return Client(raise_request_exception=False)


def test_a_page_that_is_not_there(client: Client, owner_client: Client) -> None:
    for person in (client, owner_client):
        answer = person.get("/nowhere/")
        assert answer.status_code == 404
        assert "There is nothing here" in answer.text


def test_our_fault_shows_a_reference_and_no_detail(failing: Client, caplog: pytest.LogCaptureFixture) -> None:
    page = failing.get("/broken/")
    assert page.status_code == 500
    assert "secret" not in page.text
    reference = re.search(r"<code>([0-9a-f]{8})</code>", page.text)
    assert reference is not None
    assert reference[1] in caplog.text

    answer = failing.get("/api/broken/")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert answer.json()["error"]["ref"] in caplog.text
    assert "secret" not in answer.text


def test_a_host_that_is_not_ours(client: Client, db: None) -> None:
    page = client.get("/login/", headers={"Host": "evil.example"})
    assert page.status_code == 400
    assert "evil" not in page.text
    answer = client.get("/api/v1/health", headers={"Host": "evil.example"})
    assert answer.json()["error"]["code"] == "bad_frame"


def test_a_form_that_was_open_too_long(db: None) -> None:
    page = Client(enforce_csrf_checks=True).post("/login/", {"username": "x", "password": "y"})
    assert page.status_code == 403
    assert "Please try again" in page.text


def test_our_templates_have_no_inline_script_style_or_handler() -> None:
    root = Path(urls.__file__).parent.parent / "templates"
    for file in root.rglob("*.html"):
        text = file.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), file
        for script in re.findall(r"<script[^>]*>", text):
            assert "src=" in script or "json" in script, (file, script)
