"""Ours: the product's own engine, worker and governor in this process, its pools in memory, all in a faster time."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing

from accounts.refusals import Refusal
from agents import registry
from agents.governor.base import Ask, Grant, Told
from agents.governor.memory import MemoryStore
from agents.governor.service import PacedGovernor
from agents.llm.errors import LLMError
from agents.llm.events import CallGranted, Waiting
from agents.llm.messages import Usage
from agents.models import LanguageModel, ModelCall
from agents.pool_limits import model_key
from agents.threads import in_thread
from bench import people, researcher
from bench.crowd import Answer, Tape, TurnFailed
from bench.faster_time import FasterTime
from bench.people import Person
from bench.playing_sandbox import ask
from bench.workload import Lane, Turn
from chat import actions
from chat.engine import Engine
from chat.models import Conversation
from chat.wire_event import WireEvent

_MANY = 100_000
"""Events that a reader may be behind: nothing is to be missed."""


class WatchedGovernor(PacedGovernor):
    """Notes how long each call was first said to wait, and how long it did."""

    def __init__(self, *, time: FasterTime, tape: Tape) -> None:
        super().__init__(store=MemoryStore(clock=time.now), clock=time.now)
        self._time = time
        self._tape = tape

    async def reserve(self, ask: Ask) -> AsyncGenerator[Told | Grant]:
        first: Waiting | None = None
        told_at = 0.0
        async with aclosing(super().reserve(ask)) as steps:
            async for step in steps:
                if isinstance(step, Waiting) and first is None:
                    first, told_at = step, self._time.now()
                elif isinstance(step, CallGranted) and first is not None:
                    self._tape.waits.append((first.retry_at - told_at, self._time.now() - told_at))
                yield step


class Paced:
    def __init__(
        self, *, engine: Engine, model: LanguageModel, lanes: list[Lane], crowd: list[Person], factor: float
    ) -> None:
        self._engine = engine
        self._model = model
        self._lanes = lanes
        self._crowd = crowd
        self._factor = factor

    def is_queued(self) -> bool:
        state = registry.governor().store.peek(model_key(self._model))
        return state is not None and bool(state.waiting)

    def lane(self, number: int) -> Answer:
        person = self._crowd[self._lanes[number][0].user]
        conversations: dict[int, Conversation] = {}

        async def answer(turn: Turn) -> float:
            if turn.chat not in conversations:
                conversations[turn.chat] = await in_thread(self._conversation)(person)
            return await self._turn(person, conversations[turn.chat], turn)

        return answer

    def _conversation(self, person: Person) -> Conversation:
        return Conversation.objects.create(owner=person.user, model=self._model, title="bench", agent=researcher.SLUG)

    async def _turn(self, person: Person, conversation: Conversation, turn: Turn) -> float:
        watching = self._engine.hub.subscribe(str(conversation.pk), capacity=_MANY)
        try:
            accepted = await in_thread(actions.send)(
                user=person.user,
                conversation_id=conversation.pk,
                client_message_id=uuid.uuid4().hex,
                text=ask(turn, factor=self._factor),
            )
            waited = 0.0
            while True:
                for event in await watching.next_batch():
                    if not isinstance(event, WireEvent) or event.turn != str(accepted.turn.pk):
                        continue
                    if event.fields["type"] == "turn.granted":
                        waited += event.fields["waited_ms"] / 1000
                    if event.fields["type"] == "turn.ended":
                        return _checked(event, waited=waited)
        except (LLMError, Refusal) as error:
            raise TurnFailed(error.code) from None
        finally:
            watching.close()


def _checked(event: WireEvent, *, waited: float) -> float:
    if event.fields["status"] != "completed":
        raise TurnFailed(event.fields["reason"] or event.fields["status"])
    return waited


def usages(model: LanguageModel) -> list[Usage]:
    """Of every call to `model` that was answered, as the ledger has them."""
    calls = ModelCall.objects.filter(model=model, input_tokens__gt=0)
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
    return [Usage(**{name: value or 0 for name, value in call.items()}) for call in calls.values(*names)]


def make_crowd(name: str, count: int) -> list[Person]:
    return [people.make_person(f"{name}-{number}") for number in range(count)]
