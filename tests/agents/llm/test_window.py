from __future__ import annotations

import json

import pytest

from agents.llm.window import Window
from tests.agents.llm.histories import ask, iteration, limiter, words


def test_it_survives_json_exactly() -> None:
    history = [
        ask(0),
        *(message for n in range(30) for message in iteration(n, words(40))),
        *iteration(30, words(5_000)),
    ]
    window = limiter(1_000, low_water=400).fit(history).window
    assert window.cuts
    assert window.left_out
    assert Window.from_dict(json.loads(json.dumps(window.to_dict()))) == window


def test_an_unknown_version_is_refused() -> None:
    data = Window(token_limit=1, boundary="q").to_dict()
    with pytest.raises(ValueError, match="version 2"):
        Window.from_dict({**data, "version": 2})
