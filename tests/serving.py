"""The real server, as `make run` starts it, in a process of its own with a folder of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0  # seconds that a process is waited for; only a failing test, or a very busy machine, waits so long
_NOT_INHERITED = (
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "DEBUG",
    "RUN_TURNS",
    "HOST",
    "TIKTOKEN_CACHE_DIR",
)


@dataclass(frozen=True, kw_only=True)
class Served:
    address: str
    output: str
    process: subprocess.Popen[str]

    @property
    def setup_link(self) -> str | None:
        found = re.search(r"http\S+/setup/\S+/$", self.output, re.MULTILINE)
        return found[0] if found else None

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def environment(var_dir: Path, port: int, **values: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    return {**inherited, "VAR_DIR": str(var_dir), "PORT": str(port), **values}


@contextmanager
def serving(var_dir: Path, *, port: int | None = None, **values: str) -> Iterator[Served]:
    port = port or free_port()
    with subprocess.Popen(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env=environment(var_dir, port, **values),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Running on"):
                break
        # Read on: a server whose log nobody reads stops when the pipe is full.
        reading = threading.Thread(target=sys.stdout.writelines, args=[process.stdout])
        reading.start()
        try:
            yield Served(address=f"http://127.0.0.1:{port}", output="".join(said), process=process)
        finally:
            process.kill()
            reading.join()


def refused(var_dir: Path, *, port: int | None = None, **values: str) -> str:
    """What a start says that is refused. It must end by itself, with status 1."""
    ended = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env=environment(var_dir, port or free_port(), **values),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    return ended.stderr
