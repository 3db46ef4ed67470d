from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agents.egress.guard import Egress
from agents.reach import Unreachable, reach
from tests.agents.egress.names import answering, asking
from tests.agents.odd_servers import http, listening, self_signed
from tests.serving import free_port

PATIENCE = 60.0  # seconds
HERE = Egress(allow=("127.0.0.0/8",))


async def refusal(url: str, *, seconds: float = PATIENCE) -> str:
    with pytest.raises(Unreachable) as caught:
        await reach(url, egress=HERE, seconds=seconds)
    return str(caught.value)


async def test_a_plain_connection_says_that_it_is_plain() -> None:
    async with listening(http("200 OK", "")) as port:
        said = await reach(f"http://127.0.0.1:{port}/v1", egress=HERE, seconds=PATIENCE)
    assert said == f"Connected to 127.0.0.1:{port}, without encryption."


async def test_where_nothing_listens_the_port_is_named() -> None:
    port = free_port()
    assert f"127.0.0.1:{port} refuses connections" in await refusal(f"http://127.0.0.1:{port}")


async def test_a_name_that_nobody_knows_is_told() -> None:
    assert "nobody.invalid is not known" in await refusal("https://nobody.invalid/v1")


async def test_plain_http_behind_an_https_address_is_told() -> None:
    async with listening(http("400 Bad Request", "")) as port:
        assert "does not speak TLS there" in await refusal(f"https://127.0.0.1:{port}")


async def test_a_certificate_that_nobody_trusts_is_told(tmp_path: Path) -> None:
    async with listening(b"", tls=self_signed(tmp_path)) as port:
        assert "certificate is not trusted: self-signed certificate" in await refusal(f"https://127.0.0.1:{port}")


async def test_who_stays_silent_is_given_up() -> None:
    async with listening(None) as port:
        said = await refusal(f"https://127.0.0.1:{port}", seconds=0.3)
    assert "did not answer within 0.3 seconds" in said


async def test_a_stop_is_not_taken_for_a_failure() -> None:
    async with listening(None) as port:
        trying = asyncio.ensure_future(reach(f"https://127.0.0.1:{port}", egress=HERE, seconds=PATIENCE))
        await asyncio.sleep(0.05)
        trying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trying


async def test_what_may_not_be_called_is_not_connected_to() -> None:
    async with asking() as place:
        with pytest.raises(Unreachable, match="may not call") as caught:
            await reach(f"https://127.0.0.1:{place.port}", egress=Egress(), seconds=PATIENCE)
        assert place.connections == 0
    assert "127.0.0.1: it is private" in caught.value.detail


async def test_the_second_address_is_tried_where_the_first_refuses() -> None:
    async with listening(http("200 OK", "")) as port:
        twice = Egress(allow=("127.0.0.0/8",), resolve=answering("127.0.0.2", "127.0.0.1"))
        said = await reach(f"http://gate.example:{port}/v1", egress=twice, seconds=PATIENCE)
    assert said == f"Connected to gate.example:{port}, without encryption."
