"""What people ask for: turns of agents, the same each time for the same seed, whatever answers them.

A lane is one open chat of one person, whose turns follow each other: the next message comes when the answer is there
and has been thought about, but not before its `earliest`. Work comes in sessions with idle gaps, half of which begin at
moments that many people share. A turn takes 1 to 15 model calls, 4 on average; the results of its tools are lognormal.
Times are in seconds from the beginning, sizes in tokens.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

MOST_STEPS = 15
TOKENS_PER_SECOND = 65.0
"""At which answers are written."""

_LOOP, _LOOP_HEAVY = 0.30, 0.13  # the probability that a turn ends with this step
_HEAVY, _TWO_LANES = 0.15, 0.20  # shares of the people
_RESULT_MEDIAN, _RESULT_P99, _RESULT_MOST = 600.0, 15_000.0, 60_000
_QUESTION_MEDIAN, _QUESTION_MOST = 60.0, 400
_CALL, _REPLY = (40, 250), (50, 800)
_THINK_MEDIAN, _SPREAD = 25.0, 0.8
_SESSION_TURNS, _GAP, _BURST_EVERY, _AT_A_BURST, _NEW_CHAT = 8.0, 300.0, 360.0, 0.5, 0.5
_USUAL_TURN = 20.0
_SIGMA = math.log(_RESULT_P99 / _RESULT_MEDIAN) / 2.3263
_COUNTED_RESULT = 8_000


@dataclass(frozen=True, kw_only=True)
class Step:
    """One model call: `output` is what it says, `result` what its tool returns (0: it is the last), after `tool_time`.
    `first_token` is how long the model is silent."""

    output: int
    result: int
    tool_time: float
    first_token: float

    @property
    def takes(self) -> float:
        return self.first_token + self.output / TOKENS_PER_SECOND + self.tool_time


@dataclass(frozen=True, kw_only=True)
class Turn:
    """`chat` tells the conversations of a lane apart."""

    name: str
    user: int
    chat: int
    earliest: float
    think: float
    question: int
    steps: tuple[Step, ...]

    @property
    def work(self) -> int:
        """New tokens: the question, what is said, the results (of a huge one, the first 8,000)."""
        said = sum(step.output + min(_COUNTED_RESULT, step.result) for step in self.steps)
        return self.question + said

    @property
    def takes(self) -> float:
        """Where nothing is limited."""
        return sum(step.takes for step in self.steps)


Lane = tuple[Turn, ...]


def make_lanes(*, users: int, seed: int, seconds: float) -> list[Lane]:
    bursts = _bursts(Random(f"bursts {seed}"), seconds)
    lanes = []
    for user in range(users):
        random = Random(f"user {seed} {user}")
        loop = _LOOP_HEAVY if random.random() < _HEAVY else _LOOP
        for number in range(2 if random.random() < _TWO_LANES else 1):
            lane = _Lane(random=Random(f"lane {seed} {user} {number}"), user=user, name=f"{user}.{number}", loop=loop)
            lanes.append(lane.turns(bursts, seconds=seconds))
    return [lane for lane in lanes if lane]


def served_without_limits(lanes: Iterable[Lane], *, seconds: float) -> list[Turn]:
    """What would be done within `seconds` if nobody ever waited."""
    done = []
    for lane in lanes:
        free_at = 0.0
        for turn in lane:
            ended = max(turn.earliest, free_at) + turn.takes
            if ended > seconds:
                break
            done.append(turn)
            free_at = ended + turn.think
    return done


@dataclass(kw_only=True)
class _Lane:
    random: Random
    user: int
    name: str
    loop: float

    def turns(self, bursts: list[float], *, seconds: float) -> Lane:
        random, turns, chat = self.random, list[Turn](), 0
        clock = random.uniform(0, 60) if random.random() < 0.6 else random.expovariate(1 / _GAP)
        while clock < seconds:
            for number in range(1 + _failures(random, 1 / _SESSION_TURNS)):
                think = _lognormal(random, _THINK_MEDIAN, _SPREAD)
                clock += _USUAL_TURN + think if number else 0.0
                if clock < seconds:
                    turns.append(self._turn(len(turns), chat=chat, earliest=clock, think=think))
            clock = _next_session(random, clock, bursts)
            chat += random.random() < _NEW_CHAT
        return tuple(turns)

    def _turn(self, number: int, *, chat: int, earliest: float, think: float) -> Turn:
        random = self.random
        count = min(MOST_STEPS, 1 + _failures(random, self.loop))
        question = max(8, min(_QUESTION_MOST, int(_lognormal(random, _QUESTION_MEDIAN, 1.1))))
        return Turn(
            name=f"{self.name}.{number}",
            user=self.user,
            chat=chat,
            earliest=earliest,
            think=think,
            question=question,
            steps=tuple(_step(random, is_last=n == count - 1) for n in range(count)),
        )


def _step(random: Random, *, is_last: bool) -> Step:
    output = _log_uniform(random, _REPLY if is_last else _CALL)
    result = max(20, min(_RESULT_MOST, int(_lognormal(random, _RESULT_MEDIAN, _SIGMA))))
    tool_time = _lognormal(random, 0.8, _SPREAD)
    first_token = 0.5 + _lognormal(random, 0.4, 0.5)
    return Step(
        output=output,
        result=0 if is_last else result,
        tool_time=0.0 if is_last else tool_time,
        first_token=first_token,
    )


def _bursts(random: Random, seconds: float) -> list[float]:
    bursts, at = [], random.uniform(20, 90)
    while at < seconds:
        bursts.append(at)
        at += random.expovariate(1 / _BURST_EVERY)
    return bursts


def _next_session(random: Random, clock: float, bursts: list[float]) -> float:
    following = [burst for burst in bursts if burst >= clock + _USUAL_TURN]
    alone = clock + _USUAL_TURN + random.expovariate(1 / _GAP)
    return following[0] + random.uniform(0, 5) if random.random() < _AT_A_BURST and following else alone


def _lognormal(random: Random, median: float, sigma: float) -> float:
    return math.exp(random.gauss(math.log(median), sigma))


def _log_uniform(random: Random, bounds: tuple[int, int]) -> int:
    return round(math.exp(random.uniform(math.log(bounds[0]), math.log(bounds[1]))))


def _failures(random: Random, probability: float) -> int:
    """Before the first success."""
    return int(math.log(1.0 - random.random()) / math.log(1.0 - probability))
