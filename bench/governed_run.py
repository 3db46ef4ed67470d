"""One strategy through one workload: what the sandbox says of it, and what the people got."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from agents import registry
from agents.model_counter import counter_of
from agents.models import LanguageModel, Wire
from agents.roster import shipped
from agents.settings_resolution import effective
from agents.threads import in_thread
from bench import governed_world, paced, processes, researcher
from bench.crowd import BUSY, Answer, Tape, live
from bench.faster_time import FasterTime
from bench.judge import Judge
from bench.paced import Paced, WatchedGovernor
from bench.playing_sandbox import Stage
from bench.process_meter import cpu_seconds
from bench.processes import Listening
from bench.unpaced import Unpaced
from bench.workload import Lane, Turn, make_lanes, served_without_limits
from chat import engine

SPECIFIED_LIMIT = 8_192


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """`token_limit` is for agents without a governor: None sends the whole history. `recommended`: with the token limit
    that the settings tab recommends, rather than the default."""

    name: str
    governed: bool
    token_limit: int | None = None
    recommended: bool = False


NAIVE = Strategy(name="naive", governed=False)
SPECIFIED = Strategy(name="token limiter", governed=False, token_limit=SPECIFIED_LIMIT)
OURS = Strategy(name="ours", governed=True)
ROOMY = Strategy(name="ours, recommended limit", governed=True, recommended=True)


@dataclass(frozen=True, kw_only=True)
class Result:
    """`utilisation` is None where nobody was held back. `cpu`: shares of a core, of the agents and of the sandbox."""

    stage: Stage
    governed: bool
    tape: Tape
    offered: list[Turn]
    rate_limited: int
    utilisation: float | None
    cpu: tuple[float, float]

    @property
    def minutes(self) -> float:
        return self.stage.seconds / 60.0

    @property
    def turns_per_minute(self) -> float:
        return len(self.tape.done) / self.minutes

    @property
    def work(self) -> float:
        """In turns of average size a minute."""
        if not self.offered:
            return 0.0
        average = sum(turn.work for turn in self.offered) / len(self.offered)
        return sum(done.turn.work for done in self.tape.done) / average / self.minutes

    @property
    def busy_per_hour(self) -> float:
        return self.tape.failed[BUSY] * 60.0 / self.minutes

    @property
    def failed(self) -> int:
        return self.tape.failed.total() - self.tape.failed[BUSY]

    @property
    def fairness(self) -> float:
        """Jain's index of what each person got of what they would have got without limits."""
        wanted, got = defaultdict[int, int](int), defaultdict[int, int](int)
        for turn in self.offered:
            wanted[turn.user] += turn.work
        for done in self.tape.done:
            got[done.turn.user] += done.turn.work
        shares = [got[user] / work for user, work in wanted.items()]
        squares = sum(share * share for share in shares)
        return sum(shares) ** 2 / (len(shares) * squares) if squares else 0.0

    @property
    def price_per_turn(self) -> float:
        return self.tape.price / max(1, len(self.tape.done))


@dataclass(kw_only=True)
class _Play:
    """One strategy on its stage, with the sandbox it plays against."""

    strategy: Strategy
    stage: Stage
    lanes: list[Lane]
    model: LanguageModel
    key: str
    sandbox: Listening
    time: FasterTime
    tape: Tape

    async def play(self) -> Result:
        answers, is_queued = await (self._paced() if self.strategy.governed else self._unpaced())
        pool = "claude" if self.model.wire == Wire.ANTHROPIC_MESSAGES else "gpt"
        judge = Judge(self.sandbox.port, key=self.key, pool=pool, time=self.time, is_queued=is_queued)
        before = self._cpu()
        began = self.time.now()
        await self._watched(judge, answers)
        took = (self.time.now() - began) / self.stage.scale
        cpu = tuple((after - earlier) / took for after, earlier in zip(self._cpu(), before, strict=True))
        if self.strategy.governed:
            self.tape.usages += await in_thread(paced.usages)(self.model)
            await engine.stop()
        return Result(
            stage=self.stage,
            governed=self.strategy.governed,
            tape=replace(self.tape, done=list(self.tape.done)),
            offered=served_without_limits(self.lanes, seconds=self.stage.seconds),
            rate_limited=judge.last["rate_limited"],
            utilisation=judge.utilisation,
            cpu=(cpu[0], cpu[1]),
        )

    async def _watched(self, judge: Judge, answers: Callable[[int], Answer]) -> None:
        living = asyncio.create_task(live(self.lanes, answers=answers, tape=self.tape, time=self.time))
        watching = asyncio.create_task(judge.watch())
        await asyncio.wait([living, watching], timeout=self.stage.seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in (watching, living):
            if task.done() and task.exception() is not None:
                await task
        await judge.look()
        for task in (watching, living):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _cpu(self) -> tuple[float, float]:
        return cpu_seconds(os.getpid()), cpu_seconds(self.sandbox.pid)

    async def _paced(self) -> tuple[Callable[[int], Answer], Callable[[], bool]]:
        registry.use_governor(WatchedGovernor(time=self.time, tape=self.tape))
        crowd = await in_thread(paced.make_crowd)(self.model.provider.slug, self.stage.users)
        ours = Paced(
            engine=await engine.ensure_started(),
            model=self.model,
            lanes=self.lanes,
            crowd=crowd,
            factor=counter_of(self.model).factor,
        )
        return ours.lane, ours.is_queued

    async def _unpaced(self) -> tuple[Callable[[int], Answer], Callable[[], bool]]:
        agent = shipped(researcher.SLUG)
        assert agent is not None, "it was set to work"
        values = (await in_thread(effective)(user=None, model=self.model)).values
        theirs = Unpaced(
            f"http://127.0.0.1:{self.sandbox.port}",
            key=self.key,
            model=self.model,
            agent=agent,
            values=values,
            token_limit=self.strategy.token_limit,
            tape=self.tape,
        )
        return theirs.lane, theirs.is_queued


def run(strategy: Strategy, *, stage: Stage, wire: Wire) -> Result:
    with processes.playing_sandbox(stage.to_json()) as sandbox:
        model = governed_world.make_model(sandbox.port, wire=wire, guarded=stage.guarded)
        if strategy.recommended:
            governed_world.take_recommended_limit(model)
        lanes = make_lanes(users=stage.users, seed=stage.seed, seconds=stage.seconds)
        governed_world.set_to_work(model, lanes)
        time = FasterTime(scale=stage.scale)
        play = _Play(
            strategy=strategy,
            stage=stage,
            lanes=lanes,
            model=model,
            key=governed_world.key_of(model, sandbox.port),
            sandbox=sandbox,
            time=time,
            tape=Tape(),
        )
        return time.run(play.play())


def best_share(waits: Sequence[tuple[float, float]]) -> float:
    """The share of waits whose end was first told within a second, or a tenth."""
    near = sum(abs(told - took) <= max(1.0, 0.1 * took) for told, took in waits)
    return near / len(waits) if waits else 1.0
