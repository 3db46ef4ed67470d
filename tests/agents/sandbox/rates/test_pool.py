from __future__ import annotations

import pytest

from agents.sandbox.rates.pool import AnthropicPool, OpenAIPool, Pool


def test_only_a_pool_of_a_vendor_can_be_made() -> None:
    """What a request needs and takes is a vendor's: a pool without it is found when it is made, not at a request."""
    with pytest.raises(TypeError, match="abstract"):
        Pool(name="any", models=("*",))  # type: ignore[abstract]
    assert {kind(name="a", models=("*",)).limits == {} for kind in (AnthropicPool, OpenAIPool)} == {True}
