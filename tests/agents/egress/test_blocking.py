"""The guard under urllib3, against real sockets on this machine, which stand for what is private."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import urllib3
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProtocolError, SSLError

from agents.egress import blocking
from agents.egress.blocking import GuardedPool
from agents.egress.guard import Egress, Resolver
from agents.egress.transport import trust
from agents.llm.errors import EgressBlocked
from tests.agents.egress.names import answering, asking, changing
from tests.agents.odd_servers import self_signed
from tests.serving import free_port

HERE = "127.0.0.1"
PUBLIC = "93.184.216.34"
LISTED = ("gate.example",)
Get = Callable[..., Any]


@pytest.fixture(scope="module")
def certificates() -> ssl.SSLContext:
    return trust()


@pytest.fixture
def get(certificates: ssl.SSLContext) -> Get:
    async def fetch(url: str, *, resolve: Resolver | None = None, allow: tuple[str, ...] = (), **more: Any) -> Any:
        guard = Egress(allow=allow, resolve=resolve) if resolve else Egress(allow=allow)
        pool = GuardedPool(egress=guard, verify=more.pop("verify", certificates))
        timeout = urllib3.Timeout(connect=3, read=3)
        return await asyncio.to_thread(pool.request, "GET", url, timeout=timeout, headers=more.pop("headers", {}))

    return fetch


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:{port}/",
        "https://127.0.0.1:{port}/",
        "https://127.1:{port}/",
        "https://[::1]:{port}/",
        "https://user:pass@gate.example:{port}/",
        "https://gate.example:22/",
        "http://gate.example:{port}/",
    ],
)
async def test_a_place_that_may_not_be_called_is_blocked_and_no_packet_is_sent(get: Get, url: str) -> None:
    async with asking() as place:
        with pytest.raises(EgressBlocked):
            await get(url.format(port=place.port), resolve=answering(HERE))
        assert place.connections == 0


async def test_a_name_that_leads_inside_even_among_others_is_blocked(get: Get) -> None:
    async with asking() as place:
        with pytest.raises(EgressBlocked):
            await get(f"https://gate.example:{place.port}/", resolve=answering(PUBLIC, HERE))
        assert place.connections == 0


async def test_the_address_that_was_judged_is_the_one_that_is_connected_to(get: Get) -> None:
    async with asking() as place:
        url = f"http://gate.example:{place.port}/v1?x=1"
        answer = await get(url, allow=LISTED, resolve=changing([HERE], ["192.0.2.1"]))
        assert answer.data == b"ok"
        assert place.connections == 1
    assert place.heard[0].startswith(b"GET /v1?x=1 HTTP/1.1\r\n")
    assert f"host: gate.example:{place.port}".encode() in place.heard[0].lower()


async def test_tls_keeps_the_name_and_checks_the_certificate_for_it(get: Get, tmp_path: Path) -> None:
    served = self_signed(tmp_path, host="gate.example")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "server.pem"))
    async with asking(tls=served) as place:
        more = {"resolve": answering(HERE), "verify": trusting}
        assert (await get(f"https://gate.example:{place.port}/", allow=LISTED, **more)).data == b"ok"
        assert place.names == ["gate.example"]
        with pytest.raises(SSLError):
            await get(f"https://other.example:{place.port}/", allow=("other.example",), **more)


async def test_certificates_that_nobody_vouches_for_are_refused(get: Get, tmp_path: Path) -> None:
    async with asking(tls=self_signed(tmp_path, host="gate.example")) as place:
        with pytest.raises(SSLError):
            await get(f"https://gate.example:{place.port}/", allow=LISTED, resolve=answering(HERE))


async def test_the_next_address_is_tried_where_one_refuses(get: Get) -> None:
    async with asking() as place:
        url = f"http://gate.example:{place.port}/"
        assert (await get(url, allow=LISTED, resolve=answering("127.0.0.2", HERE))).status == 200


async def test_where_no_address_takes_it_the_failure_is_the_networks(get: Get) -> None:
    with pytest.raises(NewConnectionError):
        await get(f"http://gate.example:{free_port()}/", allow=LISTED, resolve=answering(HERE))


async def test_a_dns_that_says_nothing_is_a_timeout(get: Get) -> None:
    async def silent(*, host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(ConnectTimeoutError):
        await get("https://gate.example/", resolve=silent)


async def test_a_redirect_is_not_followed(get: Get) -> None:
    async with asking() as inner:
        moved = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inner.port}/\r\nContent-Length: 0\r\n\r\n".encode()
        async with asking(moved) as place:
            answer = await get(f"http://gate.example:{place.port}/", allow=LISTED, resolve=answering(HERE))
        assert answer.status == 302
        assert inner.connections == 0


async def test_a_proxy_of_the_environment_is_not_asked(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    async with asking() as proxy, asking() as place:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        await get(f"http://gate.example:{place.port}/", allow=LISTED, resolve=answering(HERE))
        assert (proxy.connections, place.connections) == (0, 1)


def packed(text: bytes) -> bytes:
    body = gzip.compress(text)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


async def test_a_packed_answer_is_unpacked(get: Get) -> None:
    async with asking(packed(b"hello")) as place:
        answer = await get(f"http://gate.example:{place.port}/", allow=LISTED, resolve=answering(HERE))
    assert answer.data == b"hello"


async def test_a_bomb_is_given_up(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "MOST_BYTES", 1_000_000)
    async with asking(packed(b"x" * 3_000_000)) as place:
        with pytest.raises(ProtocolError, match="larger than"):
            await get(f"http://gate.example:{place.port}/", allow=LISTED, resolve=answering(HERE))


async def test_an_answer_that_drips_is_given_up(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "BODY_SECONDS", 0.2)
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not gone.is_set():
            writer.write(b"x")
            await asyncio.sleep(0.02)
        writer.close()

    server = await asyncio.start_server(serve, HERE, 0)
    url = f"http://gate.example:{server.sockets[0].getsockname()[1]}/"
    with pytest.raises(ProtocolError, match="longer than"):
        await get(url, allow=LISTED, resolve=answering(HERE))
    gone.set()
    server.close()
