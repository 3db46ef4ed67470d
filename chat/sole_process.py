"""On SQLite one process runs the turns; a lock file beside the database says which.

Whoever holds the lock knows that every active turn is an orphan of a dead process, and need not wait for leases. The
kernel drops the lock when a process dies, however it dies.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class AnotherProcess(Exception):
    """Somebody else runs turns on this database; the message says who."""


class SoleProcess:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self) -> None:
        """Hold the lock until `release` or the end of the process. AnotherProcess if it is held."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(file, 32).decode(errors="replace").strip() or "unknown"
            os.close(file)
            raise AnotherProcess(
                f"process {holder} runs the turns of this SQLite database already ({self._path}). Stop it first, or "
                "use PostgreSQL for more than one process."
            ) from None
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
