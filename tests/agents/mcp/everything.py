"""The reference server of the protocol's authors, from its npm package, as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from deploy.front_end import node_command

_ROOT = Path(__file__).parents[3]
_SCRIPT = "node_modules/@modelcontextprotocol/server-everything/dist/index.js"


@contextmanager
def everything() -> Iterator[str]:
    """The address of its streamable HTTP endpoint."""
    port = _free_port()
    # Not our environment: one of its tools tells it to whoever asks.
    environment = {"PATH": os.environ["PATH"], "PORT": str(port)}
    command = [node_command(_ROOT), str(_ROOT / _SCRIPT), "streamableHttp"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)
    try:
        _until_it_listens(process, port)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        assert process.poll() is None, "the server ended at once"
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server does not listen")
