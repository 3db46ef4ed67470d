"""Checks the lock files: exact versions with hashes, no address, and in step with what they were made from."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.front_end import LOCK, NODE_LOCK
from deploy.python_packages import DEV_LOCK, RUNTIME_LOCK

ROOT = Path(__file__).resolve().parent.parent
_PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)(?: ; .+)?")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_EXACT = re.compile(r"\d+\.\d+\.\d+")
Pins = dict[str, frozenset[str]]  # "name==version ; marker" -> its hashes


def main() -> None:
    complaints = [
        *hosts(ROOT, names=[RUNTIME_LOCK, DEV_LOCK, NODE_LOCK, LOCK, "package.json", ".npmrc"]),
        *python_locks(ROOT),
        *front_end_lock(json.loads((ROOT / "package.json").read_text()), lock=json.loads((ROOT / LOCK).read_text())),
    ]
    if complaints:
        sys.exit("\n".join(complaints) + "\nThe lock files are not in order: make lock")


def hosts(root: Path, *, names: Iterable[str]) -> list[str]:
    """An address would tie every installation to one package index."""
    return [
        f"{name}:{number}: names an address: {line.strip()}"
        for name in names
        for number, line in enumerate((root / name).read_text().splitlines(), start=1)
        if "://" in line
        or '"resolved"' in line
        or re.match(r"\s*(-i|-f|--(extra-)?index-url|--find-links|registry)\b", line)
    ]


def python_locks(root: Path) -> list[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    runtime, dev, node = (pins((root / name).read_text()) for name in (RUNTIME_LOCK, DEV_LOCK, NODE_LOCK))
    extras = project["optional-dependencies"]
    return [
        *(complaint for lock in (runtime, dev, node) for complaint in malformed(lock)),
        *(f"{DEV_LOCK}: {pin} is not as in {RUNTIME_LOCK}" for pin in runtime if dev.get(pin) != runtime[pin]),
        *unlocked(project["dependencies"], lock=runtime, name=RUNTIME_LOCK),
        *unlocked(extras["dev"], lock=dev, name=DEV_LOCK),
        *unlocked(extras["node"], lock=node, name=NODE_LOCK),
    ]


def pins(text: str) -> Pins:
    """The requirements of a lock file, each with its hashes."""
    entries = (line.split(" \\\n") for line in re.split(r"\n(?=\S)", text.strip()))
    return {entry[0].strip(): frozenset(part.strip() for part in entry[1:]) for entry in entries}


def malformed(lock: Pins) -> list[str]:
    return [
        f"{pin}: not an exact version with sha256 hashes"
        for pin, hashes in lock.items()
        if not _PIN.fullmatch(pin) or not hashes or not all(_HASH.fullmatch(value) for value in hashes)
    ]


def unlocked(requirements: Iterable[str], *, lock: Pins, name: str) -> list[str]:
    """The requirements that no pin of the lock meets."""
    versions = [(found["name"], found["version"]) for pin in lock if (found := _PIN.fullmatch(pin))]
    return [f"{name}: nothing meets {text!r}" for text in requirements if not _is_met(Requirement(text), by=versions)]


def _is_met(requirement: Requirement, *, by: Iterable[tuple[str, str]]) -> bool:
    name = canonicalize_name(requirement.name)
    return any(locked == name and version in requirement.specifier for locked, version in by)


def front_end_lock(package: Mapping[str, Any], *, lock: Mapping[str, Any]) -> list[str]:
    parts = ("dependencies", "devDependencies")
    wanted = {name: version for part in parts for name, version in package.get(part, {}).items()}
    installed = {path: entry for path, entry in lock["packages"].items() if path}
    return [
        *(
            f"package.json: {name} {version} is not an exact version"
            for name, version in wanted.items()
            if not _EXACT.fullmatch(version)
        ),
        *(f"{LOCK}: {path} has no integrity" for path, entry in installed.items() if "integrity" not in entry),
        *(
            f"{LOCK}: {name} is not {version}"
            for name, version in wanted.items()
            if installed.get(f"node_modules/{name}", {}).get("version") != version
        ),
    ]


if __name__ == "__main__":
    main()
