"""`manage.py load_config FILE`: providers, models, limits, settings and what agents use, from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agents.configuration import diff
from agents.configuration.apply import load
from agents.configuration.consistency import names_elsewhere
from agents.configuration.notes import notes
from agents.configuration.reading import Document, checked, explained, parse
from agents.configuration.refusal import ConfigurationRefused
from agents.configuration.schema import Configuration


class Command(BaseCommand):
    help = "Bring providers, models, limits, settings and what agents use to what FILE says, and print what changes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a TOML file; docs/configuration.md tells its keys")
        only = parser.add_mutually_exclusive_group()
        only.add_argument("--dry-run", action="store_true", help="print what would change; change nothing")
        only.add_argument("--check", action="store_true", help="check the file alone, without the database")

    def handle(self, *args: Any, file: str, dry_run: bool, check: bool, **options: Any) -> None:
        document: Document | None = None
        try:
            document = parse(_content(file))
            configuration = checked(document)
            if check:
                self.stdout.write(f"{file}: no mistakes.{_not_checked(configuration)}")
            else:
                self._load(configuration, dry_run=dry_run)
        except ConfigurationRefused as refused:
            raise CommandError(f"nothing was changed.\n{explained(refused, name=file, document=document)}") from None

    def _load(self, configuration: Configuration, *, dry_run: bool) -> None:
        plan = load(configuration, dry_run=dry_run)
        for line in diff.told(plan):
            self.stdout.write(line)
        if dry_run:
            self.stdout.write("Dry run: nothing was changed.")
            return
        for note in notes(configuration):
            self.stdout.write(f"Note: {note}")


def _content(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}") from None


def _not_checked(configuration: Configuration) -> str:
    elsewhere = names_elsewhere(configuration)
    return f" Not checked: {elsewhere} names of pools or models that are not in the file." if elsewhere else ""
