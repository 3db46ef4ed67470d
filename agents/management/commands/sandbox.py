"""`manage.py sandbox`: the stand-in provider over real HTTP."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agents.llm.vocabulary import load_encoding
from agents.sandbox.app import SandboxApp
from agents.sandbox.company.app import Company
from agents.sandbox.company.quota import GENEROUS, Rate
from agents.sandbox.exchange import Exchange
from agents.sandbox.mistakes import FileError
from agents.sandbox.oauth2 import TOKEN_PATH, TokenOffice
from agents.sandbox.pace import Pacing
from agents.sandbox.prompt_cache import PromptCache
from agents.sandbox.rates.enforced import EnforcedLimits
from agents.sandbox.rates.file import LimitsFile, load_limits
from agents.sandbox.rates.shipped import SHIPPED_POOLS
from agents.sandbox.scenario.file import load_scenario
from agents.sandbox.scenario.rules import Scenario
from agents.sandbox.served import Vendor, models_of
from agents.sandbox.server import SandboxServer


class Command(BaseCommand):
    help = "Serve the sandbox, a stand-in provider that is no AI, over HTTP. Any non-empty key opens it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--scenario", type=Path, help="a TOML file that says what to answer; see docs/sandbox.md")
        parser.add_argument("--limits", type=Path, help="a TOML file of rate limits to enforce; see docs/sandbox.md")
        parser.add_argument(
            "--closing-faults",
            action="store_true",
            help="play the faults that close an account for everybody who shares it, such as `fault spend_limit`",
        )
        parser.add_argument("--port", type=int, default=8100, help="port to listen on (default 8100)")
        parser.add_argument(
            "--oauth2",
            metavar="ID:SECRET",
            default="",
            help=f"want a token of {TOKEN_PATH}, which this client gets with OAuth2 client credentials",
        )
        parser.add_argument(
            "--datadog-limit",
            type=_rate,
            default=GENEROUS,
            metavar="N/SECONDS",
            help="requests in a period that each of the fictional company's Datadog APIs allows",
        )
        parser.add_argument(
            "--oauth2-lifetime", type=float, default=3600.0, metavar="SECONDS", help="of a token (default 3600)"
        )

    def handle(
        self,
        *args: Any,
        host: str,
        port: int,
        scenario: Path | None,
        limits: Path | None,
        datadog_limit: Rate,
        oauth2: str,
        oauth2_lifetime: float,
        closing_faults: bool,
        **options: Any,
    ) -> None:
        load_encoding("o200k_base")  # now: a missing vocabulary should stop the start, not fail every request
        try:
            exchange = _exchange(scenario=scenario, limits=limits, closing_faults=closing_faults)
        except FileError as error:
            raise CommandError(str(error)) from None
        office = _office(oauth2, lifetime=oauth2_lifetime)
        SandboxServer(
            SandboxApp(exchange=exchange, oauth2=office, company=Company(rate=datadog_limit)),
            host=host,
            port=port,
            log_level="info",
            on_start=lambda bound: self._announce(f"http://{host}:{bound}", path=TOKEN_PATH if oauth2 else ""),
        ).run()

    def _announce(self, address: str, *, path: str) -> None:
        key = "OAuth2 tokens only" if path else "any key will do"
        self.stdout.write(f"The sandbox provider listens on {address} (no AI; {key}). Base URLs:")
        self.stdout.write(f"  Anthropic SDK  {address}      {_names('anthropic')}")
        self.stdout.write(f"  OpenAI SDK     {address}/v1   {_names('openai')}")
        if path:
            self.stdout.write(f"  Token URL      {address}{path}")
        self.stdout.write(f"  Company        {address}     Datadog's API, and /company/orders, payments, inventory")
        self.stdout.flush()


def _office(client: str, *, lifetime: float) -> TokenOffice | None:
    if not client:
        return None
    name, colon, secret = client.partition(":")
    if not (name and colon and secret):
        raise CommandError("--oauth2 takes ID:SECRET")
    return TokenOffice(client_id=name, client_secret=secret, lifetime=lifetime)


def _rate(text: str) -> Rate:
    limit, slash, period = text.partition("/")
    if not (slash and limit.isdigit() and period.isdigit() and int(limit) and int(period)):
        raise ArgumentTypeError("write N/SECONDS, such as 300/3600")
    return Rate(limit=int(limit), period=int(period))


def _names(vendor: Vendor) -> str:
    return ", ".join(model.id for model in models_of(vendor))


def _exchange(*, scenario: Path | None, limits: Path | None, closing_faults: bool) -> Exchange:
    """Raises FileError for a file that is wrong."""
    told = load_limits(limits) if limits else LimitsFile(pools=SHIPPED_POOLS)
    return Exchange(
        scenario=load_scenario(scenario) if scenario else Scenario(),
        closing_faults=closing_faults,
        limits=EnforcedLimits(told.pools, time_scale=told.time_scale),
        pacing=Pacing(factor=1 / told.time_scale),
        cache=PromptCache(time_scale=told.time_scale),
    )
