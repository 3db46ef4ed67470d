"""Posts bodies to the sandbox as they are, past the SDKs, which would not send most of the wrong ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2

from tests.agents.sandbox.stage import Stage

HEADERS = {"authorization": "Bearer any", "anthropic-version": "2026-10-21"}


async def post(
    stage: Stage, path: str, body: Mapping[str, Any] | bytes, *, headers: Mapping[str, str] = HEADERS
) -> httpx2.Response:
    if isinstance(body, bytes):
        return await stage.http.post(stage.url + path, content=body, headers=headers)
    return await stage.http.post(stage.url + path, json=body, headers=headers)
