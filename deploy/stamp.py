"""A stamp beside installed packages says which lock files they came from, so that a second start installs nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path


def entry(lock: Path, *, part: str) -> str:
    """One line of a stamp: this part of this lock file, by its content."""
    return f"{part} {hashlib.sha256(lock.read_bytes()).hexdigest()}"


def read(stamp: Path) -> list[str]:
    try:
        return stamp.read_text().splitlines()
    except OSError:
        return []


def write(stamp: Path, *, entries: Sequence[str]) -> None:
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text("".join(f"{line}\n" for line in entries))


def holds(stamp: Path, *, entries: Sequence[str]) -> bool:
    return set(entries) <= set(read(stamp))
