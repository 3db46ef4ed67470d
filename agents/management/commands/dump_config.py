"""`manage.py dump_config`: the configuration of now as a file for `load_config`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from agents.configuration.dumping import dumped


class Command(BaseCommand):
    help = "Print providers, models, limits, settings and what agents use as TOML. Secrets are references."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(dumped(), ending="")
