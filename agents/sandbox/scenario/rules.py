"""The rules of a scenario: which requests, and what to answer. The first rule that fits a request answers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from agents.sandbox.request import SandboxRequest, WireName
from agents.sandbox.script.beats import Call
from agents.sandbox.script.faults import Fault
from agents.sandbox.script.player import rounds_done


@dataclass(frozen=True, kw_only=True)
class Match:
    """What a request must be; what is not said fits all.

    `model` is a pattern such as "claude-*"; `contains` must be in the user's newest text, in any case of letters;
    `rounds` is the number of rounds of tool calls since then. `call` is the how manieth request that fits all the rest,
    from 1.
    """

    wire: WireName | None = None
    model: str = "*"
    contains: str = ""
    rounds: int | None = None
    call: int | None = None

    def fits(self, request: SandboxRequest) -> bool:
        """All but `call`."""
        return (
            self.wire in (None, request.wire)
            and fnmatchcase(request.model.id, self.model)
            and self.contains.casefold() in request.asking_text.casefold()
            and self.rounds in (None, rounds_done(request))
        )


@dataclass(frozen=True, kw_only=True)
class UsageOverride:
    """What the reply is to report, in tokens; None reports what was counted. `input_tokens` is the whole input, cached
    or not, `output_tokens` includes `thought_tokens`."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    thought_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None


@dataclass(frozen=True, kw_only=True)
class Cue:
    """What to answer. Without `say` and `calls`, what the words of the request ask for.

    `think` is a thought of so many tokens at any effort, or its text. `delay` is in seconds, before anything is sent.
    """

    say: str | None = None
    calls: tuple[Call, ...] = ()
    think: int | str | None = None
    fault: Fault | None = None
    usage: UsageOverride = field(default_factory=UsageOverride)
    delay: float = 0.0
    slow: bool = False


@dataclass(frozen=True, kw_only=True)
class Rule:
    match: Match
    cue: Cue


class Scenario:
    """Rules in order, and how often each has fitted so far. A request that no rule fits is answered by its words."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._rules = tuple(rules)
        self._fitted = [0] * len(self._rules)

    def cue_for(self, request: SandboxRequest) -> Cue | None:
        """The cue of the first rule that fits. Counts the request for every rule up to that one."""
        for place, rule in enumerate(self._rules):
            if not rule.match.fits(request):
                continue
            self._fitted[place] += 1
            if rule.match.call in (None, self._fitted[place]):
                return rule.cue
        return None
