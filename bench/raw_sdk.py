"""The vendors' SDKs without us: what every figure about streams is compared with.

Without the SDKs' own checks of the arguments, too, which cost up to 47 ms: the hardest match.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import anthropic
import httpx2
import openai

from agents.llm.providers.anthropic import SAMPLING_VERSION
from agents.models import Wire

_MANY = httpx2.Limits(max_connections=1_000, max_keepalive_connections=100)


class RawSdk:
    """Both SDKs against one server; `address` has no path."""

    def __init__(self, address: str) -> None:
        self._anthropic = anthropic.AsyncAnthropic(
            base_url=address,
            api_key="raw",
            max_retries=0,
            http_client=httpx2.AsyncClient(trust_env=False, limits=_MANY),
            default_headers={"anthropic-version": SAMPLING_VERSION},
        )
        self._openai = openai.AsyncOpenAI(
            base_url=f"{address}/v1",
            api_key="raw",
            max_retries=0,
            http_client=httpx2.AsyncClient(trust_env=False, limits=_MANY),
        )

    def texts(self, wire: Wire, body: dict[str, Any]) -> AsyncGenerator[str]:
        """The pieces of text that answer `body`, as they come."""
        return self._anthropic_texts(body) if wire == Wire.ANTHROPIC_MESSAGES else self._openai_texts(body)

    async def _anthropic_texts(self, body: dict[str, Any]) -> AsyncGenerator[str]:
        stream: Any = await self._anthropic.post(
            "/v1/messages", cast_to=object, body=body, stream=True, stream_cls=anthropic.AsyncStream[object]
        )
        async with stream:
            async for event in stream:
                if event["type"] == "content_block_delta" and event["delta"]["type"] == "text_delta":
                    yield event["delta"]["text"]

    async def _openai_texts(self, body: dict[str, Any]) -> AsyncGenerator[str]:
        stream: Any = await self._openai.post(
            "/chat/completions", cast_to=object, body=body, stream=True, stream_cls=openai.AsyncStream[object]
        )
        async with stream:
            async for chunk in stream:
                for choice in chunk["choices"]:
                    if text := choice["delta"].get("content"):
                        yield text
