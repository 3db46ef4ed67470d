"""Test connection of an HTTP source: asked first, one GET, told without a secret, and for admins alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditEntry
from agents import secrets
from agents.models import HttpSource
from agents.sources.trial import path_to_try
from tests.agents.sources.services import Service, define, says, service

KEY = "canary-source-key-41aa"
pytestmark = pytest.mark.django_db(transaction=True)


def page_of(source: HttpSource) -> str:
    return reverse("admin:agents_httpsource_test", args=[source.pk])


@contextmanager
def running(answer: bytes) -> Iterator[Service]:
    """A service on a thread of its own: the admin's page does not return before it has answered."""
    loop, found, done = asyncio.new_event_loop(), list[Service](), asyncio.Event()
    ready = threading.Event()

    async def serve() -> None:
        async with service(answer) as made:
            found.append(made)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait(10)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
        loop.close()


@pytest.fixture(autouse=True)
def _private_places_are_allowed(settings: Settings) -> None:
    settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]


def test_it_asks_then_reads_the_first_operation_and_tells(staff_client: Client) -> None:
    with running(says(f'{{"seen": "{KEY}", "x": "<script>"}}')) as shop:
        more = {"operations": "POST /orders: makes one\nGET /orders/?page=: lists them", "enabled": False}
        row = define(base_url=shop.url, auth="header", api_key=secrets.seal(KEY), **more)
        question = staff_client.get(page_of(row))
        assert "one GET of /orders/" in question.text
        assert shop.asked == []
        result = staff_client.post(page_of(row), {"confirmed": "yes"})
    assert shop.lines == ["GET /orders/ HTTP/1.1"]
    assert "It answered with the status 200 with application/json" in result.text
    assert "[secret]" in result.text
    assert "&lt;script&gt;" in result.text
    assert KEY not in result.text
    assert AuditEntry.objects.get().changes == {"outcome": [None, "works"]}


@pytest.mark.parametrize(
    ("answer", "said"),
    [(says("no", status="403 No"), "with the status 403"), (says(b"\x1f", kind="image/png"), "which is no text")],
)
def test_what_fails_is_told(staff_client: Client, answer: bytes, said: str) -> None:
    with running(answer) as shop:
        row = define(base_url=shop.url)
        result = staff_client.post(page_of(row), {"confirmed": "yes"})
    assert "does not work" in result.text
    assert said in result.text
    assert AuditEntry.objects.get().changes == {"outcome": [None, "failed"]}


def test_a_place_that_may_not_be_called_is_not(staff_client: Client, settings: Settings) -> None:
    settings.EGRESS_ALLOW_PRIVATE = []
    with running(says("[]")) as shop:
        result = staff_client.post(page_of(define(base_url=shop.url)), {"confirmed": "yes"})
    assert "this server may not call" in result.text
    assert shop.asked == []


def test_a_missing_key_is_told(staff_client: Client) -> None:
    row = define(auth="header", api_key="env:NOT_SET_ANYWHERE", base_url="https://shop.example.com")
    assert "The key of Shop is not there" in staff_client.post(page_of(row), {"confirmed": "yes"}).text


def test_nobody_else_may(client: Client, member_client: Client) -> None:
    with running(says("[]")) as shop:
        row = define(base_url=shop.url)
        for other in (client, member_client):
            assert other.post(page_of(row), {"confirmed": "yes"}).status_code == 302
    assert shop.asked == []


@pytest.mark.parametrize(
    ("operations", "paths", "tried"),
    [
        ("", "/a/*\n/b", "/b"),
        ("GET /orders/{id}: one\nGET /orders: all", "/**", "/orders"),
        ("POST /x", "/**", ""),
        ("GET /../etc", "/c", "/c"),
    ],
)
def test_what_is_tried(operations: str, paths: str, tried: str) -> None:
    assert path_to_try(HttpSource(operations=operations, allowed_paths=paths)) == tried
