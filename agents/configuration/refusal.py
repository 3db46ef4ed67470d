"""What is wrong with a configuration file, told by where in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`path` leads through the parsed file to the mistake: ("provider", 0, "pool", 2, "name"). Never holds a value.

    `line` (from 1) is known where the file cannot even be parsed; elsewhere the path tells it.
    """

    path: Path = ()
    message: str
    line: int | None = None


class ConfigurationRefused(Exception):
    """The file cannot be taken, and nothing was changed. All faults that one look can find."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = tuple(faults)
