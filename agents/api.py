"""What can be chosen (providers, models, agents), and the settings that it runs with. Never a secret."""

from __future__ import annotations

import re
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Header, Router, Status
from pydantic import BaseModel, ConfigDict

from accounts.bearer import ApiRequest, require_scope
from accounts.paging import DEFAULT_LIMIT, Cursor, Limit, Page, page_of
from accounts.refusals import InvalidRequest
from agents import settings_resolution
from agents.availability import available_models, find_model
from agents.models import LanguageModel
from agents.roster import ROSTER, Agent
from agents.setting_changes import SettingChanges
from agents.settings_resolution import EffectiveSettings, Source

router = Router(tags=["agents"])

IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=40)]
_ETAG = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')


class ProviderOut(BaseModel):
    id: str
    name: str
    kind: str


class Capabilities(BaseModel):
    """Tokens."""

    context_window: int
    max_output_tokens: int


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


class SettingOut(BaseModel):
    value: int | float
    source: Source


class AgentConfigOut(BaseModel):
    provider: str
    model: str
    values: dict[str, SettingOut]
    version: int


class Providers(BaseModel):
    items: list[ProviderOut]
    next_cursor: str | None


class Models(BaseModel):
    items: list[ModelOut]
    next_cursor: str | None


class Agents(BaseModel):
    items: list[AgentOut]
    next_cursor: str | None


class AgentConfigs(BaseModel):
    items: list[AgentConfigOut]
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
    page = page_of(ROSTER, key=lambda agent: agent.slug, cursor=cursor, limit=limit)
    return _answer(page, [_agent(agent) for agent in page.items])


@router.get("/agent-configs", response=AgentConfigs)
def list_agent_configs(request: ApiRequest, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> dict[str, Any]:
    page = page_of(available_models(request.user), key=_key, cursor=cursor, limit=limit)
    resolved = settings_resolution.effective_for_all(user=request.user, models=page.items)
    return _answer(page, [_config(row, values) for row, values in zip(page.items, resolved, strict=True)])


@router.get("/agent-configs/{provider}/{path:model_id}", response=AgentConfigOut)
def get_agent_config(request: ApiRequest, *, response: HttpResponse, provider: str, model_id: str) -> dict[str, Any]:
    model = find_model(provider=provider, model_id=model_id)
    return _tagged(response, model, settings_resolution.effective(user=request.user, model=model))


@router.put("/agent-configs/{provider}/{path:model_id}", response=AgentConfigOut)
def put_agent_config(
    request: ApiRequest,
    *,
    response: HttpResponse,
    provider: str,
    model_id: str,
    changes: SettingChanges,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Partial: settings that the body does not name stay; null goes back to what is inherited."""
    model = find_model(provider=provider, model_id=model_id)
    require_scope(request, "write")
    saved = settings_resolution.save(
        user=request.user, model=model, changes=changes.named(), if_match=_version(if_match)
    )
    return _tagged(response, model, saved)


@router.delete("/agent-configs/{provider}/{path:model_id}", response={204: None})
def delete_agent_config(request: ApiRequest, *, provider: str, model_id: str, if_match: IfMatch = None) -> Status[None]:
    model = find_model(provider=provider, model_id=model_id)
    require_scope(request, "write")
    settings_resolution.reset(user=request.user, model=model, if_match=_version(if_match))
    return Status(204, None)


def _answer(page: Page[Any], items: list[Any]) -> dict[str, Any]:
    return {"items": items, "next_cursor": page.next_cursor}


def _key(row: LanguageModel) -> str:
    return str(row.pk)


def _model(row: LanguageModel) -> ModelOut:
    return ModelOut(
        provider=row.provider.slug,
        id=row.model_id,
        name=row.name,
        capabilities=Capabilities(context_window=row.context_window, max_output_tokens=row.max_output_tokens),
        pool=row.pool.name if row.pool else None,
    )


def _agent(agent: Agent) -> AgentOut:
    return AgentOut(id=agent.slug, name=agent.name, description=agent.description, starters=list(agent.starters))


def _config(row: LanguageModel, resolved: EffectiveSettings) -> dict[str, Any]:
    return {"provider": row.provider.slug, "model": row.model_id, **resolved.as_dict()}


def _tagged(response: HttpResponse, row: LanguageModel, resolved: EffectiveSettings) -> dict[str, Any]:
    response["ETag"] = f'"{resolved.version}"'
    return _config(row, resolved)


def _version(if_match: str | None) -> int | None:
    """The version that an If-Match names; None for "whatever it is" (absent or *)."""
    if if_match is None or if_match.strip() == "*":
        return None
    etag = _ETAG.fullmatch(if_match.strip())
    if etag is None:
        raise InvalidRequest.of_fields({"If-Match": 'must be a version as the ETag gave it, for example "3"'})
    return int(etag[1])
