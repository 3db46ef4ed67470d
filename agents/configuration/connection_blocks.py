"""`[[datadog]]` and `[[source]]`: what tools connect to, as a file says it. A key that is left out stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from agents.configuration.block import Block
from agents.configuration.fields import Address, Line, Name, Position, Secret, Slug, one_of, plain_text
from agents.configuration.oauth2_block import OAuth2Block, none_if_empty
from agents.models import DatadogConnection, HttpSource
from agents.sources import allowed

MOST_OPERATIONS = 1_000
"""Characters: every one is sent with every call."""


def _without(fault_of: Callable[[str], str], *, joined: str = "") -> AfterValidator:
    """Refuses what `fault_of` finds a fault in; of a list, in its items `joined` as the row holds them."""

    def check(value: str | list[str]) -> str | list[str]:
        fault = fault_of(value if isinstance(value, str) else joined.join(value))
        if fault:
            raise ValueError(f"is refused: {fault}")
        return value

    return AfterValidator(check)


Paths = Annotated[list[Line], Field(min_length=1, max_length=200), _without(allowed.patterns_fault, joined="\n")]
Methods = Annotated[list[Line], Field(min_length=1, max_length=6), _without(allowed.methods_fault, joined=", ")]
Operations = Annotated[str, Field(max_length=MOST_OPERATIONS), AfterValidator(plain_text)]
HeaderName = Annotated[Line, Field(max_length=100), _without(allowed.header_fault)]
HeaderScheme = Annotated[Line, Field(max_length=32), _without(allowed.header_scheme_fault)]


class DatadogBlock(Block):
    slug: Slug
    name: Name | None = None
    site: Annotated[str, one_of(DatadogConnection.Site.values)] | None = None
    base_url: Address | None = None
    api_key: Secret | None = None
    application_key: Secret | None = None
    enabled: bool | None = None
    position: Position | None = None


class SourceBlock(Block):
    slug: Slug
    name: Name | None = None
    base_url: Address | None = None
    auth: Annotated[str, one_of(HttpSource.Auth.values)] | None = None
    header_name: HeaderName | None = None
    header_scheme: HeaderScheme | None = None
    api_key: Secret | None = None
    oauth2: Annotated[OAuth2Block | None, BeforeValidator(none_if_empty)] = None
    allowed_paths: Paths | None = None
    allowed_methods: Methods | None = None
    operations: Operations | None = None
    enabled: bool | None = None
