from __future__ import annotations

import ast
import os
import shutil
import signal
import socket
import subprocess

import pytest

from deploy import prepare
from deploy.checkout import is_prepared
from tests.deploy.conftest import ROOT, Checkout


@pytest.mark.parametrize("version", [(3, 6), (3, 10), (2, 7)])
def test_an_old_python_gets_one_line_that_says_what_to_do(version: tuple[int, int]) -> None:
    line = prepare.complaint(version)
    assert f"Python {version[0]}.{version[1]} is too old" in line
    assert "make run PYTHON=" in line
    assert "\n" not in line


@pytest.mark.parametrize("version", [(3, 11), (3, 13), (4, 0)])
def test_a_new_python_will_do(version: tuple[int, int]) -> None:
    assert prepare.complaint(version) == ""


def test_the_first_file_parses_on_an_old_python() -> None:
    source = (ROOT / "deploy" / "prepare.py").read_text()
    ast.parse(source, feature_version=(3, 6))
    # Before the check only what every Python has may be imported.
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {ast.unparse(node) for node in imports} == {"import os", "import sys", "from typing import Tuple"}


def test_becomes_the_command(prepared: Checkout) -> None:
    done = prepared.prepare("-c", "import product, sys; print(product.VERSION, sys.prefix); sys.exit(7)")
    assert (done.returncode, done.stdout) == (7, f"1.0 {prepared.root / '.venv'}\n")


def test_a_second_start_installs_nothing(prepared: Checkout) -> None:
    shutil.rmtree(prepared.wheels)
    done = prepared.prepare("-c", "import product; print(product.VERSION)", PATH=os.devnull)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1.0\n", "")


def test_a_changed_lock_is_installed(prepared: Checkout) -> None:
    prepared.lock(runtime=prepared.make_wheel("product", version="2.0"))
    done = prepared.prepare("-c", "import product; print(product.VERSION)")
    assert done.stdout.splitlines()[-1] == "2.0"


def test_dev_adds_the_tools_and_holds_the_runtime(prepared: Checkout) -> None:
    arguments = prepared.root / "node_modules" / "arguments"
    assert arguments.read_text() == "ci --ignore-scripts --no-audit --no-fund --omit=dev\n"
    assert prepared.prepare("--dev", "-c", "import product, tester").returncode == 0
    assert arguments.read_text() == "ci --ignore-scripts --no-audit --no-fund --include=dev\n"
    shutil.rmtree(prepared.wheels)
    assert prepared.prepare("-c", "import product").stdout == ""


def test_a_changed_front_end_lock_is_installed(prepared: Checkout) -> None:
    (prepared.root / "package-lock.json").write_text('{"name": "changed"}')
    done = prepared.prepare()
    assert done.stdout == "Installing the front-end libraries of package-lock.json.\n"


def test_a_failed_npm_is_one_line_and_tried_again(prepared: Checkout) -> None:
    (prepared.root / "package-lock.json").write_text('{"name": "changed"}')
    prepared.make_tool("npm", script="rm -rf node_modules; echo npm error code ECONNREFUSED >&2; exit 1")
    for _ in range(2):
        assert_one_line(
            prepared.prepare(), "installing package-lock.json failed (code ECONNREFUSED)", "var/prepare.log"
        )


def test_a_runtime_install_makes_an_older_dev_install_stale(prepared: Checkout) -> None:
    old = (prepared.root / "requirements.lock").read_text()
    dev = (prepared.root / "requirements-dev.lock").read_text()
    assert prepared.prepare("--dev").returncode == 0
    (prepared.root / "requirements.lock").write_text(prepared.make_wheel("product", version="2.0"))
    assert prepared.prepare().returncode == 0
    (prepared.root / "requirements.lock").write_text(old)
    (prepared.root / "requirements-dev.lock").write_text(dev)
    assert prepared.prepare("--dev", "-c", "import product; print(product.VERSION)").stdout.splitlines()[-1] == "1.0"


def test_a_failed_install_is_one_line_that_names_the_log(prepared: Checkout) -> None:
    prepared.lock(runtime=f"nowhere==1.0 --hash=sha256:{'0' * 64}\n")
    done = prepared.prepare("-c", "print('started')")
    assert done.returncode == 1
    assert "started" not in done.stdout
    assert_one_line(done, "installing requirements.lock failed (Could not find a version", "var/prepare.log")
    assert "nowhere" in (prepared.root / "var" / "prepare.log").read_text()


def test_a_failed_install_leaves_the_environment_as_it_was(prepared: Checkout) -> None:
    good = (prepared.root / "requirements.lock").read_text()
    prepared.lock(runtime=f"nowhere==1.0 --hash=sha256:{'0' * 64}\n")
    prepared.prepare()
    prepared.lock(runtime=good)
    done = prepared.prepare("-c", "import product")
    assert done.returncode == 0
    assert "Making the virtual environment" not in done.stdout


def test_a_package_that_is_not_the_locked_one_is_refused(prepared: Checkout) -> None:
    line = prepared.make_wheel("product", version="2.0")
    prepared.lock(runtime=f"{line.partition('sha256:')[0]}sha256:{'0' * 64}\n")
    assert_one_line(prepared.prepare(), "THESE PACKAGES DO NOT MATCH THE HASHES")


def test_a_package_without_a_hash_is_refused(prepared: Checkout) -> None:
    prepared.lock(runtime=prepared.make_wheel("product", version="2.0").partition(" ")[0])
    assert_one_line(prepared.prepare(), "Hashes are required")


def test_an_install_that_was_killed_is_made_anew(prepared: Checkout) -> None:
    prepared.lock(runtime=prepared.make_wheel("product", version="2.0"))
    with socket.create_server(("127.0.0.1", 0)) as silent_index:
        silent_index.settimeout(60)
        address = f"http://127.0.0.1:{silent_index.getsockname()[1]}/"
        process = prepared.start(PIP_NO_INDEX="0", PIP_INDEX_URL=address)
        connection, _ = silent_index.accept()  # pip is at work
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        connection.close()
    (prepared.root / ".venv" / "half a package").touch()
    done = prepared.prepare("-c", "import product; print(product.VERSION)")
    assert done.stdout.splitlines()[-1] == "2.0"
    assert not (prepared.root / ".venv" / "half a package").exists()


def test_an_environment_that_cannot_be_used_is_not_prepared(prepared: Checkout) -> None:
    """A removed Python leaves a link to nothing; an environment may be older than what we need now."""
    assert is_prepared(prepared.root, dev=False)
    configuration = prepared.root / ".venv" / "pyvenv.cfg"
    text = configuration.read_text()
    configuration.write_text("home = /usr/bin\nversion = 3.9.2\n")
    assert not is_prepared(prepared.root, dev=False)
    configuration.write_text(text)
    assert is_prepared(prepared.root, dev=False)
    python = prepared.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    assert not is_prepared(prepared.root, dev=False)


@pytest.mark.parametrize("node", [None, "v18.20.0"])
def test_without_a_new_enough_node_a_package_is_asked_for_one(prepared: Checkout, node: str | None) -> None:
    (prepared.root / "package-lock.json").write_text('{"name": "changed"}')
    shutil.rmtree(prepared.tools)
    if node:
        prepared.make_tool("npm", script="exit 0")
        prepared.make_tool("node", script=f"echo {node}")
    done = prepared.prepare(PATH=str(prepared.tools))
    assert "No Node.js 20 or newer found" in done.stdout
    assert_one_line(done, "installing requirements-node.lock failed")


def test_a_read_only_folder_is_one_line(fresh: Checkout) -> None:
    fresh.root.chmod(0o555)
    try:
        done = fresh.prepare("-c", "print('started')", wrapper=without_the_powers_of_root())
    finally:
        fresh.root.chmod(0o755)
    assert done.returncode == 1
    assert_one_line(done, "Permission denied", "a folder that you may write to")


def test_a_python_without_venv_is_one_line(fresh: Checkout) -> None:
    blocked = fresh.root / "blocked"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text("import sys; sys.modules['ensurepip'] = None\n")
    assert_one_line(fresh.prepare(PYTHONPATH=str(blocked)), "no module 'ensurepip'", "apt install python3-venv")


def test_two_at_once_install_once(fresh: Checkout) -> None:
    both = [fresh.start("-c", "import product; print('started')") for _ in range(2)]
    outputs = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sum(output.count("Installing the Python packages") for output in outputs) == 1
    assert all(output.endswith("started\n") for output in outputs)


def assert_one_line(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    """The process ended in a single line of complaint that holds every part."""
    assert done.stderr.startswith("prepare: "), done.stderr
    assert done.stderr.count("\n") == 1
    for part in parts:
        assert part in done.stderr


def without_the_powers_of_root() -> tuple[str, ...]:
    """Root may write anywhere: the process must run without that capability."""
    if os.geteuid() != 0:
        return ()
    if not shutil.which("setpriv"):
        pytest.skip("as root this needs setpriv to give up the right to write anywhere")
    powers = "-dac_override,-dac_read_search"
    return ("setpriv", f"--inh-caps={powers}", f"--bounding-set={powers}")
