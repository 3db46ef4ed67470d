"""Every kind of secret goes through turns, good and bad, at a gateway that repeats what it is sent: none comes out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from io import StringIO
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest
from django.apps import apps
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import AuditEntry, User
from agents import secrets
from agents.models import LanguageModel, ModelCall, Provider, Wire
from agents.sandbox.oauth2 import TOKEN_PATH
from chat import conversations
from chat.models import Conversation, Turn
from tests.agents.gateways import Gateway, gateway
from tests.agents.rows import make_model
from tests.agents.test_admin_canaries import crawled
from tests.chat.made import queued
from tests.chat.shop import Shop, open_shop, until_all
from tests.chat.stage import rows

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "sk-canary-api-key-0123456789"
HEADER = "canary-header-secret-0123456789"
CLIENT = "canary-client-secret-c4"
SAID = ("canary", "sealed:gAAAA")
WIRES = {Wire.OPENAI_CHAT: "sandbox-gpt", Wire.ANTHROPIC_MESSAGES: "sandbox-claude"}


@pytest.fixture(autouse=True)
def _here(settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """All loggers talk as much as they can, but for those that the settings keep quiet."""
    settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]
    monkeypatch.setenv("GATE_HEADER", HEADER)
    caplog.set_level(logging.DEBUG)
    for name in ("agents", "chat", "axes", "httpx2"):
        caplog.set_level(logging.DEBUG, logger=name)
    for name in ("openai", "anthropic", "httpcore2"):
        assert logging.getLogger(name).getEffectiveLevel() == logging.WARNING


@asynccontextmanager
async def parrot(status: str) -> AsyncIterator[str]:
    """A gateway that repeats the bare secrets that it was sent, in an error of that status."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            pairs = [line.split(": ", 1) for line in head.strip().split("\r\n")[1:]]
            headers = {name.lower(): text for name, text in pairs}
            sent = (await reader.readexactly(int(headers["content-length"]))).decode()
            signed = headers.get("authorization", "").partition(" ")[2]
            message = f"{signed} {headers.get('x-gate-key', '')} {parse_qs(sent).get('client_secret', '')}"
            said = {"error": {"type": "odd", "code": "odd", "message": message}, "error_description": message}
            body = orjson.dumps(said)
            writer.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n".encode())
            writer.write(f"X-Echo: {message}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def made(slug: str, url: str, *, wire: str, **more: Any) -> LanguageModel:
    kind = "anthropic" if wire == Wire.ANTHROPIC_MESSAGES else "openai_compatible"
    base = url if wire == Wire.ANTHROPIC_MESSAGES else f"{url}/v1"
    values = {"headers": {"x-gate-key": "env:GATE_HEADER"}, **more}
    return make_model(slug=slug, kind=kind, wire=wire, base_url=base, model_id=WIRES[Wire(wire)], **values)


async def turn_with(shop: Shop, user: User, model: LanguageModel) -> Turn:
    place: Conversation = await rows(conversations.create, user, provider=model.provider.slug, model=model.model_id)
    turn = (await rows(queued, user, "echo fine", conversation=place)).turn
    shop.worker.wake()
    await until_all([turn.pk], *Turn.ENDED)
    return await rows(Turn.objects.get, pk=turn.pk)


def told(client: Client, caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """Everything that anybody can read, by where it stands."""
    out = StringIO()
    call_command("dump_config", stdout=out)
    texts = {"log": caplog.text, "dump_config": out.getvalue()}
    texts["records"] = str([vars(record) for record in caplog.records])
    for model in apps.get_models():
        hidden = {"password", "digest", "session_data"} | ({"api_key", "oauth2"} if model is Provider else set())
        names = [field.name for field in model._meta.concrete_fields if field.name not in hidden]
        texts[f"rows of {model._meta.label}"] = str(list(model._default_manager.values(*names)))
    for call in ("providers", "models", "agents", "agent-configs", "conversations", "usage"):
        texts[call] = client.get(f"/api/v1/{call}").text
    for turn in Turn.objects.all():
        for call in ("", "/events", "/receipts"):
            texts[f"turn{call} {turn.pk}"] = client.get(f"/api/v1/turns/{turn.pk}{call}").text
        texts[f"messages {turn.pk}"] = client.get(f"/api/v1/conversations/{turn.conversation_id}/messages").text
        texts[f"page {turn.pk}"] = client.get(f"/c/{turn.conversation_id}/", follow=True).text
    for provider in Provider.objects.exclude(models=None):
        model_pk = provider.models.all()[0].pk
        page = client.post(
            reverse("admin:agents_provider_test", args=[provider.pk]), {"confirmed": "yes", "model": model_pk}
        )
        assert page.status_code == 200
        texts[f"test connection {provider.slug}"] = page.text
    texts |= dict(crawled(client))
    texts["log at the end"] = caplog.text
    return {place: unescape(text) for place, text in texts.items()}


@pytest.mark.parametrize("wire", WIRES)
async def test_no_secret_comes_out_anywhere(
    staff: User, staff_client: Client, caplog: pytest.LogCaptureFixture, wire: str
) -> None:
    async with (
        gateway(oauth2=True) as gate,
        parrot("401 X") as refuses,
        parrot("500 X") as fails,
        parrot("400 X") as odd,
    ):
        oauth2 = {**gate.oauth2(), "client_secret": secrets.seal(CLIENT)}
        keyed = {"auth": "api_key", "api_key": secrets.seal(KEY)}
        models = [
            await rows(made, "good", gate.url, wire=wire, auth="oauth2", oauth2=oauth2),
            *[await rows(made, f"key{n}", url, wire=wire, **keyed) for n, url in enumerate((refuses, fails, odd))],
            await rows(made, "token", odd, wire=wire, auth="oauth2", oauth2=oauth2),
            *[
                await rows(made, f"idp{n}", odd, wire=wire, auth="oauth2", oauth2={**oauth2, "token_url": url, **way})
                for n, (url, way) in enumerate([(refuses, {}), (fails, {"client_auth": "body"}), (odd, {})])
            ],
        ]
        async with open_shop() as shop:
            turns = [await turn_with(shop, staff, model) for model in models]
        assert [turn.status for turn in turns] == ["completed"] + ["failed"] * 7
        reasons = [turn.reason for turn in turns[-4:]]
        assert reasons == ["config_invalid"] + ["gateway_token_failed"] * 3
        tokens = await secrets_of(gate)
        texts = await rows(told, staff_client, caplog)
        tokens |= await secrets_of(gate)
    assert tokens
    assert ModelCall._meta.label in str(texts.keys())
    assert "fine" in texts[f"messages {turns[0].pk}"]
    found = {place: secret for place, text in texts.items() for secret in (*SAID, *tokens) if secret in text}
    assert found == {}
    assert await rows(AuditEntry.objects.filter(action="connection tested").count) == len(models)


async def secrets_of(gate: Gateway) -> set[str]:
    """The access tokens that were in use."""
    signed = {headers["authorization"] for path, headers, _ in gate.seen if path != TOKEN_PATH}
    return {text.removeprefix("Bearer ") for text in signed}
