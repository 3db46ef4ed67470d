"""One server per folder: a file lock that the kernel lets go of when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import TextIO


class AlreadyHeld(Exception):
    """`note` is what the holder wrote about itself."""

    def __init__(self, note: str) -> None:
        super().__init__(note)
        self.note = note


def hold(path: Path, *, note: str) -> TextIO:
    """Take the lock and leave `note` in it, for as long as the returned file is open. AlreadyHeld, OSError."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        held = file.read().strip()
        file.close()
        raise AlreadyHeld(held) from None
    file.truncate(0)
    file.write(note)
    file.flush()
    return file
