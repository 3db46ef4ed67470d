"""The kinds of values that only an MCP server has, checked as its form in the admin checks them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field

from agents.configuration.fields import Slug
from agents.mcp.address import url_fault
from agents.sources import allowed


def _without(fault_of: Callable[[str], str]) -> AfterValidator:
    def check(text: str) -> str:
        if fault := fault_of(text):
            raise ValueError(fault[:1].lower() + fault[1:].removesuffix("."))
        return text

    return AfterValidator(check)


def _underscore_fault(slug: str) -> str:
    return "must have no underscore: names of tools are SLUG__TOOL" if "_" in slug else ""


ServerSlug = Annotated[Slug, Field(max_length=32), _without(_underscore_fault)]
ServerAddress = Annotated[str, Field(min_length=1, max_length=500), _without(url_fault)]
SigningHeader = Annotated[str, Field(max_length=100), _without(allowed.header_fault)]
SigningScheme = Annotated[str, Field(max_length=32), _without(allowed.header_scheme_fault)]
