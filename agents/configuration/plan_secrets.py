"""The secrets of a block against those that are stored: which are kept, and which must be written again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from agents.configuration.changes import Plan
from agents.configuration.entered_secrets import NothingToKeep, stored
from agents.configuration.fields import KEEP
from agents.configuration.moving import leads_elsewhere
from agents.configuration.oauth2_block import OAuth2Block
from agents.configuration.refusal import Path


def planned_secret(entered: SecretStr | None, *, now: str, path: Path, plan: Plan) -> str:
    """What the row will hold, where it holds `now`; None as `entered` leaves it as it is."""
    try:
        return now if entered is None else stored(entered, now=now)
    except NothingToKeep:
        plan.refuse(path, f'"{KEEP}" keeps a stored secret, and there is none: write env:NAME, file:PATH or the secret')
        return ""


def planned_oauth2(
    block: OAuth2Block | None, *, said: bool, now: Mapping[str, str], path: Path, plan: Plan
) -> Mapping[str, str]:
    """The credentials as the row will hold them. No block leaves them, or takes them away where the file `said` so."""
    if block is None:
        return {} if said else now
    place: Path = (*path, "oauth2", "client_secret")
    secret = planned_secret(block.client_secret, now=now.get("client_secret", ""), path=place, plan=plan)
    return {**block.model_dump(exclude={"client_secret"}), "client_secret": secret}


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


def refuse_to_follow_oauth2(
    block: OAuth2Block | None,
    *,
    said: bool,
    held: Mapping[str, str],
    before: Sequence[str],
    now: Sequence[str],
    path: Path,
    plan: Plan,
    field: str = "base_url",
) -> None:
    """The same for the client secret: neither to another address, nor to ask another for tokens. `path` is the block's,
    `field` that of its address."""
    if block is None and said:
        return
    entered, secret = block.client_secret if block else None, held.get("client_secret", "")
    place: Path = (*path, field)
    refuse_to_follow("client_secret", entered, held=secret, before=before, now=now, path=place, plan=plan)
    if block is not None:
        place, before, now = (*path, "oauth2", "token_url"), [held.get("token_url", "")], [block.token_url]
        refuse_to_follow("client_secret", entered, held=secret, before=before, now=now, path=place, plan=plan)


def _is_kept(entered: SecretStr | None) -> bool:
    return entered is None or entered.get_secret_value() == KEEP
