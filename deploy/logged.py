"""Runs an installer with its words in a log file; the person sees one line of progress and one line of failure."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.errors import CannotPrepare

LOG = Path("var/prepare.log")
# How pip and npm begin the line that says what went wrong.
_COMPLAINT = re.compile(rb"^(?:ERROR:|npm error|Error:)\s*(.+)$", re.MULTILINE)


def run(command: Sequence[str], *, root: Path, what: str) -> None:
    """Raises CannotPrepare where the command fails: that `what` failed, the installer's complaint, the log's place."""
    log = root / LOG
    log.parent.mkdir(mode=0o700, exist_ok=True)  # The database will lie there, too.
    with log.open("ab") as output:
        output.write(f"$ {' '.join(command)}\n".encode())
        output.flush()
        start = output.tell()
        done = subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    if done.returncode != 0:
        why = _complaint(log, start=start) or f"exit code {done.returncode}"
        raise CannotPrepare(f"{what} failed ({why}). Is the network there? The log is {LOG}")


def _complaint(log: Path, *, start: int) -> str:
    with log.open("rb") as output:
        output.seek(start)
        found = _COMPLAINT.search(output.read())
    return found[1].decode(errors="replace").strip()[:200] if found else ""
