"""From rows to the request of one call: what a long conversation costs before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.db import connection

from accounts.models import User
from agents import settings_resolution
from agents.models import LanguageModel, Wire
from agents.roster import DEFAULT_AGENT
from agents.setting_ranges import SettingValues
from bench import conversations, people
from bench.on_postgresql import measure_on_postgresql
from bench.process_meter import NotMeasurable
from bench.sizes import Size
from bench.stopwatch import medians
from bench.table import Row, milliseconds, times
from chat import context
from chat.message_rows import to_value
from chat.models import Branch, Conversation, Message

TITLE = "Building the context of a call"
BASELINE_ROUNDS = 3
"""Reading every row of a very long conversation takes seconds."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """Two branches with the same messages; the window of one was saved by an earlier call."""

    model: LanguageModel
    values: SettingValues
    fresh: Branch
    resumed: Branch

    def build(self, branch: Branch) -> context.TurnContext:
        loaded = context.load(branch=branch, agent=DEFAULT_AGENT, model=self.model, values=self.values)
        loaded.build(is_last=False)
        return loaded

    def read_all(self) -> None:
        """The simple way: every row of the conversation, and then the same token limiter."""
        rows = list(Message.objects.filter(branch=self.fresh).order_by("position"))
        limiter = context.limiter_for(agent=DEFAULT_AGENT, model=self.model, values=self.values)
        counts = {str(row.pk): row.token_count or 0 for row in rows}
        limiter.fit([to_value(row) for row in rows], counts=counts)


def measure(size: Size) -> list[Row]:
    rows = measure_here(size)
    try:
        return [*rows, *measure_on_postgresql(__name__, size)]
    except NotMeasurable as reason:
        return [*rows, Row(what="rows → request, PostgreSQL", ours="not measured", baseline=str(reason))]


def measure_here(size: Size) -> list[Row]:
    """On the database of this installation."""
    person = people.make_person("context")
    model = people.sandbox_model(Wire.ANTHROPIC_MESSAGES)
    values = settings_resolution.effective(user=person.user, model=model).values
    works: dict[str, Callable[[], object]] = {}
    everything: dict[str, Callable[[], object]] = {}
    for count in size.histories:
        room = _room(person.user, model, values, messages=count)
        works[f"fresh {count}"] = partial(room.build, room.fresh)
        works[f"resumed {count}"] = partial(room.build, room.resumed)
        everything[f"all {count}"] = room.read_all
    took = medians(works, rounds=size.rounds) | medians(everything, rounds=min(size.rounds, BASELINE_ROUNDS))
    place = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.vendor]
    return [
        _row(
            f"rows → request, {place}, {count:,} messages, {words}",
            took,
            kind=kind,
            count=count,
            smallest=size.histories[0],
        )
        for kind, words in (("fresh", "no saved window"), ("resumed", "saved window"))
        for count in size.histories
    ]


def _room(user: User, model: LanguageModel, values: SettingValues, *, messages: int) -> Room:
    conversation = Conversation.objects.create(owner=user, model=model, title=f"{messages} messages")
    history = conversations.history(messages)
    fresh, resumed = (
        conversations.store(history, conversation=conversation, counter=context.counter_of(model)) for _ in range(2)
    )
    room = Room(model=model, values=values, fresh=fresh, resumed=resumed)
    context.save_window(room.build(resumed))
    resumed.refresh_from_db()
    return room


def _row(what: str, took: dict[str, float], *, kind: str, count: int, smallest: int) -> Row:
    ours, everything = took[f"{kind} {count}"], took[f"all {count}"]
    flatness = f"; {times(ours / took[f'{kind} {smallest}'])} of {smallest:,}" if count != smallest else ""
    return Row(
        what=what,
        ours=milliseconds(ours),
        baseline=f"{milliseconds(everything)} (every row)",
        compared=times(ours / everything) + flatness,
    )
