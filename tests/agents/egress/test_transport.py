"""The client behind the guard, against real sockets on this machine, which stand for what is private."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agents.egress.guard import Egress, Resolver
from agents.egress.transport import guarded_client, trust
from agents.llm.errors import EgressBlocked
from tests.agents.egress.names import answering, asking, changing
from tests.agents.odd_servers import self_signed
from tests.serving import free_port

PUBLIC = "93.184.216.34"
HERE = "127.0.0.1"
LISTED = ("gate.example",)
MakeClient = Callable[..., httpx2.AsyncClient]


@pytest.fixture(scope="module")
def certificates() -> ssl.SSLContext:
    return trust()


@pytest.fixture
def client(certificates: ssl.SSLContext) -> MakeClient:
    def make(*, resolve: Resolver | None = None, allow: tuple[str, ...] = (), **more: Any) -> httpx2.AsyncClient:
        guard = Egress(allow=allow, resolve=resolve) if resolve else Egress(allow=allow)
        timeout = more.pop("timeout", httpx2.Timeout(5.0))
        return guarded_client(egress=guard, verify=more.pop("verify", certificates), timeout=timeout, **more)

    return make


class TestWhatIsTyped:
    """S31, S35: the ways to write a place that is not the provider's."""

    @pytest.mark.parametrize(
        "url",
        [
            "http://169.254.169.254/latest/meta-data",
            "http://localhost:{port}/",
            "https://localhost:{port}/",
            "https://localhost.:{port}/",
            "http://127.0.0.1:{port}/",
            "https://127.0.0.1:{port}/",
            "https://127.1:{port}/",
            "https://0177.0.0.1:{port}/",
            "https://2130706433:{port}/",
            "https://0x7f.1:{port}/",
            "https://[::1]:{port}/",
            "https://[::ffff:127.0.0.1]:{port}/",
            "https://[::ffff:7f00:1]:{port}/",
            "https://10.0.0.1/",
            "https://0.0.0.0:{port}/",
            "https://user@127.0.0.1:{port}/",
            "https://user:pass@gate.example:{port}/",
            "https://①②⑦.⓪.⓪.①:{port}/",
            "https://gate.example:22/",
            "https://gate.example:6379/",
            "http://gate.example:{port}/",
        ],
    )
    async def test_is_blocked_and_no_packet_is_sent(self, client: MakeClient, url: str) -> None:
        async with asking() as place, client() as http:
            with pytest.raises((EgressBlocked, httpx2.InvalidURL)):
                await http.get(url.format(port=place.port))
            assert place.connections == 0

    @pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://gate.example/", "ftp://gate.example/", "unix:/x"])
    async def test_of_another_scheme_is_refused(self, client: MakeClient, url: str) -> None:
        async with client() as http:
            with pytest.raises((EgressBlocked, httpx2.UnsupportedProtocol, httpx2.InvalidURL)):
                await http.get(url)

    @pytest.mark.parametrize(
        "url", ["https://gate.example/\r\nx-evil: 1", "https://gate.exam\nple/", "https://a\x00b.example"]
    )
    async def test_with_a_line_break_is_no_url(self, client: MakeClient, url: str) -> None:
        async with client() as http:
            with pytest.raises((EgressBlocked, httpx2.InvalidURL, httpx2.ConnectError)):
                await http.get(url, timeout=2)


class TestWhatANameLeadsTo:
    """S32: decided on the addresses of this connection, which is made to one of them."""

    async def test_a_private_address_is_blocked(self, client: MakeClient) -> None:
        async with asking() as place, client(resolve=answering(HERE)) as http:
            with pytest.raises(EgressBlocked):
                await http.get(f"https://gate.example:{place.port}/")
            assert place.connections == 0

    async def test_a_public_address_beside_it_does_not_help(self, client: MakeClient) -> None:
        async with asking() as place, client(resolve=answering(PUBLIC, HERE)) as http:
            with pytest.raises(EgressBlocked):
                await http.get(f"https://gate.example:{place.port}/")
            assert place.connections == 0

    async def test_a_name_that_moves_inside_is_blocked_at_its_next_connection(self, client: MakeClient) -> None:
        async with asking() as place, client(allow=LISTED, resolve=changing([HERE], ["169.254.169.254"])) as http:
            url = f"http://gate.example:{place.port}/"
            assert (await http.get(url)).text == "ok"
            with pytest.raises(EgressBlocked):
                await http.get(url)
            assert place.connections == 1

    async def test_the_address_that_was_judged_is_the_one_that_is_connected_to(self, client: MakeClient) -> None:
        """A second look-up, as a client of its own would make it, would lead elsewhere."""
        async with asking() as place, client(allow=LISTED, resolve=changing([HERE], ["192.0.2.1"])) as http:
            assert (await http.get(f"http://gate.example:{place.port}/v1")).text == "ok"
            assert place.connections == 1

    async def test_the_host_header_keeps_the_name(self, client: MakeClient) -> None:
        async with asking() as place, client(allow=LISTED, resolve=answering(HERE)) as http:
            await http.get(f"http://gate.example:{place.port}/v1/x")
        assert place.heard[0].startswith(b"GET /v1/x HTTP/1.1\r\n")
        assert f"host: gate.example:{place.port}".encode() in place.heard[0].lower()

    async def test_tls_keeps_the_name_and_checks_the_certificate_for_it(
        self, client: MakeClient, tmp_path: Path
    ) -> None:
        served = self_signed(tmp_path, host="gate.example")
        trusting = ssl.create_default_context(cafile=str(tmp_path / "server.pem"))
        async with asking(tls=served) as place:
            port = place.port
            async with client(allow=LISTED, resolve=answering(HERE), verify=trusting) as http:
                assert (await http.get(f"https://gate.example:{port}/")).text == "ok"
            assert place.names == ["gate.example"]
            async with client(allow=("other.example",), resolve=answering(HERE), verify=trusting) as http:
                with pytest.raises(httpx2.ConnectError, match="ertificate"):
                    await http.get(f"https://other.example:{port}/")

    async def test_the_next_address_is_tried_where_one_refuses(self, client: MakeClient) -> None:
        async with asking() as place, client(allow=LISTED, resolve=answering("127.0.0.2", HERE)) as http:
            assert (await http.get(f"http://gate.example:{place.port}/")).text == "ok"

    async def test_where_no_address_takes_it_the_failure_is_the_networks(self, client: MakeClient) -> None:
        async with client(allow=LISTED, resolve=answering("127.0.0.2", HERE)) as http:
            with pytest.raises(httpx2.ConnectError):
                await http.get(f"http://gate.example:{free_port()}/")

    async def test_a_dns_that_says_nothing_is_a_timeout(self, client: MakeClient) -> None:
        async def silent(*, host: str, port: int) -> list[str]:
            await asyncio.get_running_loop().create_future()
            return []

        async with client(resolve=silent, timeout=httpx2.Timeout(0.05)) as http:
            with pytest.raises(httpx2.ConnectTimeout):
                await http.get("https://gate.example/")

    async def test_a_name_that_nobody_knows_is_a_failure_of_the_network(self, client: MakeClient) -> None:
        async with client() as http:
            with pytest.raises(httpx2.ConnectError):
                await http.get("https://nobody.invalid/")


class TestRedirects:
    """S33: not followed, so that neither key nor message goes elsewhere."""

    @pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
    async def test_are_not_followed(self, client: MakeClient, status: str) -> None:
        async with asking() as inside:
            head = (
                f"HTTP/1.1 {status}\r\nLocation: http://127.0.0.1:{inside.port}/\r\nContent-Length: 0\r\n\r\n".encode()
            )
            async with asking(head) as place, client(allow=LISTED, resolve=answering(HERE)) as http:
                answer = await http.post(
                    f"http://gate.example:{place.port}/", content=b"secret", headers={"authorization": "Bearer x"}
                )
            assert answer.is_redirect
            assert inside.connections == 0

    async def test_would_be_judged_if_somebody_followed_them(self, client: MakeClient) -> None:
        async with asking() as inside:
            head = f"HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:{inside.port}/\r\nContent-Length: 0\r\n\r\n".encode()
            async with asking(head) as place, client(allow=LISTED, resolve=answering(HERE)) as http:
                with pytest.raises(EgressBlocked):
                    await http.get(f"http://gate.example:{place.port}/", follow_redirects=True)
            assert inside.connections == 0


async def test_no_proxy_of_the_environment_is_asked(client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async with asking() as proxy, asking() as place:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with client(allow=LISTED, resolve=answering(HERE)) as http:
            await http.get(f"http://gate.example:{place.port}/")
        assert (proxy.connections, place.connections) == (0, 1)


async def test_a_connection_that_is_kept_is_not_looked_up_again(client: MakeClient) -> None:
    kept = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    async with asking(kept, again=True) as place, client(allow=LISTED, resolve=changing([HERE], [PUBLIC])) as http:
        for _ in range(2):
            assert (await http.get(f"http://gate.example:{place.port}/")).text == "ok"
        assert (place.connections, len(place.heard)) == (1, 2)
