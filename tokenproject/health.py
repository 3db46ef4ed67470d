"""Is the process alive, and can it do its work?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel

from accounts.bearer import identify
from accounts.refusals import NotReady, Refusal

logger = logging.getLogger("tokenproject.health")
router = Router(tags=["health"])

Check = Callable[[], None]


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


# Name -> a function that raises where the thing is not ready. Workers register themselves here at start-up.
CHECKS: dict[str, Check] = {"database": _database}


class Health(BaseModel):
    status: str


class Ready(BaseModel):
    """`checks` is for staff only."""

    status: str
    checks: dict[str, str] | None = None


@router.get("/health", response=Health, auth=None)
def health(request: HttpRequest) -> dict[str, str]:
    return {"status": "ok"}


@router.get("/ready", response=Ready, auth=None, exclude_none=True)
def ready(request: HttpRequest) -> dict[str, Any]:
    results = {name: _result(name, check) for name, check in CHECKS.items()}
    details = {"checks": results} if _is_for_staff(request) else {}
    if any(result != "ok" for result in results.values()):
        raise NotReady("Not ready: something that this server needs does not work.", params=details, retryable=True)
    return {"status": "ok", **details}


def _result(name: str, check: Check) -> str:
    try:
        check()
    except Exception as error:
        logger.warning("not ready: %s: %s", name, error)
        return f"{type(error).__name__}: {error}"
    return "ok"


def _is_for_staff(request: HttpRequest) -> bool:
    try:
        identity = identify(request)
    except Exception as error:
        # Whoever cannot be identified (also: while the database is down) is told no details.
        if not isinstance(error, Refusal):
            logger.warning("not ready: cannot tell who asks: %s", error)
        return False
    return identity.user.is_staff and identity.may("admin")
