"""Every bench runs at its smallest size and prints its table. How fast anything was is no test's business."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import NAMES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("first_token", ["Anthropic Messages, p50 of 2", "OpenAI Chat Completions, p95 of 2"]),
        ("delta_latency", ["event written → client", "provider's delta → client", "CPU of the server"]),
        ("idle_sockets", ["memory of an idle socket"]),
        ("context_building", ["SQLite, 20 messages, no saved window", "20 messages, saved window", "PostgreSQL"]),
        (
            "counting_error",
            ["Claude ≤ 4.6, recorded ratios: German", "Claude ≥ 4.7, ctok", "counts with cl100k_base: tool-heavy"],
        ),
        ("counting_speed", ["100 kB, o200k_base: a million spaces", "100 kB, cl100k_base: 10,000 emoji"]),
        ("limiting", ["`fit`, 20 messages into 8,192 tokens", "tokens counted per second, code"]),
        ("recall_facts", ["40 facts over 60 turns at 8,192 tokens"]),
        ("limiter_properties", ["laws broken in 10 generated conversations"]),
        ("governor_decision", ["a decision, memory, 0 waiters, p50 of 20", "memory, 200 waiters, p95", "PostgreSQL"]),
        ("governor", ["5 users: 429s", "5 users: turns a minute", "OpenAI-style pool: 429s", "OAuth2 gateway: 429s"]),
        (
            "agent_tokens",
            [
                "API Correlator, Claude ≥ 4.7",
                "payments?”, Sandbox GPT: input of 4 calls",
                "40 facts of the whole results",
            ],
        ),
        ("correlating", ["200 × 200 rows, 5 fields, processor time", "200 × 200 rows, peak of memory"]),
    ],
)
def test_a_bench_prints_its_figures_beside_their_baselines(name: str, figures: list[str]) -> None:
    done = run(name, "--size", "smoke")
    rows = [line.split("|") for line in done.stdout.splitlines() if line.startswith("|")]
    for figure in figures:
        of_figure = [cells for cells in rows if figure in cells[1]]
        assert of_figure, f"no row tells {figure!r}:\n{done.stdout}{done.stderr}"
        assert all(cells[2].strip() and cells[3].strip() for cells in of_figure)
    assert done.returncode == 0


def test_each_bench_has_its_test() -> None:
    (marks,) = test_a_bench_prints_its_figures_beside_their_baselines.pytestmark  # type: ignore[attr-defined]
    assert {name for name, _ in marks.args[1]} == set(NAMES)


def test_an_unknown_bench_is_refused() -> None:
    done = run("first_tokens")
    assert done.returncode == 2
    assert "no such bench: first_tokens. There are: first_token, delta_latency" in done.stderr


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
