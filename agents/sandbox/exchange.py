"""One request for a reply, from its parsed body to the stream that answers it."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from agents.llm.events import FinishReason
from agents.sandbox.admission import admit, count_failed
from agents.sandbox.journal import Entry
from agents.sandbox.limits import AccountLimits
from agents.sandbox.pace import Pacing
from agents.sandbox.performance import Act, Began, Broke, Ended, OutputMeter, Performance
from agents.sandbox.prompt_cache import PromptCache
from agents.sandbox.rates.shipped import shipped_limits
from agents.sandbox.refusals import refuse
from agents.sandbox.request import SandboxRequest
from agents.sandbox.response import ReplyStream, SandboxResponse, stream_response, whole_response
from agents.sandbox.scenario.cues import cued_play, with_reported_input, with_reported_output
from agents.sandbox.scenario.rules import Cue, Scenario
from agents.sandbox.script.faults import Fault, find_fault
from agents.sandbox.script.memory import FaultMemory
from agents.sandbox.script.player import fault_due
from agents.sandbox.script.switches import FaultSwitches
from agents.sandbox.script.words import Words, read_words
from agents.sandbox.visit import Visit
from agents.sandbox.wire.base import Wire, WireError


def random_id() -> str:
    return secrets.token_hex(12)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Answers requests. `clock` gives Unix time in seconds; `new_id` a text that no earlier id has. What `scenario`
    says goes before the words of a request, and what is set in `switches` before both. `closing_faults`: words may ask
    for the faults that close an account, which concern all who share it."""

    pacing: Pacing = field(default_factory=Pacing)
    limits: AccountLimits = field(default_factory=shipped_limits)
    memory: FaultMemory = field(default_factory=FaultMemory)
    switches: FaultSwitches = field(default_factory=FaultSwitches)
    scenario: Scenario = field(default_factory=Scenario)
    closing_faults: bool = False
    clock: Callable[[], float] = time.time
    new_id: Callable[[], str] = random_id
    cache: PromptCache = field(default_factory=PromptCache)

    async def respond(self, wire: Wire, *, visit: Visit) -> SandboxResponse:
        """The reply to the body in the visit's entry. Raises WireError where the request is refused; ConnectionCut and
        ConnectionReset where the connection is to break before any answer."""
        entry = visit.entry
        request = self._read(wire, visit=visit)
        entry.model, entry.input_tokens = request.model.id, request.input_tokens
        use = self.cache.look_up(request.cache_plan, account=entry.account, now=self.clock())
        request = replace(request, cached=use)
        headers = {wire.request_id_header: visit.request_id}
        rates = admit(self.limits, wire=wire, request=request, account=entry.account, now=self.clock())
        cue, words = self._cue(request)
        if cue.delay:
            await self.pacing.sleep(cue.delay * self.pacing.factor)
        headers |= {} if cue.fault is not None and cue.fault.name == "no_rate_headers" else rates
        if cue.fault is not None and cue.fault.kind == "refused":
            return refuse(wire, fault=cue.fault, request=request, headers=headers, visit=visit)
        chunks = self._chunks(wire, request=request, cue=cue, words=words, entry=entry)
        if request.stream:
            return stream_response(chunks, headers=headers, entry=entry)
        document = await _whole(chunks, entry=entry)
        return whole_response(document, status=200, headers=headers, entry=entry)

    def _read(self, wire: Wire, *, visit: Visit) -> SandboxRequest:
        """Raises WireError where a rule of the wire is broken; the account's limits hear of that too."""
        try:
            return wire.read(visit.entry.body, headers=visit.headers)
        except WireError as error:
            error.headers |= count_failed(self.limits, wire=wire, entry=visit.entry, now=self.clock())
            raise

    def _cue(self, request: SandboxRequest) -> tuple[Cue, Words]:
        """What to answer: a rule of the scenario goes before the words, and a switched-on fault before both."""
        words = self._allowed(read_words(request.asking_text)).among([tool.name for tool in request.tools])
        cue = self.scenario.cue_for(request) or Cue()
        fault = self.switches.take(request) or cue.fault or self._asked_fault(request, words=words)
        return replace(cue, fault=fault), words

    def _allowed(self, words: Words) -> Words:
        fault = find_fault(words.fault)
        return replace(words, withheld=fault is not None and fault.closes and not self.closing_faults)

    def _asked_fault(self, request: SandboxRequest, *, words: Words) -> Fault | None:
        fault = fault_due(request, words)
        if fault is None or words.withheld or not self.memory.strikes(fault, request=request, times=words.fault_times):
            return None
        return fault

    async def _chunks(
        self, wire: Wire, *, request: SandboxRequest, cue: Cue, words: Words, entry: Entry
    ) -> AsyncGenerator[bytes, None]:
        play = cued_play(cue, request=request, words=words)
        created = int(self.clock())
        told = with_reported_input(request, usage=cue.usage)
        entry.input_tokens = told.input_tokens
        reply = wire.reply(told, reply_id=self.new_id(), created=created, quirks=play.quirks)
        room, full_reason = _room(request)
        produced = partial(self._produced, request, account=entry.account)
        meter = OutputMeter(room=room, factor=request.model.token_factor, on_tokens=produced)
        performance = Performance(play, meter=meter, full_reason=full_reason, pacing=self.pacing, new_id=self.new_id)
        try:
            async with aclosing(performance.acts()) as acts:
                async for played in acts:
                    act = with_reported_output(played, usage=cue.usage)
                    if isinstance(act, Began):
                        self._cache(request, account=entry.account)
                    _note(act, entry=entry)
                    if chunk := reply.write(act):
                        yield chunk
            entry.end("broken")
            if last := reply.close():
                yield last
        finally:
            entry.output_tokens = entry.output_tokens or meter.tokens

    def _produced(self, request: SandboxRequest, tokens: int, *, account: str) -> None:
        self.limits.produced(account=account, model=request.model, output_tokens=tokens)

    def _cache(self, request: SandboxRequest, *, account: str) -> None:
        self.cache.begin(request.cache_plan, use=request.cached, account=account, now=self.clock())


def _room(request: SandboxRequest) -> tuple[int, FinishReason]:
    """The most tokens that the reply may have, and why it ends if it reaches them."""
    left = request.model.context_window - request.input_tokens
    return (request.max_tokens, "length") if request.max_tokens <= left else (left, "context_window")


def _note(act: Act, *, entry: Entry) -> None:
    """Notes the outcome before the bytes that tell it leave: a client may close as soon as it has them."""
    if isinstance(act, Ended):
        entry.output_tokens = act.output_tokens
        entry.end("complete")
    elif isinstance(act, Broke):
        entry.end("broken")


async def _whole(chunks: AsyncGenerator[bytes, None], *, entry: Entry) -> bytes:
    async with aclosing(ReplyStream(chunks, entry=entry)) as stream:
        return b"".join([chunk async for chunk in stream])
