"""The virtual environment and the Python packages in it, by exact version and hash."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from deploy import logged, stamp
from deploy.errors import CannotPrepare
from deploy.prepare import MINIMUM

RUNTIME_LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"  # holds every line of the runtime lock, and the tools
_CUT_SHORT = ["cut short"]  # the stamp while an installer runs: who finds it knows that one was killed


def python(root: Path) -> str:
    return str(root / ".venv" / "bin" / "python")


def is_installed(root: Path, *, dev: bool) -> bool:
    return _is_usable(root) and stamp.holds(_stamp(root), entries=_entries(root, dev=dev))


def install(root: Path, *, dev: bool) -> None:
    """Does nothing where the stamp says that these locks are installed."""
    if is_installed(root, dev=dev):
        return
    _make_environment(root)
    lock = DEV_LOCK if dev else RUNTIME_LOCK
    print(f"Installing the Python packages of {lock}; the first time takes about half a minute.", flush=True)
    stamp.write(_stamp(root), entries=_CUT_SHORT)
    try:
        pip_install(root, lock=lock)
    except CannotPrepare:
        _stamp(root).unlink()
        raise
    stamp.write(_stamp(root), entries=_entries(root, dev=dev))


def pip_install(root: Path, *, lock: str) -> None:
    """Wheels only, each checked against its hash; the lock is complete, so pip need not resolve."""
    options = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-user", "--no-input"]
    command = [python(root), "-m", "pip", "install", "--disable-pip-version-check", *options, "--requirement", lock]
    logged.run(command, root=root, what=f"installing {lock}")


def _stamp(root: Path) -> Path:
    return root / ".venv" / "installed-locks"


def _entries(root: Path, *, dev: bool) -> list[str]:
    return [stamp.entry(root / lock, part=lock) for lock in ([RUNTIME_LOCK, DEV_LOCK] if dev else [RUNTIME_LOCK])]


def _make_environment(root: Path) -> None:
    """Makes .venv, completes one that has no pip, and makes one anew that cannot be trusted."""
    can_be_trusted = _is_usable(root) and stamp.read(_stamp(root)) != _CUT_SHORT
    if can_be_trusted and _has_pip(root):
        return
    _check_modules()
    print(f"Making the virtual environment .venv with Python {sys.version.split()[0]}.", flush=True)
    environment = root / ".venv"
    if environment.exists() and not can_be_trusted:
        shutil.rmtree(environment)
    stamp.write(_stamp(root), entries=_CUT_SHORT)
    # Not sys.executable: it may be the very one in the .venv that was just removed.
    base = getattr(sys, "_base_executable", sys.executable)
    logged.run([base, "-m", "venv", str(environment)], root=root, what="making .venv")


def _check_modules() -> None:
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotPrepare(
            f"this Python has no module {missing[0]!r}. On Debian and Ubuntu: apt install python3-venv. "
            "Or name another Python: make run PYTHON=python3.12"
        )


def _is_usable(root: Path) -> bool:
    """Its interpreter is there and not too old: a removed or upgraded Python leaves a link to nothing."""
    return os.access(python(root), os.X_OK) and _version(root / ".venv" / "pyvenv.cfg") >= MINIMUM


def _version(configuration: Path) -> tuple[int, int]:
    """The Python that made the environment, from the line `version = 3.11.7` (`version_info = ` if uv made it)."""
    text = configuration.read_text() if configuration.exists() else ""
    found = re.search(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)", text, re.MULTILINE)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _has_pip(root: Path) -> bool:
    check = [python(root), "-c", "import pip"]
    return subprocess.run(check, stderr=subprocess.DEVNULL, check=False).returncode == 0
