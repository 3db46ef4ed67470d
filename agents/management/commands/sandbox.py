"""`manage.py sandbox`: the stand-in provider over real HTTP."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from agents.llm.vocabulary import load_encoding
from agents.sandbox.app import SandboxApp
from agents.sandbox.served import Vendor, models_of
from agents.sandbox.server import SandboxServer


class Command(BaseCommand):
    help = "Serve the sandbox, a stand-in provider that is no AI, over HTTP. Any non-empty key opens it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8100, help="port to listen on (default 8100)")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        load_encoding("o200k_base")  # now: a missing vocabulary should stop the start, not fail every request
        SandboxServer(
            SandboxApp(),
            host=host,
            port=port,
            log_level="info",
            on_start=lambda bound: self._announce(f"http://{host}:{bound}"),
        ).run()

    def _announce(self, address: str) -> None:
        self.stdout.write(f"The sandbox provider listens on {address} (no AI; any key will do). Base URLs:")
        self.stdout.write(f"  Anthropic SDK  {address}      {_names('anthropic')}")
        self.stdout.write(f"  OpenAI SDK     {address}/v1   {_names('openai')}")
        self.stdout.flush()


def _names(vendor: Vendor) -> str:
    return ", ".join(model.id for model in models_of(vendor))
