"""The sandbox over HTTP in a faster time: it enforces the limits of a small account, and answers as the workload says.

A message says which turn it is of (`ask`); the step follows from the rounds of tool calls since.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import orjson

from agents.llm.vocabulary import load_encoding
from agents.sandbox.app import SandboxApp
from agents.sandbox.exchange import Exchange
from agents.sandbox.oauth2 import TokenOffice
from agents.sandbox.pace import Pacing
from agents.sandbox.rates.enforced import EnforcedLimits
from agents.sandbox.rates.pool import AnthropicPool, OpenAIPool
from agents.sandbox.request import SandboxRequest
from agents.sandbox.scenario.rules import Cue, Scenario
from agents.sandbox.script.beats import Call
from agents.sandbox.script.player import rounds_done
from agents.sandbox.server import SandboxServer
from bench.faster_time import FasterTime
from bench.texts import text_of
from bench.workload import Turn, make_lanes

CLAUDE, GPT = "claude-sonnet-4-6", "gpt-4.1"
REQUESTS, INPUT, OUTPUT, TOGETHER = 50, 40_000, 8_000, 40_000
POOLS = (
    AnthropicPool(name="claude", models=(CLAUDE,), requests=REQUESTS, input_tokens=INPUT, output_tokens=OUTPUT),
    OpenAIPool(name="gpt", models=(GPT,), requests=REQUESTS, tokens=TOGETHER),
)
TOOL = "look_up"
CLIENT_ID, CLIENT_SECRET = "bench", "bench-secret"

_PACE = 7.5  # times the rests of a lively answer: about TOKENS_PER_SECOND of the workload
_CALL_TOKENS = 30  # of the call itself, beside what is said before it
_KEPT_OPEN = 3_600  # seconds of real time
_TURN = re.compile(r"\[turn (\S+)\]")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What is played: by how many `users`, for how many `seconds` of a time that is `scale` times faster. `guarded`:
    the sandbox wants OAuth2 tokens."""

    users: int
    seed: int
    seconds: float
    scale: float
    guarded: bool = False

    def to_json(self) -> str:
        return orjson.dumps(asdict(self)).decode()


def ask(turn: Turn, *, factor: float) -> str:
    """The message that begins a turn."""
    return f"[turn {turn.name}] {text_of(turn.name, tokens=turn.question, factor=factor)}"


class PlayedWorkload(Scenario):
    def __init__(self, turns: Mapping[str, Turn]) -> None:
        super().__init__()
        self._turns = turns

    def cue_for(self, request: SandboxRequest) -> Cue | None:
        named = _TURN.search(request.asking_text)
        if named is None:
            return None
        turn, done, factor = self._turns[named[1]], rounds_done(request), request.model.token_factor
        step = turn.steps[min(done, len(turn.steps) - 1)]
        name, delay = f"{turn.name} says {done}", step.first_token / _PACE
        if not step.result or not request.callable_tools:
            return Cue(say=text_of(name, tokens=step.output, factor=factor), delay=delay)
        said = text_of(name, tokens=max(5, step.output - _CALL_TOKENS), factor=factor)
        call = Call(name=TOOL, arguments=orjson.dumps({"turn": turn.name, "step": done}).decode())
        return Cue(say=said, calls=(call,), delay=delay)


def main(port: int, stage: Stage) -> None:
    load_encoding("o200k_base")
    lanes = make_lanes(users=stage.users, seed=stage.seed, seconds=stage.seconds)
    time = FasterTime(scale=stage.scale)
    exchange = Exchange(
        pacing=Pacing(factor=_PACE),
        limits=EnforcedLimits(POOLS, clock=time.now),
        scenario=PlayedWorkload({turn.name: turn for lane in lanes for turn in lane}),
        clock=time.now,
    )
    office = TokenOffice(client_id=CLIENT_ID, client_secret=CLIENT_SECRET) if stage.guarded else None
    server = SandboxServer(SandboxApp(exchange=exchange, oauth2=office), host="127.0.0.1", port=port)
    server.config.timeout_keep_alive = _KEPT_OPEN
    time.run(server.serve())


if __name__ == "__main__":
    main(int(sys.argv[1]), Stage(**orjson.loads(sys.argv[2])))
