"""The settings over REST: one's own, and (for staff) the organisation's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Header, Query, Router, Status
from pydantic import BaseModel, ConfigDict, Field

from accounts.bearer import ApiRequest, require_scope
from accounts.models import AuditEntry, User
from accounts.paging import DEFAULT_LIMIT, Cursor, Limit, page_of
from accounts.refusals import Forbidden, InvalidRequest, NotFound
from agents import settings_resolution
from agents.availability import available_models, find_model
from agents.model_counter import agents_that_cannot_run
from agents.models import LanguageModel
from agents.pace import Counted, counted_per_call, safe_pace
from agents.roster import Agent, all_equipped
from agents.setting_changes import Number, SettingChanges, Value
from agents.setting_ranges import SettingName
from agents.settings_resolution import EffectiveSettings, Source

router = Router(tags=["agent configs"])

WhoseSettings = Annotated[Literal["own", "organisation"], Query()]
OneName = Annotated[SettingName | None, Query()]
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=40)]
_ETAG = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')
_BY = AuditEntry.Door.API


class SettingOut(BaseModel):
    """`value` takes effect (null: nothing is sent), `stored` is what the winning layer holds.

    Numbers have a `minimum` and a `maximum`, a choice has `choices`: the words that this model takes.
    """

    value: Value | None
    source: Source
    note: str
    stored: Value
    default: Value
    organisation: Value | None
    own: Value | None
    locked: bool
    minimum: Number | None
    maximum: Number | None
    choices: list[str]


class CannotRunOut(BaseModel):
    """Tokens: what instructions and tools of the agent take, and the token limit that they do not fit."""

    model_config = ConfigDict(from_attributes=True)

    agent: str
    name: str
    needed: int
    limit: int


class SafeForLimitOut(BaseModel):
    """Calls a minute before one waits, without and with cached prefixes (null: no difference)."""

    model_config = ConfigDict(from_attributes=True)

    calls: float
    cached_calls: float | None
    text: str


class AgentConfigOut(BaseModel):
    provider: str
    model: str
    values: dict[str, SettingOut]
    version: int
    safe_for_limit: SafeForLimitOut | None
    agents_that_cannot_run: list[CannotRunOut]


class AgentConfigs(BaseModel):
    items: list[AgentConfigOut]
    next_cursor: str | None


class Target(BaseModel):
    model_config = ConfigDict(extra="forbid")

    provider: str = Field(max_length=64)
    model: str = Field(max_length=200)


class CopyTo(BaseModel):
    model_config = ConfigDict(extra="forbid")

    to: list[Target] = Field(min_length=1, max_length=200)


class CopiedOut(AgentConfigOut):
    """`skipped` holds the settings that this model does not allow, each with the reason."""

    skipped: dict[str, str]


class CopiedTo(BaseModel):
    items: list[CopiedOut]


@router.get("/agent-configs", response=AgentConfigs)
def list_agent_configs(
    request: ApiRequest, *, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT, scope: WhoseSettings = "own"
) -> dict[str, Any]:
    user = _whose(request, scope)
    page = page_of(available_models(request.user), key=lambda row: str(row.pk), cursor=cursor, limit=limit)
    resolved = settings_resolution.effective_for_all(user=user, models=page.items)
    counted = counted_per_call(user=user, models=page.items)
    roster = all_equipped()
    items = [
        _config(row, settings, counted=counted, roster=roster)
        for row, settings in zip(page.items, resolved, strict=True)
    ]
    return {"items": items, "next_cursor": page.next_cursor}


# Before the calls on one model, whose path would take "/copy" for the end of a model's id.
@router.post("/agent-configs/{provider}/{path:model_id}/copy", response=CopiedTo)
def copy_agent_config(request: ApiRequest, *, provider: str, model_id: str, payload: CopyTo) -> dict[str, Any]:
    """Give other models what I have set for this one. What I inherit here is left alone there."""
    source = find_model(provider=provider, model_id=model_id)
    require_scope(request, "write")
    copied = settings_resolution.copy_own(
        user=request.user, source=source, targets=_targets(payload), actor=request.user, door=_BY
    )
    counted = counted_per_call(user=request.user, models=[one.model for one in copied])
    roster = all_equipped()
    items = [
        _config(one.model, one.settings, counted=counted, roster=roster) | {"skipped": one.skipped} for one in copied
    ]
    return {"items": items}


@router.get("/agent-configs/{provider}/{path:model_id}", response=AgentConfigOut)
def get_agent_config(
    request: ApiRequest, *, response: HttpResponse, provider: str, model_id: str, scope: WhoseSettings = "own"
) -> dict[str, Any]:
    user = _whose(request, scope)
    model = find_model(provider=provider, model_id=model_id)
    return _tagged(response, model, settings_resolution.effective(user=user, model=model), user=user)


@router.put("/agent-configs/{provider}/{path:model_id}", response=AgentConfigOut)
def put_agent_config(
    request: ApiRequest,
    *,
    response: HttpResponse,
    provider: str,
    model_id: str,
    changes: SettingChanges,
    if_match: IfMatch = None,
    scope: WhoseSettings = "own",
) -> dict[str, Any]:
    """Partial: settings that the body does not name stay."""
    user = _whose(request, scope, changes=True)
    model = find_model(provider=provider, model_id=model_id)
    require_scope(request, "write")
    saved = settings_resolution.save(
        user=user,
        model=model,
        changes=changes.named(),
        if_match=_version(if_match),
        actor=request.user,
        door=_BY,
    )
    return _tagged(response, model, saved, user=user)


@router.delete("/agent-configs/{provider}/{path:model_id}", response={204: None})
def delete_agent_config(
    request: ApiRequest,
    *,
    provider: str,
    model_id: str,
    name: OneName = None,
    if_match: IfMatch = None,
    scope: WhoseSettings = "own",
) -> Status[None]:
    """Inherit again: one setting (`?name=`), or all."""
    user = _whose(request, scope, changes=True)
    model = find_model(provider=provider, model_id=model_id)
    require_scope(request, "write")
    names = None if name is None else [name]
    settings_resolution.reset(
        user=user, model=model, names=names, if_match=_version(if_match), actor=request.user, door=_BY
    )
    return Status(204, None)


def _whose(request: ApiRequest, scope: str, *, changes: bool = False) -> User | None:
    """Whose row the call is about: None for the organisation's, which is for staff with the admin scope. To change it
    they need the permission that the admin asks for, too."""
    if scope == "own":
        return request.user
    require_scope(request, "admin")
    if not request.user.is_staff:
        raise Forbidden("The organisation's settings are for staff. Nothing was changed.")
    if changes and not request.user.has_perm("agents.change_agentconfig"):
        raise Forbidden("You may not change the organisation's settings, so nothing was changed. Ask an admin.")
    return None


def _targets(payload: CopyTo) -> list[LanguageModel]:
    """InvalidRequest names every target that is not there."""
    models, faults = [], {}
    for number, target in enumerate(payload.to):
        try:
            models.append(find_model(provider=target.provider, model_id=target.model))
        except NotFound as missing:
            faults[f"to.{number}"] = missing.message
    if faults:
        raise InvalidRequest.of_fields(faults)
    return models


def _config(
    row: LanguageModel, resolved: EffectiveSettings, *, counted: Counted, roster: Sequence[Agent]
) -> dict[str, Any]:
    """`roster` is all that can be chosen, the default agent first."""
    return {
        "provider": row.provider.slug,
        "model": row.model_id,
        **resolved.as_dict(),
        "safe_for_limit": safe_pace(resolved.values, model=row, counted=counted, agent=roster[0]),
        "agents_that_cannot_run": agents_that_cannot_run(resolved.values, model=row, roster=roster),
    }


def _tagged(
    response: HttpResponse, row: LanguageModel, resolved: EffectiveSettings, *, user: User | None
) -> dict[str, Any]:
    response["ETag"] = f'"{resolved.version}"'
    return _config(row, resolved, counted=counted_per_call(user=user, models=[row]), roster=all_equipped())


def _version(if_match: str | None) -> int | None:
    """The version that an If-Match names; None for "whatever it is" (absent or *)."""
    if if_match is None or if_match.strip() == "*":
        return None
    etag = _ETAG.fullmatch(if_match.strip())
    if etag is None:
        raise InvalidRequest.of_fields({"If-Match": 'must be a version as the ETag gave it, for example "3"'})
    return int(etag[1])
