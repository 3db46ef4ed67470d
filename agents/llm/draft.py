"""A conversation on its way into one request: it gets smaller step by step and always knows its size in tokens.

What is done to it, and when that is enough, is the business of `reductions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from agents.llm.cuts import Cuts, Place, places, with_cuts
from agents.llm.messages import Message, ToolResult
from agents.llm.reasoning import count_reasoning, replayed, without_reasoning
from agents.llm.receipt import Earlier, EarlierReason, Entry, Reason, Status
from agents.llm.repair import Repaired
from agents.llm.tokens import TokenCounter
from agents.llm.tool_results import NOTHING, STUB, Cut, largest, left_out_note, plan_cut, stub
from agents.llm.turns import Iteration, Line, split_turns
from agents.llm.window import Window


class Draft:
    """Starts as the whole history. The last of its `turns` is the current one; `dropped` sums up those that went.

    `counts` gives the tokens of stored messages by id. They and those of `dropped` are without correction. `measured`
    gives the corrections of messages that have one of their own.
    """

    def __init__(
        self, repaired: Repaired, *, counter: TokenCounter, counts: Mapping[str, int], measured: Mapping[str, int]
    ) -> None:
        self.turns = split_turns(repaired, counter=counter, counts=counts, measured=measured)
        self.total = sum(turn.tokens for turn in self.turns)
        self.dropped = Earlier()
        self.cuts: dict[Place, Cut] = {}
        self.left_out: list[str] = []
        self.noted_in = ""

    @property
    def lines(self) -> list[Line]:
        return [line for turn in self.turns for line in turn.lines]

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(line.sent for line in self.lines if line.sent is not None)

    @property
    def counts(self) -> tuple[int, ...]:
        """Tokens, parallel to `messages`."""
        return tuple(line.tokens for line in self.lines if line.sent is not None)

    @property
    def plain_counts(self) -> tuple[int, ...]:
        """Without any correction, parallel to `messages`."""
        return tuple(line.plain for line in self.lines if line.sent is not None)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entry(line) for line in self.lines)

    def resume(self, window: Window) -> bool:
        """Take the form that `window` describes. If its boundary is not in the history: do nothing and say False."""
        if all(turn.question.message.id != window.boundary for turn in self.turns):
            return False
        while self.turns[0].question.message.id != window.boundary:
            self.drop_oldest_turn()
        for iteration in self.turns[0].iterations:
            if iteration[0].owner in window.left_out:
                self.leave_out(iteration)
        self._cut(self.lines, dict(window.cuts))
        carrier = next((line for line in self.lines if line.message.id == window.noted_in), None)
        if carrier is not None and window.noted_in:
            self._note_in(carrier)
        return True

    def replay_reasoning(self, model: str, *, after: str) -> None:
        """Send `model` what it thought in the messages that came after the one with the id `after`."""
        found = False
        for line in self.lines:
            if found and line.sent is not None:
                base = replayed(line.message, model=model)
                if base is not line.base:
                    self._rebase(line, base)
            found = found or line.message.id == after

    def begin_edit(self) -> None:
        """The prefix is going to change: no reasoning fits it any more, and what is left out may become more."""
        self.noted_in = ""
        for line in self.lines:
            base = without_reasoning(line.message)
            if line.sent is not None and base is not line.base:
                self._rebase(line, base)
            elif line.sent is not None:
                self._send(line, self._form(line))

    def end_edit(self, *, room: int) -> None:
        """Tell the model of the iterations that were left out, if there is a result to carry it and room for it."""
        carrier = next((line for line in self.turns[0].lines if line.sent and line.message.role == "tool"), None)
        if not self.left_out or carrier is None:
            return
        self._note_in(carrier)
        if self.total > room:
            self.noted_in = ""
            self._send(carrier, self._form(carrier))

    def drop_oldest_turn(self, reason: EarlierReason = "over_limit") -> None:
        turn = self.turns.popleft()
        stored = [line.stored for line in turn.lines if line.message.id]
        self.dropped += Earlier.of(reason, count=len(stored), tokens=sum(stored))
        self.total -= turn.tokens
        self.left_out.clear()
        self.noted_in = ""
        self._forget_cuts(turn.lines)

    def leave_out(self, iteration: Iteration) -> None:
        """Calls and results together. Only in the first turn, and only its oldest that is still there."""
        self.left_out.append(iteration[0].owner)
        self._forget_cuts(iteration)
        for line in iteration:
            self._send(line, None)

    def stub_results(self, iteration: Iteration) -> None:
        """Every result becomes one line, unless it has fewer tokens than that."""
        results = [(line, result) for line in iteration for result in line.message.tool_results]
        long = [
            Place(line.owner, result.call_id, "result")
            for line, result in results
            if line.counter.text(stub(result)) < line.counter.text(result.text)
        ]
        self._cut(iteration, dict.fromkeys(long, STUB))

    def shorten_arguments(self, iteration: Iteration, *, room: int, floor: int) -> None:
        self._shorten(iteration[:1], room=room, floor=floor)

    def shorten_results(self, iteration: Iteration, *, room: int, floor: int) -> None:
        self._shorten(iteration[1:], room=room, floor=floor)

    def _shorten(self, lines: list[Line], *, room: int, floor: int) -> None:
        """Shorten the longest texts of `lines` to one common size: the largest with which everything fits into `room`,
        but at least `floor`. It is found by adding up, which is safe: the parts are rounded up one by one."""
        texts = {place: text for line in lines for place, text in places(line.message, owner=line.owner).items()}
        counters = {place: line.counter for line in lines for place in places(line.message, owner=line.owner)}
        sizes = {place: counters[place].text(text) for place, text in texts.items()}
        handles = {Place(line.owner, one.call_id, "result"): one.handle for line in lines for one in _results(line)}
        bare = self.total + sum(self._bare(line) - line.tokens for line in lines)

        def fits(size: int) -> bool:
            return bare + sum(min(size, whole) for whole in sizes.values()) <= room

        size = max(floor, largest(fits, limit=max(sizes.values(), default=0)))
        long = [place for place, whole in sizes.items() if whole > size]
        cuts = {
            place: plan_cut(
                texts[place],
                max_tokens=size,
                counter=counters[place],
                must_stay_json=place.body == "arguments",
                handle=handles.get(place, ""),
            )
            for place in long
        }
        self._cut(lines, cuts)

    def _bare(self, line: Line) -> int:
        nothing = dict.fromkeys(places(line.base, owner=line.owner), NOTHING)
        return line.counter.message(with_cuts(line.base, owner=line.owner, cuts=nothing))

    def _cut(self, lines: Iterable[Line], cuts: Cuts) -> None:
        if not cuts:
            return
        self.cuts.update(cuts)
        for line in lines:
            if line.sent is not None:
                self._send(line, self._form(line))

    def _form(self, line: Line) -> Message:
        """What is sent of a line that is sent at all: the very same object as its base if nothing is cut."""
        sent = with_cuts(line.base, owner=line.owner, cuts=self.cuts)
        if not self.noted_in or line.message.id != self.noted_in:
            return sent
        gone = [one for each in self.turns[0].lines if each.owner in self.left_out for one in _results(each)]
        first, *rest = sent.parts
        assert isinstance(first, ToolResult), "a tool message holds results"
        return replace(sent, parts=(replace(first, text=left_out_note(gone) + first.text), *rest))

    def _note_in(self, line: Line) -> None:
        self.noted_in = line.message.id
        self._send(line, self._form(line))

    def _rebase(self, line: Line, base: Message) -> None:
        line.rebase(base)
        self._send(line, self._form(line))

    def _forget_cuts(self, lines: Iterable[Line]) -> None:
        gone = {line.owner for line in lines}
        self.cuts = {place: cut for place, cut in self.cuts.items() if place.owner not in gone}

    def _send(self, line: Line, sent: Message | None) -> None:
        if sent is line.sent:
            return
        self.total -= line.tokens
        line.send(sent)
        self.total += line.tokens

    def _entry(self, line: Line) -> Entry:
        message = line.message
        status, reason = self._fate(line)
        return Entry(
            message_id=message.id,
            role=message.role,
            status=status,
            reason=reason,
            tokens=line.tokens,
            whole=line.whole,
        )

    def _fate(self, line: Line) -> tuple[Status, Reason]:
        if line.sent is None:
            return "left_out", "iteration_left_out" if line.owner in self.left_out else "repaired"
        cuts = [self.cuts[place] for place in places(line.message, owner=line.owner) if place in self.cuts]
        if STUB in cuts:
            return "stubbed", "result_stubbed"
        if cuts:
            return "shortened", "arguments_shortened" if line.message.role == "assistant" else "result_shortened"
        if line.repaired:
            return "kept", "repaired"
        return "kept", "reasoning_dropped" if count_reasoning(line.base) < count_reasoning(line.message) else ""


def _results(line: Line) -> tuple[ToolResult, ...]:
    return line.message.tool_results
