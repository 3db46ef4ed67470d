"""Datadog's query language, as far as logs, spans and events here need it.

Words and "phrases" are looked for in the text; `key:value` compares a field, `@key:value` an attribute; values may hold
`*`, be `(a OR b)`, `>5`, `>=5` or `[5 TO 9]`; `-` or NOT negates; AND, OR and parentheses combine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

Value = str | int | float


class QueryFault(ValueError):
    """The query cannot be read; the text says where."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What can be searched of one entry. `tags` are "key:value", `fields` have "@" before the names of attributes."""

    text: str
    fields: Mapping[str, Value]
    tags: tuple[str, ...] = field(default=())


Test = Callable[[Found], bool]

_TOKEN = re.compile(
    r"\s*(?P<token>\(|\)|(?:AND|OR|NOT)\b|-(?=[\"(@\w])"
    r"|@?[\w.*/-]+:(?:\"[^\"]*\"|\([^()]*\)|\[[^\]]*\]|[^\s()]+)"
    r"|\"[^\"]*\"|[^\s()\":]+)"
)
_RANGE = re.compile(r"\[\s*(?P<low>\S+)\s+TO\s+(?P<high>\S+)\s*\]")
_COMPARED = re.compile(r"(?P<sign>[<>]=?)(?P<number>-?\d+(?:\.\d+)?)")


def read_query(query: str) -> Test:
    """The test that an entry must pass. QueryFault."""
    tokens = _tokens(query)
    if not tokens or tokens == ["*"]:
        return lambda found: True
    test = _either(tokens)
    if tokens:
        raise QueryFault(f"there is a {tokens[0]} too many")
    return test


def _tokens(query: str) -> list[str]:
    tokens, place = [], 0
    query = query.strip()
    while place < len(query):
        match = _TOKEN.match(query, place)
        if match is None:
            raise QueryFault(f"cannot read {query[place : place + 20]!r}")
        tokens.append(match["token"])
        place = match.end()
    return tokens


def _either(tokens: list[str]) -> Test:
    tests = [_all(tokens)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        tests.append(_all(tokens))
    return lambda found: any(test(found) for test in tests)


def _all(tokens: list[str]) -> Test:
    tests = []
    while tokens and tokens[0] not in ("OR", ")"):
        if tokens[0] == "AND":
            tokens.pop(0)
        tests.append(_one(tokens))
    if not tests:
        raise QueryFault("a term is missing")
    return lambda found: all(test(found) for test in tests)


def _one(tokens: list[str]) -> Test:
    if not tokens:
        raise QueryFault("a term is missing at the end")
    token = tokens.pop(0)
    if token in ("-", "NOT"):
        inner = _one(tokens)
        return lambda found: not inner(found)
    if token == "(":  # noqa: S105 - a parenthesis
        inner = _either(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise QueryFault("a ) is missing")
        return inner
    if token in ("AND", "OR", ")"):
        raise QueryFault(f"there is a {token} too many")
    return _term(token)


def _term(token: str) -> Test:
    if token.startswith('"') or ":" not in token:
        word = token.strip('"').casefold().strip("*")
        return lambda found: word in found.text.casefold()
    key, _, value = token.partition(":")
    if value.startswith("("):
        wanted = [option.strip().strip('"') for option in re.split(r"\s+OR\s+", value[1:-1])]
        return lambda found: any(_is(found, key, option) for option in wanted)
    if between := _RANGE.fullmatch(value):
        low, high = between["low"], between["high"]
        return lambda found: _within(found, key, low=low, high=high)
    if compared := _COMPARED.fullmatch(value):
        return lambda found: _compares(found, key, compared)
    return lambda found: _is(found, key, value.strip('"'))


def _is(found: Found, key: str, value: str) -> bool:
    pattern = value.casefold()
    here = found.fields.get(key)
    if here is not None and fnmatchcase(str(here).casefold(), pattern):
        return True
    return any(fnmatchcase(tag.casefold(), f"{key}:{pattern}") for tag in found.tags)


def _within(found: Found, key: str, *, low: str, high: str) -> bool:
    number = _number(found, key)
    if number is None:
        return False
    try:
        return (low == "*" or float(low) <= number) and (high == "*" or number <= float(high))
    except ValueError:
        raise QueryFault(f"[{low} TO {high}] is no range of numbers") from None


def _compares(found: Found, key: str, compared: re.Match[str]) -> bool:
    number, than = _number(found, key), float(compared["number"])
    if number is None:
        return False
    tests = {">": number > than, ">=": number >= than, "<": number < than, "<=": number <= than}
    return tests[compared["sign"]]


def _number(found: Found, key: str) -> float | None:
    try:
        return float(found.fields[key])
    except (KeyError, ValueError):
        return None
