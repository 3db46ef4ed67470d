"""Every server that the project says it runs under streams a turn; and one database has one that runs its turns."""

from __future__ import annotations

import subprocess
import sys
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.chat.installation import ROOT, SERVE, Installation, Server, environment
from tests.chat.stage import PATIENCE
from tests.chat.tab import is_gapless, opened

RUNSERVER = ["manage.py", "runserver", "--noreload", "127.0.0.1:{port}"]
DAPHNE = ["-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "tokenproject.asgi:application"]
UVICORN = ["-m", "uvicorn", "tokenproject.asgi:application", "--port", "0"]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation.found(tmp_path_factory.mktemp("installation") / "var")


async def stream_a_turn(server: Server, installation: Installation, *, key: str) -> None:
    conversation = installation.conversations[0]
    async with opened(server, installation) as tab:
        await tab.ok("subscribe", conversation=conversation, cursors={})
        ack = await tab.send(conversation, "loop 1 long 60", key=key)
        ended = await tab.ended(ack["turn"])
        assert ended["status"] == "completed"
        assert is_gapless(tab.of_turn(ack["turn"]))
        assert tab.text_of(ack["turn"]) == installation.stored_text(ack["turn"]) != ""


@pytest.mark.parametrize("command", [RUNSERVER, DAPHNE], ids=["runserver", "daphne"])
async def test_streams_a_turn_and_goes_when_it_is_told_to(installation: Installation, command: list[str]) -> None:
    with installation.running(*command) as server:
        await stream_a_turn(server, installation, key=command[1])
        server.terminate()
        log = server.log.read_text()
    assert "Traceback" not in log, log


def run_to_its_end(installation: Installation, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment(installation.var_dir),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def first_page_of(server: Server) -> tuple[int, str]:
    """Its status and text, where that is an error."""
    try:
        with urlopen(f"http://127.0.0.1:{server.port}/") as page:
            return page.status, ""
    except HTTPError as error:
        return error.code, error.read().decode()


async def test_a_second_process_on_one_sqlite_file_is_refused_in_words(installation: Installation) -> None:
    with installation.running(*SERVE) as first:
        refused = run_to_its_end(installation, *UVICORN)
        assert refused.returncode != 0
        assert f"process {first.process.pid} runs the turns of this SQLite database already" in refused.stderr
        assert "Traceback" not in refused.stderr
        with installation.running(*DAPHNE) as second:
            status, text = first_page_of(second)
            assert status == 503
            assert f"process {first.process.pid} " in text
            assert "Traceback" not in second.log.read_text()
        await stream_a_turn(first, installation, key="still alone")
