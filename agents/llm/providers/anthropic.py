"""The Anthropic Messages adapter, on the official SDK."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from types import MappingProxyType

import httpx2

from agents.llm.events import ModelEvent
from agents.llm.providers.anthropic_request import request_body, sent_temperature
from agents.llm.providers.anthropic_stream import AnthropicFold
from agents.llm.providers.base import ModelRequest
from agents.llm.providers.failures import FailedCall
from agents.llm.providers.streaming import NO_KEY, SdkStream, Vendor, stream_events

VERSION_HEADER = "anthropic-version"
SAMPLING_VERSION = "2023-06-01"
"""Sent with a temperature; the newer version that the SDK sends refuses one for every model, even at its default."""


class AnthropicMessages:
    """A `ChatModel`. The caller owns `http_client`, and with it time-outs, proxies and who may be spoken to.

    `base_url` is the root of the host, with or without a trailing `/v1`. `api_key` is "" for a server that asks for
    none, or where `http_client` brings its own authorisation. A version in `headers` wins over ours. `name` is what
    users read in error messages. `clock` gives Unix seconds. The SDK is imported here, at the first construction: that
    takes about a second.
    """

    def __init__(
        self,
        *,
        http_client: httpx2.AsyncClient,
        base_url: str,
        api_key: str,
        headers: Mapping[str, str] = MappingProxyType({}),
        name: str = "Anthropic",
        clock: Callable[[], float] = time.time,
    ) -> None:
        import anthropic

        self._client = anthropic.AsyncAnthropic(
            http_client=http_client,
            base_url=base_url.rstrip("/").removesuffix("/v1"),
            api_key=api_key or NO_KEY,
            max_retries=0,
            default_headers=dict(headers),
        )
        self._has_own_version = any(header.lower() == VERSION_HEADER for header in headers)
        self._name = name
        self._secret = api_key
        self._vendor = Vendor(
            api_error=anthropic.APIError,
            connection_error=anthropic.APIConnectionError,
            request_id_header="request-id",
            clock=clock,
        )

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        async def open_stream() -> SdkStream:
            stream: SdkStream = await self._client.messages.create(
                **request_body(request), extra_headers=self._headers_for(request)
            )
            return stream

        call = FailedCall(provider=self._name, model=request.model, secret=self._secret)
        return stream_events(open_stream, fold=AnthropicFold(model=request.model), vendor=self._vendor, call=call)

    def _headers_for(self, request: ModelRequest) -> dict[str, str]:
        if self._has_own_version or sent_temperature(request) is None:
            return {}
        return {VERSION_HEADER: SAMPLING_VERSION}
