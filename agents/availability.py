"""Which models and agents can be chosen. A model whose provider has lost its key stays a row, but is not offered."""

from __future__ import annotations

from accounts.models import User
from accounts.refusals import NotFound
from agents.llm.errors import ConfigInvalid
from agents.models import LanguageModel
from agents.provider_keys import has_credentials
from agents.roster import Agent, agent_named, names


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


def usable_agent(slug: str) -> Agent:
    """The agent as it is now. ConfigInvalid where there is none or it is switched off."""
    agent = agent_named(slug)
    if agent is None:
        raise ConfigInvalid(_why_not(slug))
    return agent


def check_agent(slug: str) -> str | None:
    """Why it cannot be chosen, as it stands after a field's name; None if it can."""
    if agent_named(slug) is not None:
        return None
    return "is switched off" if slug in names() else "is not known"


def _why_not(slug: str) -> str:
    name = names().get(slug)
    said = f"There is no agent named {slug!r}" if name is None else f"The agent {name} is switched off"
    return f"{said}. Your message is kept; choose another agent."
