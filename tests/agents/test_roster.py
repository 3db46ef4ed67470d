"""What every user of an agent shares: its instructions and its tools."""

from __future__ import annotations

import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from agents.model_counter import counter_of, frame_tokens
from agents.models import LanguageModel, Wire
from agents.roster import ROSTER, Agent

MOST_TOKENS = 2_000
MODELS = [
    LanguageModel(model_id="sandbox-claude", wire=Wire.ANTHROPIC_MESSAGES),
    LanguageModel(model_id="sandbox-gpt", wire=Wire.OPENAI_CHAT),
]
ROOT = Path(__file__).resolve().parents[2]


def sent(agent: Agent) -> str:
    tools = [
        {"name": spec.name, "about": spec.description, "parameters": spec.parameters} for spec in agent.tools.specs
    ]
    return agent.instructions + orjson.dumps(tools).decode()


@pytest.mark.parametrize("agent", ROSTER, ids=lambda agent: agent.slug)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.model_id)
def test_instructions_and_tools_take_at_most_2000_tokens(agent: Agent, model: LanguageModel) -> None:
    assert frame_tokens(agent, counter_of(model)) <= MOST_TOKENS


@pytest.mark.parametrize("agent", ROSTER, ids=lambda agent: agent.slug)
def test_every_tool_that_instructions_name_is_there(agent: Agent) -> None:
    named = set(re.findall(r"\bdatadog_\w+", agent.instructions))
    assert named <= {spec.name for spec in agent.tools.specs}


def test_another_process_sends_the_same_bytes() -> None:
    program = "import django; django.setup()\nfrom tests.agents.test_roster import digest\nprint(digest())"
    environment = {"DJANGO_SETTINGS_MODULE": "tokenproject.settings", "PYTHONHASHSEED": "7"}
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip().splitlines()[-1] == digest()


def digest() -> str:
    return sha256("\n".join(map(sent, ROSTER)).encode()).hexdigest()
