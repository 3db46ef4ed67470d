"""Keys that are generated once and kept in files of mode 600, so that a restart finds them again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


class KeyNotKept(Exception):
    """The file cannot be written, or holds something that is no key; the message says what to do."""


def kept_key(path: Path, *, make: Callable[[], str], check: Callable[[str], bool]) -> str:
    """The key in `path`, made and written if there is none. Two processes that start at once agree on one."""
    try:
        if not path.exists():
            _write_once(path, make())
        key = path.read_text().strip()
    except OSError as error:
        raise KeyNotKept(
            f"cannot keep a key in {path}: {error.strerror}. Make the folder writable, or set VAR_DIR."
        ) from None
    if not check(key):
        raise KeyNotKept(f"{path} holds no usable key. Restore it from a backup; only if there is none, delete it.")
    return key


def _write_once(path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # of mode 600
    try:
        os.write(file, key.encode())
        os.close(file)
        os.link(draft, path)  # fails where another process was first: then theirs counts
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)
