from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.sandbox.company.search import Found, QueryFault, read_query

ENTRY = Found(
    text="charge failed: no database connection",
    fields={"service": "payment-service", "status": "error", "@http.status_code": 500, "@error.kind": "PoolTimeout"},
    tags=("env:prod", "version:v2.14.0"),
)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "*",
        "service:payment-service",
        "service:payment-*  status:error",
        "service:(order-service OR payment-service)",
        "env:prod AND version:v2.14.0",
        '"no database"',
        "CHARGE",
        "@http.status_code:500",
        "@http.status_code:>=500",
        "@http.status_code:[500 TO 599]",
        "@http.status_code:[* TO 500]",
        "@error.kind:Pool*",
        "-status:info",
        "NOT service:order-service",
        "(status:info OR status:error) -env:dev",
        "status:info OR service:payment-service",
    ],
)
def test_what_fits(query: str) -> None:
    assert read_query(query)(ENTRY)


@pytest.mark.parametrize(
    "query",
    [
        "service:order-service",
        "status:error service:order-service",
        "-status:error",
        "-(status:error OR status:info)",
        "refund",
        "@http.status_code:<500",
        "@http.status_code:>500",
        "@duration:>1",
        "@error.kind:>1",
        "env:dev",
        "nothing:here",
    ],
)
def test_what_does_not(query: str) -> None:
    assert not read_query(query)(ENTRY)


@pytest.mark.parametrize("query", ["(status:error", "status:error)", "OR", "a OR", "NOT", '"open', "a:", "()"])
def test_what_cannot_be_read_says_so(query: str) -> None:
    with pytest.raises(QueryFault):
        read_query(query)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(query: str) -> None:
    try:
        test = read_query(query)
    except QueryFault:
        return
    try:
        assert test(ENTRY) in (True, False)
    except QueryFault:
        return
