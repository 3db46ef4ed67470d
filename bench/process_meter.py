"""What a process has used so far. Reads /proc, so it works on Linux only."""

from __future__ import annotations

import os
from pathlib import Path


class NotMeasurable(Exception):
    """This system has no /proc."""


def resident_bytes(pid: int) -> int:
    pages = int(_read(pid, "statm").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads."""
    # The name, in brackets, may hold spaces. utime and stime are fields 14 and 15 of the whole line.
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except FileNotFoundError as error:
        raise NotMeasurable("memory and CPU time are read from /proc, which only Linux has") from error
