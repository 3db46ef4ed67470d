from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chat.sole_process import AnotherProcess, SoleProcess


def test_one_holds_it_and_the_next_is_told_who(tmp_path: Path) -> None:
    first, second = SoleProcess(tmp_path / "lock"), SoleProcess(tmp_path / "lock")
    first.acquire()
    with pytest.raises(AnotherProcess, match=rf"process {os.getpid()} .*Stop it first, or use PostgreSQL"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_releasing_twice_does_no_harm(tmp_path: Path) -> None:
    one = SoleProcess(tmp_path / "lock")
    one.release()
    one.acquire()
    one.release()
    one.release()


def test_a_process_that_is_killed_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = (
        "import sys, time; from pathlib import Path; from chat.sole_process import SoleProcess;"
        "SoleProcess(Path(sys.argv[1])).acquire(); print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", holder, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(AnotherProcess, match=f"process {process.pid} "):
        SoleProcess(path).acquire()
    process.kill()
    process.communicate()
    SoleProcess(path).acquire()


def test_the_lock_file_is_its_owners_alone(tmp_path: Path) -> None:
    SoleProcess(tmp_path / "lock").acquire()
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
