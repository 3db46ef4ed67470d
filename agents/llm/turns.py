"""A history as turns and iterations, each message with its size and the form in which it is sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from agents.llm.messages import Message
from agents.llm.reasoning import without_reasoning
from agents.llm.repair import Pair, Repaired
from agents.llm.tokens import TokenCounter


@dataclass(kw_only=True, slots=True)
class Line:
    """One message of the history. `sent` is its present form, None if it is left out; `owner` the id of the assistant
    message of its iteration. `base` is the message with the reasoning that may be sent, `whole` the tokens of that, and
    `tokens` those that are sent. Without the correction that `counter` holds: `stored` are the tokens of its row
    (without reasoning, too), `plain_base` those of `base`, and `plain` those that are sent."""

    message: Message
    base: Message
    owner: str
    counter: TokenCounter
    stored: int
    plain_base: int
    whole: int
    repaired: bool
    sent: Message | None
    plain: int
    tokens: int

    def send(self, sent: Message | None) -> None:
        """Counts it anew, unless it is the base."""
        self.sent = sent
        if sent is None:
            self.plain = self.tokens = 0
        elif sent is self.base:
            self.plain, self.tokens = self.plain_base, self.whole
        else:
            self.plain = self.counter.stored_count(sent)
            self.tokens = self.counter.corrected(self.plain)

    def rebase(self, base: Message) -> None:
        self.base, self.plain_base = base, self.counter.stored_count(base)
        self.whole = self.counter.corrected(self.plain_base)


Iteration = list[Line]
"""An assistant message and the tool messages that answer it."""


@dataclass(kw_only=True, slots=True)
class Turn:
    """`lines` are in the order of the history and begin with the question. The iterations are made of the same lines;
    only what repair took out is in none of them."""

    lines: list[Line]
    iterations: list[Iteration] = field(default_factory=list)

    @property
    def question(self) -> Line:
        return self.lines[0]

    @property
    def sent_iterations(self) -> list[Iteration]:
        return [iteration for iteration in self.iterations if iteration[0].sent is not None]

    @property
    def tokens(self) -> int:
        return sum(line.tokens for line in self.lines)


def split_turns(
    repaired: Repaired, *, counter: TokenCounter, counts: Mapping[str, int], measured: Mapping[str, int]
) -> deque[Turn]:
    """Without any reasoning. The first message must be a user's. A message whose id is in `counts` is not counted
    again, unless repaired; one whose id is in `measured` has that correction for its own."""
    turns: deque[Turn] = deque()
    own = cache(counter.measured_by)
    for pair in repaired.pairs:
        message = _of(pair)
        correction = measured.get(message.id)
        line = _line(pair, counter=counter if correction is None else own(correction), counts=counts)
        if line.message.role == "user":
            turns.append(Turn(lines=[line]))
        else:
            _add(turns[-1], line)
    return turns


def _of(pair: Pair) -> Message:
    before, after = pair
    message = after or before
    assert message is not None, "a repair keeps, changes, adds or takes out one message"
    return message


def _line(pair: Pair, *, counter: TokenCounter, counts: Mapping[str, int]) -> Line:
    before, after = pair
    message = _of(pair)
    base = without_reasoning(message)
    known = counts.get(message.id) if message is before else None
    stored = counter.stored_count(base) if known is None else known
    whole = counter.corrected(stored)
    return Line(
        message=message,
        base=base,
        owner=message.id,
        counter=counter,
        stored=stored,
        plain_base=stored,
        whole=whole,
        repaired=after is not before,
        sent=None if after is None else base,
        plain=0 if after is None else stored,
        tokens=0 if after is None else whole,
    )


def _add(turn: Turn, line: Line) -> None:
    turn.lines.append(line)
    if line.sent is None:
        return
    if line.message.role == "assistant":
        turn.iterations.append([line])
    else:
        line.owner = turn.iterations[-1][0].owner
        turn.iterations[-1].append(line)
