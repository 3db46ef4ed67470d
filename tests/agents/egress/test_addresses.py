from __future__ import annotations

import pytest
from pytest_django import Settings

from agents.egress.addresses import address_fault


@pytest.mark.parametrize(
    "url",
    [
        "https://api.anthropic.com",
        "https://gateway.example.com:8443/v1/",
        "https://EXAMPLE.com/openai/v1",
        "https://1.models.example/v1",
        "https://8.8.8.8/v1",
        "https://[2606:4700::1111]/v1",
    ],
)
def test_https_to_the_outside_is_fine(url: str) -> None:
    assert address_fault(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/v1",
        "ftp://example.com",
        "javascript:alert(1)",
        "https://",
        "https:///v1",
        "https://a b.example",
        "https://exa\tmple.com",
        "https://example.com\\@evil.example",
        "https://example.com:99999",
        "https://example.com:0",
        "https://example.com:port",
        "https://[::1",
        "https://exämple.com",
        "https://١٢٧.0.0.1",
        "https://127.1",
        "https://0x7f.1",
        "https://2130706433",
        "https://0177.0.0.1",
        "https://a..example.com",
        "https://" + "a" * 200 + ".example.com",
    ],
)
def test_what_is_no_address(url: str) -> None:
    assert address_fault(url) == "is not an address; write https://host/path"


@pytest.mark.parametrize("url", ["https://user@example.com", "https://user:canary@example.com/v1"])
def test_no_password_in_an_address_and_none_in_the_message(url: str) -> None:
    assert address_fault(url) == "must not hold a user name or a password"


@pytest.mark.parametrize("url", ["https://example.com/?key=canary", "https://example.com/v1#canary"])
def test_no_query_in_an_address(url: str) -> None:
    assert address_fault(url) == "must not hold a query or a fragment"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://127.0.0.1/v1", "127.0.0.1"),
        ("https://10.0.0.5/v1", "10.0.0.5"),
        ("https://100.64.0.1/", "100.64.0.1"),
        ("https://[::1]/v1", "::1"),
        ("https://[fd00::1]/v1", "fd00::1"),
        ("https://[::ffff:10.0.0.1]/", "::ffff:10.0.0.1"),
        ("https://[64:ff9b::7f00:1]/", "64:ff9b::7f00:1"),
        ("https://[2002:7f00:1::]/", "2002:7f00:1::"),
        ("https://localhost/v1", "localhost"),
        ("https://localhost./v1", "localhost"),
        ("https://gateway/v1", "gateway"),
        ("https://llm.internal/v1", "llm.internal"),
    ],
)
def test_a_private_host_must_be_allowed(url: str, host: str) -> None:
    assert (
        address_fault(url)
        == f"names a private host, which is refused unless EGRESS_ALLOW_PRIVATE lists the host {host}"
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/",
        "http://169.254.169.254/latest",
        "https://[fe80::1]/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://100.100.100.200/",
        "https://168.63.129.16/",
        "https://224.0.0.1/",
        "https://[ff02::1]/",
        "https://0.0.0.0/",
        "https://[::]/",
    ],
)
def test_some_addresses_are_never_called_whatever_is_allowed(url: str) -> None:
    everything = ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"]
    assert address_fault(url, allow=everything).startswith("names an address that is never called")


@pytest.mark.parametrize("port", [22, 25, 79, 110, 444, 1023, 3306, 5432, 6379, 11211, 27017])
def test_a_port_of_another_service_is_refused(port: int) -> None:
    for allow in ([], ["gate.example"]):
        fault = address_fault(f"https://gate.example:{port}/v1", allow=allow)
        assert fault.startswith(f"names the port {port}, where no web server belongs")


@pytest.mark.parametrize("port", [80, 443, 1024, 4000, 8000, 8080, 8443, 11434, 65535])
def test_a_port_of_the_web_is_fine(port: int) -> None:
    assert address_fault(f"https://gate.example:{port}/v1") == ""


def test_plain_http_must_be_allowed() -> None:
    fault = address_fault("http://api.example.com/v1")
    assert fault == "is plain http, which is refused unless EGRESS_ALLOW_PRIVATE lists the host api.example.com"


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://llm.internal:8000/v1", True),
        ("https://llm.internal/v1", True),
        ("http://LLM.Internal./v1", True),
        ("http://10.1.2.3/v1", True),
        ("https://10.1.2.3/v1", True),
        ("http://[fd00::7]:8000/v1", True),
        ("http://10.2.0.1/v1", False),
        ("http://other.internal/v1", False),
        ("http://sub.llm.internal/v1", False),
        ("http://169.254.169.254/", False),
    ],
)
def test_what_the_environment_allows(settings: Settings, url: str, allowed: bool) -> None:
    settings.EGRESS_ALLOW_PRIVATE = ["llm.internal", "10.1.0.0/16", "fd00::/8"]
    assert (address_fault(url) == "") is allowed
