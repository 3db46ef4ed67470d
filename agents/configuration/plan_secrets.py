"""The secrets of a block against those that are stored: which are kept, and which must be written again."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import SecretStr

from agents.configuration.changes import Plan
from agents.configuration.entered_secrets import NothingToKeep, stored
from agents.configuration.fields import KEEP
from agents.configuration.moving import leads_elsewhere
from agents.configuration.refusal import Path


def planned_secret(entered: SecretStr | None, *, now: str, path: Path, plan: Plan) -> str:
    """What the row will hold, where it holds `now`; None as `entered` leaves it as it is."""
    try:
        return now if entered is None else stored(entered, now=now)
    except NothingToKeep:
        plan.refuse(path, f'"{KEEP}" keeps a stored secret, and there is none: write env:NAME, file:PATH or the secret')
        return ""


def refuse_to_follow(
    name: str,
    entered: SecretStr | None,
    *,
    held: str,
    before: Sequence[str],
    now: Sequence[str],
    path: Path,
    plan: Plan,
) -> None:
    """Where an address leads elsewhere (`moving`), the secret `name` that is stored does not go with it: the file must
    say it anew. `path` is the address's."""
    if held and _is_kept(entered) and leads_elsewhere(before=before, now=now):
        plan.refuse(path, f"leads elsewhere, where the stored {name} must not go: write it anew, or as env:NAME")


def _is_kept(entered: SecretStr | None) -> bool:
    return entered is None or entered.get_secret_value() == KEEP
