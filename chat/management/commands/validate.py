"""`manage.py validate`: messages in quick succession to a model on this installation's own key."""

from __future__ import annotations

import asyncio
import secrets
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.refusals import Refusal
from agents.availability import find_model
from agents.llm.errors import LLMError
from chat import validation, validation_report
from chat.sole_process import AnotherProcess
from chat.validation import FEWEST_MESSAGES, MOST_MESSAGES, Plan

ASK_ABOVE = 20_000


class Command(BaseCommand):
    help = (
        "Send messages in quick succession to a model, and print what each call took, what the token limiter left out, "
        "and how often the provider answered 429. Calls the provider: it costs what the plan says."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--provider", required=True, help="slug of the provider, such as anthropic")
        parser.add_argument("--model", required=True, help="id of the model")
        parser.add_argument("--messages", type=int, default=10, help="how many to send (4 to 20, default 10)")
        parser.add_argument(
            "--user", default="", help="whose settings to use; the conversation stays in their chat (default: nobody's)"
        )
        parser.add_argument(
            "--ask-above", type=int, default=ASK_ABOVE, metavar="TOKENS", help=f"ask first (default {ASK_ABOVE:,})"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--minutes", type=float, default=30.0, help="give up after so long (default 30)")
        parser.add_argument("--output", type=Path, help="append the report to this file, too")

    def handle(self, *args: Any, **options: Any) -> None:
        if not FEWEST_MESSAGES <= options["messages"] <= MOST_MESSAGES:
            raise CommandError(f"--messages must be from {FEWEST_MESSAGES} to {MOST_MESSAGES}.")
        user, is_guest = _user(options["user"])
        try:
            report, good = self._validate(user, options)
        finally:
            if is_guest:
                user.delete()
        if options["output"]:
            with options["output"].open("a") as file:
                file.write(report + "\n")
        if not good:
            sys.exit(1)

    def _validate(self, user: User, options: dict[str, Any]) -> tuple[str, bool]:
        try:
            model = find_model(provider=options["provider"], model_id=options["model"])
            plan = validation.plan(model, user=user, messages=options["messages"])
            self._ask(plan, above=options["ask_above"], yes=options["yes"])
            said = [validation_report.heading(plan)]
            self.stdout.write(said[0])

            def told(line: validation.Line) -> None:
                said.append(validation_report.row(line))
                self.stdout.write(said[-1])
                self.stdout.flush()

            patience = timedelta(minutes=options["minutes"])
            lines, totals = asyncio.run(validation.run(plan, user=user, patience=patience, told=told))
        except (LLMError, Refusal) as refused:
            raise CommandError(refused.message) from None
        except AnotherProcess as other:
            raise CommandError(f"Nothing was sent: {other}") from None
        except TimeoutError:
            raise CommandError(f"Not every turn ended within {options['minutes']:g} minutes (--minutes).") from None
        said.append(validation_report.verdict(lines, totals, messages=len(plan.texts)))
        self.stdout.write(said[-1])
        return "\n".join(said), validation_report.passed(lines, totals)

    def _ask(self, plan: Plan, *, above: int, yes: bool) -> None:
        """CommandError unless somebody agrees to what it may cost."""
        self.stdout.write(f"Up to about {plan.most_tokens:,} tokens will be sent to {plan.model}.")
        if yes or plan.most_tokens <= above:
            return
        if not sys.stdin.isatty():
            raise CommandError(f"That is more than {above:,}. Nothing was sent; say --yes to go on.")
        if input(f"That is more than {above:,}. Go on? [y/N] ").strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was sent.")


def _user(name: str) -> tuple[User, bool]:
    """And whether it is a guest, who goes again."""
    if not name:
        guest = User(username=f"validation-{secrets.token_hex(4)}", is_active=False)
        guest.set_unusable_password()
        guest.save()
        return guest, True
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"There is no user {name!r}.")
    return user, False
