"""Accounts over real HTTP: rate limits are waited out, keys travel, and what goes wrong is told without them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agents.sandbox.app import SandboxApp
from agents.sandbox.company.app import Company
from agents.sandbox.company.quota import Rate
from agents.tools.datadog.accounts import Account
from tests.agents.odd_servers import http, listening
from tests.agents.sandbox.stage import serving
from tests.agents.tools.datadog.conftest import Desk

KEY = "dd-canary-key-0123456789"


def account(url: str) -> Account:
    return Account(name="Acme", address=url, api_key=KEY, application_key=f"{KEY}-app")


@asynccontextmanager
async def remote(desk: Desk, *, rate: Rate) -> AsyncIterator[None]:
    """The desk's account is a company behind a real socket, with that rate limit and the desk's clock."""
    async with serving(SandboxApp(company=Company(clock=desk.clock, rate=rate))) as url:
        desk.account = account(url)
        yield


async def test_an_account_over_http_says_what_the_one_in_process_says(desk: Desk) -> None:
    near = await desk.use("datadog_monitors")
    async with remote(desk, rate=Rate(limit=100, period=60)):
        far = await desk.use("datadog_monitors")
    assert far.text.replace("Acme", "Sandbox company") == near.text


async def test_a_rate_limit_is_waited_for_and_shown(desk: Desk) -> None:
    async with remote(desk, rate=Rate(limit=1, period=20)):
        first, _ = await desk.find("datadog_search_events")
        second, _ = await desk.find("datadog_search_events")
    assert "waited" not in first
    assert len(desk.slept) == 1
    assert 1 <= desk.slept[0] <= 20
    seconds = int(desk.slept[0])
    assert second["waited"] == f"{seconds} s for Datadog's rate limit events_public_search_api (1 requests in 20 s)"
    assert second["found"] == first["found"]


async def test_a_long_wait_is_told_instead(desk: Desk) -> None:
    desk.clock.now += 1
    async with remote(desk, rate=Rate(limit=1, period=3_600)):
        await desk.find("datadog_monitors")
        refused = await desk.use("datadog_monitors")
    assert not refused.ok
    assert "rate limit monitors (1 requests in 3600 s) of the account Acme is used up for 3599 more" in refused.text
    assert desk.slept == []


@pytest.mark.parametrize(
    ("status", "body", "part"),
    [
        ("403 Forbidden", json.dumps({"errors": [f"bad key {KEY}"]}), "refuses the keys of the account Acme"),
        ("401 Unauthorized", "{}", "refuses the keys"),
        ("400 Bad Request", json.dumps({"errors": [{"detail": "no such index"}]}), "no such index"),
        ("500 Oops", "<html>", "status 500"),
        ("302 Found", "", "status 302"),
        ("200 OK", "<html>not json", "could not be reached"),
        ("429 Too Many Requests", "{}", "is used up"),
    ],
)
async def test_what_goes_wrong_is_told_without_the_keys(desk: Desk, status: str, body: str, part: str) -> None:
    async with listening(http(status, body)) as port:
        desk.account = account(f"http://127.0.0.1:{port}")
        result = await desk.use("datadog_monitors")
    assert not result.ok
    assert part in result.text
    assert "canary" not in result.text


async def test_a_limit_without_headers_is_tried_again_only_so_long(desk: Desk) -> None:
    async with listening(http("429 Too Many Requests", "{}")) as port:
        desk.account = account(f"http://127.0.0.1:{port}")
        await desk.use("datadog_monitors")
    assert desk.slept == [5.0] * 6


async def test_nobody_there_is_told(desk: Desk) -> None:
    desk.account = account("http://127.0.0.1:9")
    result = await desk.use("datadog_monitors")
    assert not result.ok


async def test_a_private_place_is_not_called(desk: Desk) -> None:
    desk.allow = ()
    async with serving(SandboxApp()) as url:
        desk.account = account(url)
        result = await desk.use("datadog_monitors")
    assert not result.ok
    assert "EGRESS_ALLOW_PRIVATE" in result.text


async def test_the_loop_goes_on_while_an_account_is_silent(desk: Desk) -> None:
    async with listening(None) as port:
        desk.account = account(f"http://127.0.0.1:{port}")
        asking = asyncio.create_task(desk.use("datadog_monitors"))
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert not asking.done()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_keys_of_the_environment_are_not_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DD_API_KEY", "DD_APP_KEY"):
        monkeypatch.setenv(name, "from-the-environment")
    monkeypatch.setenv("DD_SITE", "evil.example")
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(http("200 OK", "[]"))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    desk.account = account(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert (await desk.use("datadog_monitors")).ok
    server.close()
    head = seen[0].decode().lower()
    assert f"dd-api-key: {KEY}\r\n" in head
    assert f"dd-application-key: {KEY}-app\r\n" in head
    assert "from-the-environment" not in head
