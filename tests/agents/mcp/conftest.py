from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.agents.mcp.everything import everything


@pytest.fixture(autouse=True)
def _private_places_are_allowed(settings: Settings) -> None:
    settings.EGRESS_ALLOW_PRIVATE = ["127.0.0.0/8"]


@pytest.fixture(scope="session")
def reference() -> Iterator[str]:
    """The address of the reference server."""
    with everything() as url:
        yield url
