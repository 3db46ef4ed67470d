"""A tiny checkout with the real `deploy/` in it: real venv and pip, packages made on the spot, a stand-in for npm."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """`prepare` runs `deploy/prepare.py` there as a process, offline; pip sees the wheels of `wheels` and no others."""

    root: Path
    wheels: Path
    tools: Path

    def prepare(
        self, *arguments: str, wrapper: tuple[str, ...] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, wrapper=wrapper),
            env=self.environ(**environment),
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """As the leader of a process group of its own, so that a test can kill it with its children."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environ(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def command(self, *arguments: str, wrapper: tuple[str, ...] = ()) -> list[str]:
        return [*wrapper, sys.executable, str(self.root / "deploy" / "prepare.py"), *arguments]

    def environ(self, **changes: str) -> dict[str, str]:
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": os.devnull}
        own = {"TMPDIR": str(self.wheels.parent), "PATH": f"{self.tools}{os.pathsep}{os.environ['PATH']}"}
        return {**os.environ, **offline, **own, **changes}

    def make_tool(self, name: str, *, script: str) -> None:
        """Puts a program on the PATH, before all others."""
        self.tools.mkdir(exist_ok=True)
        (self.tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.tools / name).chmod(0o755)

    def make_wheel(self, name: str, *, version: str) -> str:
        """Makes a package whose module holds `VERSION`; returns its line for a lock file."""
        wheel = self.wheels / f"{name}-{version}-py3-none-any.whl"
        info = f"{name}-{version}.dist-info"
        files = {
            f"{name}.py": f"VERSION = {version!r}\n",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": "",
        }
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, text in files.items():
                archive.writestr(zipfile.ZipInfo(path), text)  # without the time of day: the same hash every time
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"

    def lock(self, *, runtime: str, dev: str = "") -> None:
        (self.root / "requirements.lock").write_text(runtime)
        (self.root / "requirements-dev.lock").write_text(runtime + dev)


@pytest.fixture
def fresh(tmp_path: Path) -> Checkout:
    """Nothing is installed. The runtime lock holds `product`, the dev lock `tester`, too; npm notes its arguments."""
    checkout = Checkout(root=tmp_path / "checkout", wheels=tmp_path / "wheels", tools=tmp_path / "tools")
    checkout.make_tool("node", script="echo v20.0.0")
    checkout.make_tool("npm", script='rm -rf node_modules; mkdir node_modules; echo "$@" > node_modules/arguments')
    checkout.wheels.mkdir()
    shutil.copytree(ROOT / "deploy", checkout.root / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    checkout.lock(
        runtime=checkout.make_wheel("product", version="1.0"), dev=checkout.make_wheel("tester", version="1.0")
    )
    (checkout.root / "requirements-node.lock").write_text(f"nowhere==1.0 --hash=sha256:{'0' * 64}\n")
    (checkout.root / "package-lock.json").write_text("{}")
    return checkout


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where a prepared checkout lies, once a test has made one: an environment takes seconds to make, less to copy."""
    return {"folder": tmp_path_factory.mktemp("prepared")}


@pytest.fixture
def prepared(fresh: Checkout, template: dict[str, Path]) -> Checkout:
    """The runtime lock is installed."""
    kept = template["folder"] / "checkout"
    if not kept.exists():
        done = fresh.prepare()
        assert done.returncode == 0, done.stderr
        shutil.copytree(fresh.root, kept, symlinks=True)
    for name in (".venv", "node_modules"):
        shutil.rmtree(fresh.root / name, ignore_errors=True)
        shutil.copytree(kept / name, fresh.root / name, symlinks=True)
    return fresh
