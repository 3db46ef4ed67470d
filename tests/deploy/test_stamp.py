from __future__ import annotations

from pathlib import Path

from deploy import stamp


def test_a_stamp_holds_what_was_written_and_nothing_else(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    lock.write_text("one==1.0")
    runtime, dev = stamp.entry(lock, part="runtime"), stamp.entry(lock, part="dev")
    stamp.write(tmp_path / "stamp", entries=[runtime])
    assert stamp.holds(tmp_path / "stamp", entries=[runtime])
    assert not stamp.holds(tmp_path / "stamp", entries=[runtime, dev])


def test_another_content_is_another_entry(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    lock.write_text("one==1.0")
    before = stamp.entry(lock, part="runtime")
    lock.write_text("one==1.1")
    assert stamp.entry(lock, part="runtime") != before


def test_no_stamp_holds_nothing(tmp_path: Path) -> None:
    assert not stamp.holds(tmp_path / "stamp", entries=["runtime 0"])
