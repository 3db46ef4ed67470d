"""Reads the words that the sandbox obeys out of what the user wrote.

The first line, or else the last one, is a command if it begins with a word. Words combine (`slow long 300`); reading
stops at the first thing that is none. Text of any other form asks for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Post:
    """A request that changes something, as it was written: `body` is JSON text."""

    source: str
    path: str
    body: str


@dataclass(frozen=True, kw_only=True)
class Words:
    """What was asked for. `long` and `think` are in tokens, `loop` in rounds, `parallel` in tool calls per round; 0 is
    not asked. `call` names a tool, `arguments` is JSON for it, "" for made-up ones.

    `fault` is the name as written, known or not; `fault_times` None leaves the number to the fault itself.
    `withheld`: it is one that is not played here.
    """

    slow: bool = False
    long: int = 0
    loop: int = 0
    parallel: int = 0
    think: int = 0
    call: str = ""
    arguments: str = ""
    echo: str = ""
    recall: str = ""
    post: Post | None = None
    fault: str = ""
    fault_times: int | None = None
    withheld: bool = False
    help: bool = False

    @property
    def rounds(self) -> int:
        """Rounds of tool calls: `parallel`, `call` or `post` alone is one round."""
        return self.loop or min(self.parallel, 1) or int(bool(self.call) or self.post is not None)

    def among(self, tools: Sequence[str]) -> Words:
        """Without `call` where it names none of `tools`: then it was just how a sentence begins."""
        return self if not self.call or self.call in tools else replace(self, call="", arguments="")


_FILLER = r"(?:(?:please|and|then|now|tokens|rounds|times|calls)\b|[,;.])\s*"
_NAMES = "long|loop|parallel|think|call|echo|recall|post|fault|help|slow"
_NUMBER = r"\s+(?P<number>\d{1,9})\b"
_WORDS: Mapping[str, re.Pattern[str]] = {
    "slow": re.compile(rf"slow\b(?=\s*(?:{_FILLER})*(?:$|(?:{_NAMES})\b))", re.IGNORECASE),
    "long": re.compile("long" + _NUMBER, re.IGNORECASE),
    "loop": re.compile("loop" + _NUMBER, re.IGNORECASE),
    "parallel": re.compile("parallel" + _NUMBER, re.IGNORECASE),
    "think": re.compile("think" + _NUMBER, re.IGNORECASE),
    "call": re.compile(r"call\s+(?P<text>[a-zA-Z0-9_-]{1,64})(?:\s+(?P<arguments>\{.*\}))?\s*$", re.IGNORECASE),
    "echo": re.compile(r"echo\s+(?P<text>.+)", re.IGNORECASE | re.DOTALL),
    "recall": re.compile(r"recall\s+(?:\"(?P<quoted>[^\"\n]+)\"|(?P<text>\S+))", re.IGNORECASE),
    "post": re.compile(r"post\s+(?P<source>[\w-]+)\s+(?P<path>/\S*)\s+(?P<body>\{.*\})", re.IGNORECASE | re.DOTALL),
    "fault": re.compile(r"fault\s+(?P<text>\w+)(?:\s+(?P<number>\d{1,3})\b)?", re.IGNORECASE),
    "help": re.compile(r"help[\s.!?]*$", re.IGNORECASE),
}
_BETWEEN = re.compile(rf"\s*(?:{_FILLER})*", re.IGNORECASE)


def read_words(text: str) -> Words:
    """The words of `text`; an empty `Words` where it asks for nothing."""
    lines = text.strip().splitlines() or [""]
    first = _read(lines[0], rest="\n".join(lines[1:]))
    return first if first != Words() else _read(lines[-1], rest="")


def _read(line: str, *, rest: str) -> Words:
    words, place = Words(), 0
    while True:
        between = _BETWEEN.match(line, place)
        found = _word_at(line, between.end() if between else place)
        if found is None:
            return words
        name, match = found
        words = _with(words, name=name, match=match, rest=rest)
        place = match.end()


def _word_at(line: str, place: int) -> tuple[str, re.Match[str]] | None:
    matches = ((name, pattern.match(line, place)) for name, pattern in _WORDS.items())
    return next(((name, match) for name, match in matches if match), None)


def _with(words: Words, *, name: str, match: re.Match[str], rest: str) -> Words:
    found = match.groupdict()
    number = found.get("number")
    values: dict[str, Any] = {"slow": True, "help": True}
    match name:
        case "call":
            return replace(words, call=found["text"], arguments=found["arguments"] or "")
        case "echo":
            values["echo"] = "\n".join(filter(None, (found["text"], rest)))
        case "recall":
            values["recall"] = found["quoted"] or found["text"].strip(".,;:!?'`\"")
        case "post":
            values["post"] = Post(source=found["source"], path=found["path"], body=found["body"])
        case "fault":
            times = None if number is None else int(number)
            return replace(words, fault=found["text"].lower(), fault_times=times)
        case "long" | "loop" | "parallel" | "think":
            values[name] = int(number or 0)
    return replace(words, **{name: values[name]})
