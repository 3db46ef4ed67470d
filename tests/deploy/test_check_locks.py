from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy import check_locks
from tests.deploy.conftest import ROOT

HASH = f"--hash=sha256:{'a' * 64}"
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-node.lock", "package-lock.json"]


def test_the_lock_files_of_this_checkout_are_in_order() -> None:
    check_locks.main()


def test_every_requirement_has_an_exact_version_and_a_hash() -> None:
    for name in LOCKS[:3]:
        lock = check_locks.pins((ROOT / name).read_text())
        assert lock
        assert check_locks.malformed(lock) == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example.com/simple",
        "--extra-index-url=packages.example.com",
        "-i packages.example.com",
        "--find-links wheels",
        "product @ https://packages.example.com/product-1.0.whl",
        '      "resolved": "product-1.0.tgz",',
        "registry=packages.example.com",
    ],
)
def test_an_address_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.lock").write_text(f"product==1.0 {HASH}\n{line}\n")
    assert [text[:9] for text in check_locks.hosts(tmp_path, names=["a.lock"])] == ["a.lock:2:"]


@pytest.mark.parametrize(
    "requirement",
    ["product>=1.0 \\\n    " + HASH, "product==1.0", "product \\\n    " + HASH, "product==1.0 \\\n    --hash=md5:aa"],
)
def test_a_loose_requirement_is_found(requirement: str) -> None:
    good = f"other==2.0 ; sys_platform == 'win32' \\\n    {HASH} \\\n    {HASH}\n"
    complaints = check_locks.malformed(check_locks.pins(good + requirement + "\n"))
    assert len(complaints) == 1
    assert complaints[0].startswith("product")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in [*LOCKS, "pyproject.toml"]:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_requirement_that_nobody_locked_is_found(copy: Path) -> None:
    project = copy / "pyproject.toml"
    project.write_text(project.read_text().replace('"django>=5.2,<5.3"', '"django>=6,<7", "unheard-of"'))
    assert check_locks.python_locks(copy) == [
        "requirements.lock: nothing meets 'django>=6,<7'",
        "requirements.lock: nothing meets 'unheard-of'",
    ]


def test_a_runtime_version_that_the_tests_do_not_use_is_found(copy: Path) -> None:
    lock = copy / "requirements-dev.lock"
    lock.write_text(lock.read_text().replace("\ndjango==5.2.", "\ndjango==5.2.0."))
    (complaint,) = check_locks.python_locks(copy)
    assert complaint.startswith("requirements-dev.lock: django==5.2.")


def front_end(**package: Any) -> list[str]:
    lock = {"packages": {"": {}, "node_modules/a": {"version": "1.0.0", "integrity": "sha512-x"}}}
    return check_locks.front_end_lock(package, lock=lock)


def test_front_end_libraries_are_exact_and_locked() -> None:
    assert front_end(dependencies={"a": "1.0.0"}) == []
    assert front_end(dependencies={"a": "1.0.1"}) == ["package-lock.json: a is not 1.0.1"]
    assert front_end(devDependencies={"b": "2.0.0"}) == ["package-lock.json: b is not 2.0.0"]
    assert front_end(dependencies={"a": "^1.0.0"})[0] == "package.json: a ^1.0.0 is not an exact version"


def test_a_front_end_library_without_integrity_is_found() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    del lock["packages"]["node_modules/dompurify"]["integrity"]
    package = json.loads((ROOT / "package.json").read_text())
    assert check_locks.front_end_lock(package, lock=lock) == [
        "package-lock.json: node_modules/dompurify has no integrity"
    ]
