"""What a turn asks its owner to allow, over REST: see it, and decide. The same `actions` as the socket's."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from ninja import Router
from pydantic import BaseModel, ConfigDict, StrictBool

from accounts.bearer import ApiRequest, require_scope
from chat import actions, approvals

router = Router(tags=["chat"])


class ApprovalOut(BaseModel):
    """`request` is all that is asked for, as it is shown; `call` the id of the tool's call."""

    id: UUID
    call: str
    tool: str
    title: str
    request: str
    status: Literal["pending", "approved", "denied", "expired"]
    expires_at: str
    decided_at: str | None


class ApprovalList(BaseModel):
    items: list[ApprovalOut]
    next_cursor: str | None


class ApprovalDecision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    approved: StrictBool


@router.get("/turns/{uuid:turn_id}/approvals", response=ApprovalList)
def list_approvals(request: ApiRequest, turn_id: UUID) -> dict[str, Any]:
    """What the turn has asked its owner to allow, oldest first."""
    return {"items": approvals.of_turn(user=request.user, turn_id=turn_id), "next_cursor": None}


@router.post("/turns/{uuid:turn_id}/approvals/{uuid:approval_id}", response=ApprovalOut)
def decide_approval(request: ApiRequest, turn_id: UUID, approval_id: UUID, *, body: ApprovalDecision) -> dict[str, Any]:
    """For this one call: allowed, it runs as it was shown; refused, the model is told so and goes on without."""
    approvals.own(request.user, turn_id=turn_id, approval_id=approval_id)
    require_scope(request, "write")
    row = actions.decide(user=request.user, turn_id=turn_id, approval_id=approval_id, approved=body.approved)
    return approvals.shown(row)
