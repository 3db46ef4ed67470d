from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.audited_tokens import make
from accounts.models import ApiToken, AuditEntry, User


class Command(BaseCommand):
    help = "Make an API token and print it, once, alone on the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="The user name of the person whom the token acts for.")
        parser.add_argument("--scope", choices=ApiToken.Scope.values, default=ApiToken.Scope.WRITE.value)

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user named {options['user']!r}.")
        name = "made on the command line"
        issued = make(user=user, actor=None, door=AuditEntry.Door.SYSTEM, scope=options["scope"], name=name)
        self.stdout.write(issued.secret)
