"""Real texts of several kinds, all from what is installed anyway; none was made for counting.

English is Python's own manual, code its standard library, German and Chinese are Django's translations. JSON is made up
of records, as tools return them, with words of the manual.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from pydoc_data import topics
from random import Random
from typing import Literal

import django

Kind = Literal["English", "German", "Chinese", "code", "JSON"]

_MESSAGE = re.compile(r'^msgstr(?:\[\d\])? ((?:".*"\n?)+)', re.MULTILINE)
_WORTH_READING = 12  # characters
_DENSE = 3
"""A Chinese character says as much as about three Latin ones."""


def passage(kind: Kind, *, characters: int, random: Random) -> str:
    """A piece of about so many characters, from anywhere."""
    text = corpus(kind)
    length = characters // _DENSE if kind == "Chinese" else characters
    start = random.randrange(max(1, len(text) - length))
    return text[start : start + length]


@cache
def corpus(kind: Kind) -> str:
    match kind:
        case "English":
            return "\n".join(topics.topics.values())
        case "German":
            return " ".join(_translations("de"))
        case "Chinese":
            return "".join(_translations("zh_Hans"))
        case "code":
            folder = Path(os.__file__).parent
            return "\n".join(path.read_text(errors="ignore") for path in sorted(folder.glob("[a-m]*.py")))
        case "JSON":
            return _records(900)


def _translations(language: str) -> Iterator[str]:
    for path in sorted(Path(django.__file__).parent.glob(f"**/locale/{language}/LC_MESSAGES/django.po")):
        for found in _MESSAGE.finditer(path.read_text()):
            text = "".join(ast.literal_eval(line) for line in found[1].strip().split("\n"))
            if len(text) > _WORTH_READING and "Content-Type" not in text:
                yield text


def _records(count: int) -> str:
    random, words = Random(1), corpus("English").split()
    records = [
        {
            "id": number,
            "name": random.choice(words),
            "total": random.randrange(10**6) / 100,
            "at": f"2026-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}T{random.randrange(24):02}:00:00Z",
            "tags": random.sample(["urgent", "paid", "returned", "new", "vip"], 2),
            "note": " ".join(random.sample(words, 6)),
            "key": f"{random.getrandbits(128):032x}",
        }
        for number in range(count)
    ]
    return json.dumps(records, ensure_ascii=False)
