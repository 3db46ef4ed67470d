"""The processes that are measured and those that they are measured against, all on 127.0.0.1."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0


class DidNotStart(Exception):
    """A process ended, or was not listening in time."""


@dataclass(frozen=True, kw_only=True)
class Listening:
    """A running process and its port."""

    pid: int
    port: int


@contextmanager
def our_server() -> Iterator[Listening]:
    """`manage.py serve`, just as `make run` starts it, on the installation of the environment."""
    port = free_port()
    with _running(["manage.py", "serve"], port=port, environment={"PORT": str(port)}) as server:
        yield server


@contextmanager
def sandbox() -> Iterator[Listening]:
    with _python_module("bench.recording_sandbox") as server:
        yield server


@contextmanager
def stamping_provider() -> Iterator[Listening]:
    with _python_module("bench.stamping_provider") as server:
        yield server


@contextmanager
def bare_channels() -> Iterator[Listening]:
    with _python_module("bench.bare_channels") as server:
        yield server


@contextmanager
def playing_sandbox(stage: str) -> Iterator[Listening]:
    """`stage` is a `bench.playing_sandbox.Stage` as JSON."""
    with _python_module("bench.playing_sandbox", stage) as server:
        yield server


@contextmanager
def _python_module(name: str, *arguments: str) -> Iterator[Listening]:
    port = free_port()
    with _running(["-m", name, str(port), *arguments], port=port, environment={}) as server:
        yield server


@contextmanager
def _running(arguments: list[str], *, port: int, environment: dict[str, str]) -> Iterator[Listening]:
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL
    )
    try:
        _wait_until_listening(process, port)
        yield Listening(pid=process.pid, port=port)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DidNotStart(f"{process.args!r} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise DidNotStart(f"{process.args!r} did not listen on port {port} in time")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
