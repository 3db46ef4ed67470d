"""Says what is wrong with a file that configures the sandbox, with the place of it."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

_Shape = TypeVar("_Shape", bound=BaseModel)


class Strict(BaseModel):
    """A table of such a file: no unknown key, and no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class FileError(Exception):
    """The file is wrong; the message tells where and why, a line for each mistake."""


def read_text(path: Path) -> str:
    """Raises FileError for a file that cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: cannot be read: {error}") from None


def parse_toml(text: str, *, shape: type[_Shape], name: str, unions: Collection[str]) -> _Shape:
    """`text` as a `shape`; errors call it `name`. `unions` are the names that pydantic gives to the members of a union
    in a place, and that are no key of the file. Raises FileError."""
    try:
        return shape.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise FileError(f"{name}: is not TOML: {error}") from None
    except ValidationError as error:
        raise FileError("\n".join(f"{name}: {_told(one, unions=unions)}" for one in error.errors())) from None


def _told(error: ErrorDetails, *, unions: Collection[str]) -> str:
    """("rule", 0, "then", "fault") as "rule 1, then.fault"; what is wrong with the whole file has no place."""
    steps = [step for step in error["loc"] if step not in unions]
    place = ".".join(str(step) for step in steps)
    if len(steps) > 1 and isinstance(steps[1], int):
        inner = ".".join(str(step + 1 if isinstance(step, int) else step) for step in steps[2:])
        place = f"{steps[0]} {steps[1] + 1}" + (f", {inner}" if inner else "")
    message = f"{error['ctx']['discriminator']} is missing" if error["type"] == "union_tag_not_found" else error["msg"]
    return (f"{place}: " if place else "") + message.removeprefix("Value error, ")
