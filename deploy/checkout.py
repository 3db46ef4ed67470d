"""Prepares this checkout: the Python packages, the front-end libraries, one process at a time."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from deploy import front_end, python_packages
from deploy.errors import CannotPrepare


def main(arguments: Sequence[str], *, root: str) -> None:
    """Prepares `root`, then becomes the given command (returning only where there is none). One line if it cannot."""
    dev = arguments[:1] == ["--dev"]
    command = arguments[1:] if dev else arguments
    try:
        prepare(Path(root), dev=dev)
    except CannotPrepare as problem:
        sys.exit(f"prepare: {problem}")
    except OSError as error:
        sys.exit(f"prepare: {error.strerror}: {error.filename}. Use a whole checkout in a folder that you may write to")
    except KeyboardInterrupt:
        sys.exit(130)
    if command:
        become(command, root=Path(root))


def prepare(root: Path, *, dev: bool) -> None:
    """Installs what the lock files say, unless the stamps say that it is there. `dev` adds what the tests need."""
    if is_prepared(root, dev=dev):
        return
    with alone(root):
        python_packages.install(root, dev=dev)
        front_end.install(root, dev=dev)


def is_prepared(root: Path, *, dev: bool) -> bool:
    return python_packages.is_installed(root, dev=dev) and front_end.is_installed(root, dev=dev)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Waits until no other process prepares this checkout. The lock is the folder's own and ends with its process."""
    folder = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another command is preparing this checkout: waiting for it.", flush=True)
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def become(command: Sequence[str], *, root: Path) -> NoReturn:
    python = python_packages.python(root)
    os.execv(python, [python, *command])  # noqa: S606
