from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.egress.ranges import is_listed, reach_of

_GLOBAL_UNICAST = ip_network("2000::/3")


@pytest.mark.parametrize("text", ["8.8.8.8", "104.18.6.192", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public(text: str) -> None:
    assert reach_of(ip_address(text)) == "public"


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1"),
        *("100.64.0.1", "198.18.0.1", "192.0.2.1", "203.0.113.7", "240.0.0.1", "192.88.99.1"),
        *("::1", "fd00::1", "fc00::1", "fec0::1", "2001:db8::1", "64:ff9b:1::1"),
        "::ffff:127.0.0.1",
        "::ffff:0:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2002:808:808::1",  # a tunnel is never public, whatever it leads to
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_private(text: str) -> None:
    assert reach_of(ip_address(text)) == "private"


@pytest.mark.parametrize(
    "text",
    [
        *("169.254.169.254", "169.254.0.1", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "255.255.255.255"),
        *("100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("::", "fe80::1", "fe80::1%1", "ff02::1", "fd00:ec2::254", "fd20:ce::254"),
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:5601:5601",  # Teredo: the client is 169.254.169.254
    ],
)
def test_never(text: str) -> None:
    assert reach_of(ip_address(text)) == "never"


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_reaches_as_far_in_any_clothes(address: object) -> None:
    plain = reach_of(ip_address(str(address)))
    for clothes in ("::ffff:{}", "::ffff:0:{}", "64:ff9b::{}"):
        assert reach_of(ip_address(clothes.format(address))) == plain


@given(st.ip_addresses(v=6))
def test_only_global_unicast_is_public(address: object) -> None:
    parsed = ip_address(str(address))
    if reach_of(parsed) == "public":
        assert parsed in _GLOBAL_UNICAST or str(parsed).startswith(("64:ff9b::", "::ffff:", "::"))


def test_a_list_knows_an_address_in_other_clothes() -> None:
    places = ["llm.internal", "10.1.0.0/16"]
    assert is_listed(ip_address("10.1.2.3"), places)
    assert is_listed(ip_address("::ffff:10.1.2.3"), places)
    assert not is_listed(ip_address("10.2.0.1"), places)
    assert not is_listed(ip_address("::ffff:10.2.0.1"), places)
