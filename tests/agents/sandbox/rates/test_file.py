"""Files of limits: what is wrong with one is said with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.sandbox.mistakes import FileError
from agents.sandbox.rates.file import load_limits, read_limits
from agents.sandbox.rates.pool import AnthropicPool, OpenAIPool, Overload, Ramp
from agents.sandbox.rates.shipped import SHIPPED_POOLS

CLAUDE = "[[pool]]\nkind = 'anthropic'\nname = 'c'\nmodels = ['claude-*']\n"
GPT = "[[pool]]\nkind = 'openai'\nname = 'g'\nmodels = ['gpt-4o', 'gpt-5*']\n"

WRONG = [
    ("", "limits: pool: Field required"),
    ("pool = []", "pool: List should have at least 1 item"),
    ("[[pool]", "limits: is not TOML: "),
    ("[[pools]]", "pools: Extra inputs are not permitted"),
    ("[[pool]]\nname = 'x'", "limits: pool 1: 'kind' is missing"),
    ("[[pool]]\nkind = 'acme'", "limits: pool 1: Input tag 'acme' found using 'kind' does not match any"),
    ("[[pool]]\nkind = 'openai'\nrequests = 5", "pool 1, name: Field required"),
    (CLAUDE, "pool 1: must limit something: requests, spend_cap, ramp, overload, input_tokens, output_tokens"),
    (GPT, "pool 1: must limit something: requests, spend_cap, ramp, overload, tokens"),
    (CLAUDE + "requests = 5\n" + GPT + "requests = 0", "pool 2, requests: Input should be greater than or equal to 1"),
    (CLAUDE + "requests = '5'", "pool 1, requests: Input should be a valid integer"),
    (CLAUDE + "tokens = 5", "pool 1, tokens: Extra inputs are not permitted"),
    (GPT + "input_tokens = 5", "pool 1, input_tokens: Extra inputs are not permitted"),
    (GPT + "tokens = 5\nburst_seconds = 5", "pool 1, burst_seconds: Extra inputs are not permitted"),
    (GPT + "tokens = 5\ncharge = 'all'", "pool 1, charge: Input should be 'sum' or 'max'"),
    (CLAUDE + "requests = 5\nburst_seconds = 61", "pool 1, burst_seconds: Input should be less than or equal to 60"),
    (CLAUDE + "input_tokens = 5\nspaced_requests = true", "pool 1: spaced_requests needs requests"),
    (CLAUDE + "ramp = {}", "pool 1, ramp.free: Field required"),
    (CLAUDE + "ramp = { free = 5, period = 59 }", "pool 1, ramp.period: Input should be greater than or equal to 60"),
    (CLAUDE + "overload = { seed = 5 }", "pool 1, overload: must say how often: every, chance or both"),
    (CLAUDE + "overload = { chance = 1.1 }", "pool 1, overload.chance: Input should be less than or equal to 1"),
    (CLAUDE + "requests = 5\n" + CLAUDE + "requests = 5", "limits: pool: the name 'c' is taken by another pool"),
    (CLAUDE.replace("'c'", "'sandbox-gpt-tight'") + "requests = 5", "the name 'sandbox-gpt-tight' is taken"),
    (CLAUDE.replace("claude-*", "gpt-*") + "requests = 5", "pool 1, models: 'gpt-*' fits no model that"),
    ("time_scale = 0\n" + CLAUDE + "requests = 5", "time_scale: Input should be greater than 0"),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_a_wrong_file_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(FileError) as caught:
        read_limits(text)
    assert words in str(caught.value)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "two.toml"
    path.write_text(CLAUDE + "requests = 0\n" + GPT + "tokens = 0\n")
    with pytest.raises(FileError) as caught:
        load_limits(path)
    lines = str(caught.value).splitlines()
    assert [line.partition(": Input")[0] for line in lines] == [f"{path}: pool 1, requests", f"{path}: pool 2, tokens"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be read"):
        load_limits(tmp_path / "nowhere.toml")


def test_all_that_can_be_said() -> None:
    claude = CLAUDE + (
        "requests = 50\ninput_tokens = 40_000\noutput_tokens = 8_000\ncount_cached_input = true\nburst_seconds = 10\n"
        "spaced_requests = true\nspend_cap = 9\nramp = { free = 5, growth = 1, period = 60 }\n"
    )
    gpt = GPT + "requests = 50\ntokens = 40_000\ncharge = 'max'\noverload = { every = 9, chance = 0.5, seed = 3 }\n"
    told = read_limits("time_scale = 60\n" + claude + gpt)
    assert told.time_scale == 60
    assert told.pools == (
        AnthropicPool(
            name="c",
            models=("claude-*",),
            requests=50,
            input_tokens=40_000,
            output_tokens=8_000,
            count_cached_input=True,
            burst_seconds=10,
            spaced_requests=True,
            spend_cap=9,
            ramp=Ramp(free=5, growth=1, period=60),
        ),
        OpenAIPool(
            name="g",
            models=("gpt-4o", "gpt-5*"),
            requests=50,
            tokens=40_000,
            charge="max",
            overload=Overload(every=9, chance=0.5, seed=3),
        ),
        *SHIPPED_POOLS,
    )
