from __future__ import annotations

from pathlib import Path

import pytest

from tokenproject.env import BadEnvironment, read
from tokenproject.private_places import private_place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("LLM.Internal", "llm.internal"),
        ("localhost", "localhost"),
        ("gpu-1.corp.example.com", "gpu-1.corp.example.com"),
        ("3.models.example", "3.models.example"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("192.168.1.7", "192.168.1.7/32"),
        ("fd00::/8", "fd00::/8"),
        ("100.64.0.0/10", "100.64.0.0/10"),
        ("::1", "::1/128"),
    ],
)
def test_a_host_or_a_range(text: str, place: str) -> None:
    assert private_place(text) == place


@pytest.mark.parametrize(
    "nonsense",
    [
        "http://llm.internal",
        "llm.internal:8000",
        "llm.internal/v1",
        "*",
        "*.internal",
        "-x.internal",
        "a..b",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0",
        "127.1",
        "0x7f.1",
        "2130706433",
        "١٢٧.0.0.1",
        "[::1]",
        "a" * 64,
        "a." * 126 + "ab",
    ],
)
def test_nonsense_is_refused(nonsense: str) -> None:
    with pytest.raises(ValueError, match="neither a host name nor an address range"):
        private_place(nonsense)


@pytest.mark.parametrize(
    "everything",
    ["169.254.169.254", "169.254.0.0/16", "0.0.0.0/0", "fe80::/10", "::/0", "100.100.100.200", "fd00:ec2::254"],
)
def test_where_clouds_keep_credentials_is_never_allowed(everything: str) -> None:
    with pytest.raises(ValueError, match="never allowed"):
        private_place(everything)


def test_the_environment_takes_a_list_and_names_what_it_refuses(tmp_path: Path) -> None:
    environ = {"EGRESS_ALLOW_PRIVATE": "LLM.internal, 10.0.0.0/8"}
    assert read(environ, base_dir=tmp_path).egress_allow_private == ["llm.internal", "10.0.0.0/8"]
    with pytest.raises(BadEnvironment, match="EGRESS_ALLOW_PRIVATE: 'http://x'"):
        read({"EGRESS_ALLOW_PRIVATE": "http://x"}, base_dir=tmp_path)
