from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tokenproject.run_lock import AlreadyHeld, hold

HOLDER = """
import sys, pathlib
from tokenproject.run_lock import hold
file = hold(pathlib.Path(sys.argv[1]), note="the other one")
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_is_told_who_the_first_is(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with hold(lock, note="process 1, http://127.0.0.1:8000"):
        with pytest.raises(AlreadyHeld) as refused:
            hold(lock, note="second")
        assert refused.value.note == "process 1, http://127.0.0.1:8000"
    hold(lock, note="third").close()
    assert lock.read_text() == "third"


def test_the_lock_dies_with_its_holder_however_it_dies(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(AlreadyHeld, match="the other one"):
            hold(lock, note="me")
        other.kill()
        other.wait()
        hold(lock, note="me").close()
