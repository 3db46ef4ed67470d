"""Which models can be chosen. A model whose provider has lost its key stays a row, but is not offered."""

from __future__ import annotations

from accounts.models import User
from accounts.refusals import NotFound
from agents.models import LanguageModel
from agents.provider_keys import has_credentials


def available_models(user: User) -> list[LanguageModel]:
    """Switched on, of a provider that is switched on and has its key; in the order of the pickers.

    Every person may use every model so far; `user` is who asks. Providers and pools come loaded.
    """
    rows = LanguageModel.objects.filter(enabled=True, provider__enabled=True).select_related("provider", "pool")
    usable: dict[object, bool] = {}
    for row in rows:
        if row.provider_id not in usable:
            usable[row.provider_id] = has_credentials(row.provider)
    return [row for row in rows if usable[row.provider_id]]


def find_model(*, provider: str, model_id: str) -> LanguageModel:
    """The switched-on model of that provider (a slug), key or not. NotFound where there is none."""
    row = (
        LanguageModel.objects.filter(enabled=True, provider__enabled=True, provider__slug=provider, model_id=model_id)
        .select_related("provider", "pool")
        .first()
    )
    if row is None:
        raise NotFound(f"There is no model {model_id!r} of a provider {provider!r} here.")
    return row
