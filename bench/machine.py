"""On what and under what conditions something was measured."""

from __future__ import annotations

import os
import platform
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

_BUSY = 0.5  # of the cores, as load average


def description() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version} (a file), {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    )


def load() -> str:
    """How busy the machine is, and whether that spoils the figures."""
    average = os.getloadavg()[0]
    busy = average > _BUSY * (os.cpu_count() or 1)
    return f"{average:.1f}" + (" (busy with other work: times are longer than they need to be)" if busy else "")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
