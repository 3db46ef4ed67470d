"""What can be chosen: providers, models, agents. Never a secret."""

from __future__ import annotations

from datetime import date
from typing import Any

from ninja import Router
from pydantic import BaseModel, ConfigDict

from accounts.bearer import ApiRequest
from accounts.paging import DEFAULT_LIMIT, Cursor, Limit, Page, page_of
from agents.agent_config_api import router as agent_config_router
from agents.availability import available_models
from agents.llm.capabilities import CacheMarking, Effort, Sampling, Thinking
from agents.model_capabilities import capabilities_for
from agents.models import LanguageModel
from agents.roster import Agent, offered

router = Router(tags=["agents"])
router.add_router("", agent_config_router)


class ProviderOut(BaseModel):
    id: str
    name: str
    kind: str


class Capabilities(BaseModel):
    """What the model can do, as far as a caller may care. Sizes in tokens; null where they are not known.

    `temperature`: is one sent to the model ("range": from 0 to `temperature_max`), or not ("none", "default_only").
    `efforts`: how much it can be told to think, weakest first. `known`: false for a model that we know nothing of.
    """

    model_config = ConfigDict(from_attributes=True)

    context_window: int
    max_input_tokens: int | None
    max_output_tokens: int
    temperature: Sampling
    temperature_max: float
    thinking: Thinking
    efforts: list[Effort]
    default_effort: Effort | None
    cache: CacheMarking
    retires: date | None
    known: bool


class ModelOut(BaseModel):
    provider: str
    id: str
    name: str
    capabilities: Capabilities
    pool: str | None


class AgentOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    description: str
    starters: list[str]


class Providers(BaseModel):
    items: list[ProviderOut]
    next_cursor: str | None


class Models(BaseModel):
    items: list[ModelOut]
    next_cursor: str | None


class Agents(BaseModel):
    items: list[AgentOut]
    next_cursor: str | None


@router.get("/providers", response=Providers)
def list_providers(request: ApiRequest, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:
    providers = {row.provider.slug: row.provider for row in available_models(request.user)}
    page = page_of(list(providers.values()), key=lambda row: row.slug, cursor=cursor, limit=limit)
    return _answer(page, [ProviderOut(id=row.slug, name=row.name, kind=row.kind) for row in page.items])


@router.get("/models", response=Models)
def list_models(request: ApiRequest, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:
    page = page_of(available_models(request.user), key=_key, cursor=cursor, limit=limit)
    return _answer(page, [_model(row) for row in page.items])


@router.get("/agents", response=Agents)
def list_agents(request: ApiRequest, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:
    page = page_of(offered(), key=lambda agent: agent.slug, cursor=cursor, limit=limit)
    return _answer(page, [_agent(agent) for agent in page.items])


def _answer(page: Page[Any], items: list[Any]) -> dict[str, Any]:
    return {"items": items, "next_cursor": page.next_cursor}


def _key(row: LanguageModel) -> str:
    return str(row.pk)


def _model(row: LanguageModel) -> ModelOut:
    return ModelOut(
        provider=row.provider.slug,
        id=row.model_id,
        name=row.name,
        capabilities=Capabilities.model_validate(capabilities_for(row)),
        pool=row.pool.name if row.pool else None,
    )


def _agent(agent: Agent) -> AgentOut:
    return AgentOut(id=agent.slug, name=agent.name, description=agent.description, starters=list(agent.starters))
