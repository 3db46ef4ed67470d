"""The vendors' own examples, and what holds for every size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.llm.image_tokens import HIGH, STANDARD, Resolution, claude_image_tokens, openai_image_tokens

edges = st.integers(1, 8_000)


@pytest.mark.parametrize(
    ("width", "height", "standard", "high"),
    [
        (28, 28, 1, 1),
        (200, 200, 64, 64),
        (1_000, 1_000, 1_296, 1_296),
        (1_092, 1_092, 1_521, 1_521),
        (2_000, 1_000, 1_568, 2_592),
        (8_000, 8_000, 1_521, 4_761),
    ],
)
def test_claude_takes_a_token_for_each_patch_that_it_sees(width: int, height: int, standard: int, high: int) -> None:
    assert claude_image_tokens(width, height, sees=STANDARD) == standard
    assert claude_image_tokens(width, height, sees=HIGH) == high


@given(edges, edges, st.sampled_from([STANDARD, HIGH]))
def test_claude_never_takes_more_than_it_sees(width: int, height: int, sees: Resolution) -> None:
    tokens = claude_image_tokens(width, height, sees=sees)
    assert 1 <= tokens <= sees.tokens
    assert tokens == claude_image_tokens(height, width, sees=sees)


@pytest.mark.parametrize(
    ("width", "height", "tokens"), [(1_024, 1_024, 765), (2_048, 4_096, 1_105), (512, 512, 255), (100, 9_000, 765)]
)
def test_openai_counts_tiles(width: int, height: int, tokens: int) -> None:
    """The first two are from the guide on images."""
    assert openai_image_tokens(width, height, model="gpt-4o-2024-08-06") == tokens


def test_at_low_detail_tiles_do_not_count() -> None:
    assert openai_image_tokens(4_096, 8_192, model="gpt-4o", is_low_detail=True) == 85
    assert openai_image_tokens(4_096, 8_192, model="gpt-4o-mini", is_low_detail=True) == 2_833


@pytest.mark.parametrize(("width", "height", "patches"), [(1_024, 1_024, 1_024), (1_800, 2_400, 1_452)])
def test_openai_counts_patches(width: int, height: int, patches: int) -> None:
    """The guide's examples, before the multiplier."""
    assert openai_image_tokens(width, height, model="gpt-4.1-mini") == -(-patches * 162 // 100)
    assert openai_image_tokens(width, height, model="o4-mini") == -(-patches * 172 // 100)


@pytest.mark.parametrize(
    ("width", "height", "billed"), [(256, 256, 77), (512, 512, 308), (768, 1_024, 922), (1_280, 720, 1_104)]
)
def test_of_newer_models_it_counts_what_is_billed(width: int, height: int, billed: int) -> None:
    for model in ("gpt-5-mini", "gpt-5.4", "gpt-6-sol", "a-house-model"):
        assert openai_image_tokens(width, height, model=model) == billed


@given(edges, edges, st.sampled_from(["gpt-4o", "gpt-5", "gpt-5-nano", "o3", "gpt-6-sol"]))
def test_openai_never_takes_more_than_its_most(width: int, height: int, model: str) -> None:
    assert 1 <= openai_image_tokens(width, height, model=model) <= 2_304
