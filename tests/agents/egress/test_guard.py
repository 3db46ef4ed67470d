from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence

import pytest
from pytest_django import Settings

from agents.egress.guard import Egress, egress, system_resolver
from agents.llm.errors import EgressBlocked
from tests.agents.egress.names import answering

PUBLIC = "93.184.216.34"


async def judged(guard: Egress, host: str = "gate.example") -> Sequence[str]:
    return await guard.addresses(host=host, port=443)


async def refused(guard: Egress, host: str = "gate.example") -> EgressBlocked:
    with pytest.raises(EgressBlocked) as caught:
        await judged(guard, host)
    return caught.value


async def test_public_addresses_are_handed_on_in_their_order() -> None:
    found = await judged(Egress(resolve=answering(PUBLIC, "2606:4700::1111")))
    assert found == (PUBLIC, "2606:4700::1111")


@pytest.mark.parametrize("private", ["127.0.0.1", "10.0.0.1", "::1", "::ffff:192.168.0.1", "64:ff9b::7f00:1"])
async def test_one_private_address_among_public_ones_blocks_them_all(private: str) -> None:
    for order in ((PUBLIC, private), (private, PUBLIC)):
        error = await refused(Egress(resolve=answering(*order)))
        assert error.code == "egress_blocked"
        assert not error.retryable
        assert error.detail == (
            f"gate.example leads to {private}: it is private, and EGRESS_ALLOW_PRIVATE does not list it"
        )


async def test_users_are_told_what_to_do_and_nothing_of_the_inside() -> None:
    error = await refused(Egress(resolve=answering("10.7.7.7")))
    assert "nothing was sent. Your message is kept" in error.message
    assert "EGRESS_ALLOW_PRIVATE" in error.message
    assert "10.7.7.7" not in error.message


@pytest.mark.parametrize("allow", [("gate.example",), ("10.0.0.0/8",), ("10.1.2.3/32",)])
async def test_what_the_operator_lists_may_be_called(allow: tuple[str, ...]) -> None:
    guard = Egress(allow=allow, resolve=answering("10.1.2.3"))
    for host in ("gate.example", "GATE.example", "gate.example."):
        assert await judged(guard, host) == ("10.1.2.3",)


async def test_a_list_holds_for_what_it_names_only() -> None:
    for allow in (("other.example",), ("10.2.0.0/16",), ("example",)):
        await refused(Egress(allow=allow, resolve=answering("10.1.2.3")))


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1%2", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "::"]
)
async def test_some_places_are_never_called_whatever_is_listed(address: str) -> None:
    allow = ("gate.example", "0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1")
    assert "never called" in (await refused(Egress(allow=allow, resolve=answering(address)))).detail


async def test_what_is_no_address_is_not_connected_to() -> None:
    assert "not an IP address" in (await refused(Egress(allow=("gate.example",), resolve=answering("nonsense")))).detail


async def test_a_name_without_an_address_is_a_failure_of_the_network() -> None:
    with pytest.raises(OSError, match="has no address"):
        await judged(Egress(resolve=answering()))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0177.0.0.1", "2130706433", "0x7f.1", "0x7f000001", "::1", "::ffff:127.0.0.1"]
)
async def test_the_real_resolver_reads_every_way_to_write_this_machine_and_the_guard_sees_it(host: str) -> None:
    assert "private" in (await refused(Egress(), host)).detail


async def test_localhost_is_this_machine() -> None:
    assert set(await system_resolver(host="localhost", port=80)) <= {"127.0.0.1", "::1"}
    await refused(Egress(), "localhost")


async def test_a_label_that_is_too_long_is_a_name_that_is_not_known() -> None:
    with pytest.raises(OSError, match=r"[Nn]ame"):
        await system_resolver(host="a" * 70 + ".example", port=80)


async def test_the_event_loop_turns_while_a_name_is_looked_up() -> None:
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await system_resolver(host="localhost", port=80)
    assert turned.is_set()


@pytest.mark.parametrize(
    "url",
    ["http://gate.example", "https://localhost", "https://user@gate.example", "https://gate.example:22", "gopher://x"],
)
def test_what_may_not_be_typed_is_blocked_too(url: str) -> None:
    with pytest.raises(EgressBlocked, match=r"nothing was sent.*Your message is kept"):
        Egress().check_written(url)


def test_the_environment_says_what_is_allowed(settings: Settings) -> None:
    settings.EGRESS_ALLOW_PRIVATE = ["llm.internal"]
    assert egress().allow == ("llm.internal",)
    egress().check_written("http://llm.internal:8000")


async def test_a_dns_that_does_not_answer_leaves_the_threads_of_the_database_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As many look-ups as the loop has threads, and more, hang; other work in a thread still gets one."""
    answered = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        answered.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    asking = [asyncio.create_task(system_resolver(host="slow.example", port=443)) for _ in range(50)]
    try:
        await asyncio.sleep(0)
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "done"), 30) == "done"
        assert not any(task.done() for task in asking)
    finally:
        answered.set()
        await asyncio.gather(*asking)
