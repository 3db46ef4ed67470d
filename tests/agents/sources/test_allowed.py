from __future__ import annotations

import pytest

from agents.sources.allowed import (
    header_fault,
    header_scheme_fault,
    is_allowed,
    methods_fault,
    methods_of,
    path_fault,
    patterns_fault,
)


@pytest.mark.parametrize("path", ["/", "/orders", "/orders/", "/orders/17", "/a/b;c=1/d%20e", "/~me/(x)@y:z,w"])
def test_a_plain_path_is_sound(path: str) -> None:
    assert path_fault(path) == ""


@pytest.mark.parametrize(
    "path",
    [
        "",
        "orders",
        "https://evil.example/orders",
        "//evil.example/orders",
        "/a//b",
        "/..",
        "/orders/../admin",
        "/./orders",
        "/orders/..;/admin",
        "/orders/.;x=1/admin",
        "/orders/%252e%252e/admin",
        "/orders/%2e%2e/admin",
        "/orders/%2E./admin",
        "/orders%2f..%2fadmin",
        "/orders\\..\\admin",
        "/orders%5cadmin",
        "/orders%00",
        "/orders\r\nx: y",
        "/orders?x=1",
        "/orders#x",
        "/ord ers",
        "/%zz",
        "/ördre",
    ],
)
def test_an_odd_path_is_refused(path: str) -> None:
    assert path_fault(path)


@pytest.mark.parametrize(
    ("pattern", "path", "allowed"),
    [
        ("/orders", "/orders", True),
        ("/orders", "/orders/1", False),
        ("/orders", "/orders/", False),
        ("/orders/*", "/orders/1", True),
        ("/orders/*", "/orders/1/items", False),
        ("/orders/*/items", "/orders/1/items", True),
        ("/orders/**", "/orders/1/items", True),
        ("/orders/**", "/orders", False),
        ("/orders/**", "/ordersx/1", False),
        ("/v*/orders", "/v2/orders", True),
        ("/a.c", "/abc", False),
        ("/x\n  /orders \n", "/orders", True),
        ("", "/orders", False),
    ],
)
def test_patterns_say_which_paths_are_allowed(pattern: str, path: str, allowed: bool) -> None:
    assert is_allowed(path, pattern) is allowed


@pytest.mark.parametrize("text", ["", "  \n", "orders", "/a/../b", "/a//b", "/a b", "https://x/y", "/%2e%2e/**"])
def test_a_pattern_that_could_match_nothing_sound_is_refused(text: str) -> None:
    assert patterns_fault(text)


def test_methods_and_headers() -> None:
    assert methods_of("get, HEAD  post") == ["GET", "HEAD", "POST"]
    assert methods_fault("GET, HEAD") == "" != methods_fault("GET, BREW")
    assert methods_fault("") != ""
    assert header_fault("X-Api-Key") == "" == header_scheme_fault("Bearer") == header_scheme_fault("")
    assert header_fault("Host") and header_fault("a b") and header_scheme_fault("Bearer x\n")  # noqa: PT018
