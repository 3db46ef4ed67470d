from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Any, TextIO, get_args

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from accounts.links import make_setup_link
from agents.checks import check_models
from agents.defaults import ensure_shipped_rows
from agents.llm.vocabulary import EncodingName, VocabularyUnavailable, unpack_vocabulary
from tokenproject.run_lock import AlreadyHeld, hold

_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound to


class Command(BaseCommand):
    help = "Start the server: lock, port, database, shipped rows, set-up link; then serve until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = settings.ENVIRONMENT.host, settings.ENVIRONMENT.port
        address = address_of(host, port)
        with self._lock(settings.VAR_DIR, address), self._listen(host, port) as listening:
            settings.STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns of a folder that is not there
            self._prepare_database()
            self._unpack_vocabularies()
            self._greet(address)
            serve(listening)

    def _lock(self, var_dir: Path, address: str) -> TextIO:
        try:
            return hold(var_dir / "serve.lock", note=f"process {os.getpid()}, {address}")
        except AlreadyHeld as error:
            raise CommandError(f"Already running on this folder ({error.note}). Stop that one first.") from None
        except OSError as error:
            raise CommandError(
                f"Cannot write in {var_dir}: {error.strerror}. Make it writable, or set VAR_DIR."
            ) from None

    def _listen(self, host: str, port: int) -> socket.socket:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((host, port), family=family, backlog=2048)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(f"Port {port} is taken by another program. Choose one: make run PORT=8001") from None
            raise CommandError(f"Cannot listen on HOST={host} PORT={port}: {error.strerror}.") from None

    def _prepare_database(self) -> None:
        try:
            executor = MigrationExecutor(connection)
            plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
            if plan:
                call_command("migrate", interactive=False, verbosity=0)
                self.stdout.write(f"Database brought up to date: {len(plan)} migrations.")
            if made := ensure_shipped_rows():
                self.stdout.write(f"Providers added: {', '.join(made)}.")
            for warning in check_models(databases=["default"]):
                self.stdout.write(f"Note: {warning.msg}")
        except DatabaseError as error:
            raise CommandError(f"The database {place_of_database()} cannot be used: {error}") from None

    def _unpack_vocabularies(self) -> None:
        try:
            for name in get_args(EncodingName):
                unpack_vocabulary(name, cache_dir=Path(os.environ["TIKTOKEN_CACHE_DIR"]))
        except VocabularyUnavailable as error:
            raise CommandError(str(error)) from None

    def _greet(self, address: str) -> None:
        secret = make_setup_link()
        if secret is not None:
            self.stdout.write(f"First, make your account (once, within 24 hours): {address}/setup/{secret}/")
        self.stdout.write(f"Running on {address}")
        self.stdout.flush()


def address_of(host: str, port: int) -> str:
    """Where a browser on this machine finds the server."""
    shown = _WILDCARDS.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def place_of_database() -> str:
    """Its file or server, without user and password."""
    database = connection.settings_dict
    return str(database["NAME"]) if not database["HOST"] else f"{database['NAME']} on {database['HOST']}"


def serve(listening: socket.socket) -> None:
    """Until a signal says stop. Compression is off: it costs 30-50 KB a socket and a third more time a frame."""
    config = uvicorn.Config(
        "tokenproject.asgi:application",
        loop="uvloop",
        lifespan="on",
        ws="websockets-sansio",
        ws_max_size=4_194_304,
        ws_max_queue=4,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=5,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    server = uvicorn.Server(config)
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        return
    if not server.started:
        raise CommandError("The server could not start; the reason is above.")
