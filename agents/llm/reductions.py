"""Makes a draft fit, by the shortest beginning of one fixed list of reductions. The heart of the token limiter.

The list depends on the draft alone and each reduction keeps less than the one before. A larger limit sets larger
targets, so it can only stop earlier: a larger limit never keeps less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agents.llm.draft import Draft
from agents.llm.receipt import EarlierReason

# Tokens. Arguments tell the model what it asked for: they are shortened far only when there is no other way. The least
# sizes still hold the marker of what was left out (a result's with its handle), in every shape and with every factor.
_LONG_ARGUMENTS = 256
_LEAST_ARGUMENTS = 48
_LEAST_RESULT = 64


@dataclass(frozen=True, kw_only=True)
class Targets:
    """How small is small enough, in tokens of conversation. `room` is what the limit leaves for it.

    `deep` asks for a cut that lasts: down to the low-water mark, so that the prefix then stays the same for many calls.
    Without it a draft need only fit. `reason` is why what goes is not sent.
    """

    room: int
    low_water: int
    deep: bool
    reason: EarlierReason = "over_limit"

    @property
    def turns(self) -> int:
        """For choosing among whole turns."""
        return min(self.low_water, self.room // 2) if self.deep else self.room

    def loop(self, must: int) -> int:
        """For cutting inside the current turn. What `must` be sent counts on top of the mark, or the mark could never
        be reached; half of what is then free is the most that is used. Grows with `room`; below `must` if that has no
        room itself."""
        return must + min(self.low_water, (self.room - must) // 2)


def reduce(draft: Draft, targets: Targets) -> bool:
    """Reduce `draft` until it reaches the target of its stage. False if even the last reduction does not fit."""
    return any(draft.total <= target for target in _reductions(draft, targets))


def _reductions(draft: Draft, targets: Targets) -> Iterator[int]:
    """Reduce a little more each time, and say how many tokens would do now."""
    yield targets.turns
    while len(draft.turns) > 2:
        draft.drop_oldest_turn(targets.reason)
        yield targets.turns
    if len(draft.turns) == 2:
        for iteration in draft.turns[0].sent_iterations:
            draft.stub_results(iteration)
            yield targets.turns
        yield targets.room  # The newest finished turn is kept whenever it fits: a question lives on its memory.
        draft.drop_oldest_turn(targets.reason)
    yield targets.room
    yield from _inside_the_turn(draft, targets)


def _inside_the_turn(draft: Draft, targets: Targets) -> Iterator[int]:
    """The current turn alone is too big.

    The model has not yet seen the results of the newest iteration: they stay, and are shortened only when nothing else
    is left; then to all the room that there is, because once seen they can be stubbed.
    """
    turn = draft.turns[0]
    if not turn.sent_iterations:
        return
    *seen, newest = turn.sent_iterations
    target = targets.loop(must=turn.question.tokens + sum(line.tokens for line in newest))
    for iteration in seen:
        draft.stub_results(iteration)
        yield target
    for iteration in seen:
        draft.leave_out(iteration)
        yield target
    draft.shorten_arguments(newest, room=targets.room, floor=_LONG_ARGUMENTS)
    yield targets.room
    draft.shorten_results(newest, room=targets.room, floor=_LEAST_RESULT)
    yield targets.room
    draft.shorten_arguments(newest, room=targets.room, floor=_LEAST_ARGUMENTS)
    yield targets.room
