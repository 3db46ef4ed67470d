"""A whole installation in a folder of its own, and servers on it as processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from tests.chat.stage import PATIENCE

ROOT = Path(__file__).parents[2]
SERVE = ["manage.py", "serve"]
SERVE_WITH_WORKSHOP = ["tests/chat/serve_with_workshop.py"]

_FOUND = """
import json, django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0, interactive=False)
from accounts.models import User
from accounts.tokens import issue
from agents.defaults import ensure_shipped_rows
from agents.models import LanguageModel
from chat.models import Conversation
ensure_shipped_rows()
user = User.objects.create_user(username="ann")
model = LanguageModel.objects.get(model_id="sandbox-claude")
agents = ["smart"] * 6 + ["workshop"] * 2
made = [Conversation.objects.create(owner=user, model=model, agent=agent) for agent in agents]
print(json.dumps({"token": issue(user=user, scope="write").secret, "conversations": [str(one.pk) for one in made]}))
"""


@dataclass(frozen=True, kw_only=True)
class Installation:
    """`conversations` are Ann's; the last two have the workshop's agent."""

    var_dir: Path
    token: str
    conversations: list[str] = field(repr=False)

    @classmethod
    def found(cls, var_dir: Path) -> Installation:
        """With a database, a user and some conversations."""
        made = subprocess.run(
            [sys.executable, "-c", _FOUND], cwd=ROOT, env=environment(var_dir), check=True, stdout=subprocess.PIPE
        )
        return cls(var_dir=var_dir, **json.loads(made.stdout))

    def copy_to(self, var_dir: Path) -> Installation:
        shutil.copytree(self.var_dir, var_dir)
        return Installation(var_dir=var_dir, token=self.token, conversations=self.conversations)

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Straight from the file, past all of our own code."""
        with closing(sqlite3.connect(self.var_dir / "db.sqlite3", timeout=30)) as database:
            return database.execute(sql, values).fetchall()

    @contextmanager
    def running(self, *command: str) -> Iterator[Server]:
        """A server of this installation; whatever the test leaves of it is killed."""
        server = Server.start(self, command)
        try:
            yield server
        finally:
            server.kill()

    def status(self, turn: str) -> str:
        return str(self.query("SELECT status FROM chat_turn WHERE id = ?", _hex(turn))[0][0])

    def logged_text(self, turn: str) -> str:
        found = self.query(
            "SELECT data FROM chat_turnevent WHERE turn_id = ? AND type = 'delta' ORDER BY seq", _hex(turn)
        )
        return "".join(json.loads(data)["text"] for (data,) in found)

    def stored_text(self, turn: str) -> str:
        found = self.query(
            "SELECT parts FROM chat_message WHERE turn_id = ? AND role = 'assistant' ORDER BY position", _hex(turn)
        )
        parts = [part for (parts,) in found for part in json.loads(parts)]
        return "".join(part["text"] for part in parts if part["kind"] == "text")


@dataclass(kw_only=True)
class Server:
    """A process that serves at `port`. What it printed is in `log`."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @classmethod
    def start(cls, installation: Installation, command: tuple[str, ...]) -> Server:
        """Returns when it listens."""
        port = _free_port()
        log = installation.var_dir / f"server-{port}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *(part.format(port=port) for part in command)],
                cwd=ROOT,
                env=environment(installation.var_dir) | {"PORT": str(port)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        server = cls(process=process, port=port, log=log)
        server.wait_until_it_listens()
        return server

    def wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"it does not listen:\n{self.log.read_text()}")

    def kill(self) -> None:
        """Without a word."""
        self.process.kill()
        self.process.wait()

    def terminate(self) -> None:
        """As an init system does."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=PATIENCE)


def environment(var_dir: Path) -> dict[str, str]:
    """Nothing of the shell that started the tests but what Python needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "VAR_DIR": str(var_dir),
        "DJANGO_SETTINGS_MODULE": "tokenproject.settings",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "TIKTOKEN_CACHE_DIR": os.environ.get("TIKTOKEN_CACHE_DIR", str(settings.VAR_DIR / "tokenizers")),
    }


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _hex(id: str) -> str:
    """As SQLite keeps a UUID."""
    return id.replace("-", "")
