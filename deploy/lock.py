"""Makes the lock files anew: `python -m deploy.lock [--upgrade]`, that is `make lock`.

They name exact versions and hashes, hold for every Python from 3.11 on and for Linux, macOS and Windows, and name no
package index: whoever installs uses the index that their machine is set up for.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from deploy import check_locks
from deploy.front_end import LOCK, NODE_LOCK, npm_command
from deploy.python_packages import DEV_LOCK, RUNTIME_LOCK

ROOT = Path(__file__).resolve().parent.parent
UV = "uv==0.13.9"
_COMPILE = ["--universal", "--python-version=3.11", "--generate-hashes", "--no-header", "--no-annotate"]
_NO_INDEX = ["--no-emit-index-url", "--no-emit-find-links"]


def main(arguments: Sequence[str]) -> None:
    upgrade = [flag for flag in arguments if flag == "--upgrade"]
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", UV], cwd=ROOT, check=True)
    compile_lock([*upgrade, "pyproject.toml"], output=RUNTIME_LOCK)
    compile_lock([*upgrade, "--extra=dev", f"--constraint={RUNTIME_LOCK}", "pyproject.toml"], output=DEV_LOCK)
    compile_lock([*upgrade, "-"], output=NODE_LOCK, requirements="\n".join(node_requirements()))
    lock_front_end(anew=bool(upgrade))
    check_locks.main()


def compile_lock(options: Sequence[str], *, output: str, requirements: str = "") -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", *_COMPILE, *_NO_INDEX, "--output-file", output]
    print(f"{output} ...", flush=True)
    subprocess.run([*command, *options], cwd=ROOT, input=requirements, text=True, stdout=subprocess.DEVNULL, check=True)


def node_requirements() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return list(project["optional-dependencies"]["node"])


def lock_front_end(*, anew: bool) -> None:
    lock = ROOT / LOCK
    if anew:
        lock.unlink(missing_ok=True)
    print(f"{LOCK} ...", flush=True)
    subprocess.run([*npm_command(ROOT), "install", "--package-lock-only", "--ignore-scripts"], cwd=ROOT, check=True)
    content = json.loads(lock.read_text())
    for package in content["packages"].values():
        package.pop("funding", None)  # addresses that no installation needs
    lock.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
