"""The first key of a new installation: tried before it is kept, so that a wrong one is in nobody's way."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from pydantic import SecretStr

from accounts import audit
from accounts.models import AuditEntry, User
from agents.configuration.entered_secrets import stored
from agents.models import LanguageModel, Provider
from agents.test_connection import Step, try_connection
from agents.threads import in_thread

_KINDS = (Provider.Kind.ANTHROPIC, Provider.Kind.OPENAI)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """`model` is the one that was asked; `steps` say what came of it. The key is kept if it `works`."""

    model: LanguageModel
    steps: list[Step]

    @property
    def works(self) -> bool:
        return self.steps[-1].outcome == "ok"


def candidates() -> list[LanguageModel]:
    """The vendors that a key can be pasted for, each as the model that it would be tried with."""
    rows = LanguageModel.objects.filter(provider__kind__in=_KINDS, provider__auth=Provider.Auth.API_KEY, enabled=True)
    firsts: dict[object, LanguageModel] = {}
    for row in rows.select_related("provider").order_by("provider__position", "position"):
        firsts.setdefault(row.provider_id, row)
    return list(firsts.values())


async def try_and_keep(*, model: LanguageModel, key: str, person: User) -> Tried:
    """One tiny call with `key` to `model` (its provider loaded). `key` is the key itself, or env:NAME, file:PATH."""
    provider = model.provider
    before = {"api_key": provider.api_key, "enabled": provider.enabled}
    provider.api_key, provider.enabled = stored(SecretStr(key), now=provider.api_key), True
    tried = Tried(model=model, steps=await try_connection(model=model, user_id=str(person.pk)))
    await in_thread(_note)(tried, before=before, person=person)
    return tried


@transaction.atomic
def _note(tried: Tried, *, before: dict[str, object], person: User) -> None:
    provider, door = tried.model.provider, AuditEntry.Door.PAGE
    outcome = "works" if tried.works else f"failed: {tried.steps[-1].name}"
    changes: audit.Changes = {"outcome": (None, outcome)}
    audit.record(actor=person, door=door, action="connection tested", target=provider, changes=changes)
    if not tried.works:
        return
    provider.save(update_fields=["api_key", "enabled"])
    changes = audit.difference(before, {"api_key": provider.api_key, "enabled": provider.enabled})
    if changes:
        audit.record(actor=person, door=door, action="changed", target=provider, changes=changes)
