"""The OpenAI Chat Completions adapter, on the official SDK: for OpenAI itself, and for gateways that speak its wire."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from types import MappingProxyType
from typing import Any

import httpx2

from agents.llm.events import ModelEvent
from agents.llm.providers.base import ModelRequest
from agents.llm.providers.failures import FailedCall
from agents.llm.providers.openai_chat_request import TokenParameter, request_body
from agents.llm.providers.openai_chat_stream import OpenAIChatFold
from agents.llm.providers.streaming import NO_KEY, SdkStream, Vendor, stream_events


class OpenAIChat:
    """A `ChatModel`. The caller owns `http_client`, and with it time-outs, proxies and who may be spoken to.

    `base_url` ends in `/v1` for most servers. `api_key` is "" for a server that asks for none, or where `http_client`
    brings its own authorisation. `token_parameter` names the reply cap: OpenAI's newer models know only
    `max_completion_tokens`, many gateways only `max_tokens`. `name` is what users read in error messages. `clock` gives
    Unix seconds. The SDK is imported here, at the first construction: that takes about a second.
    """

    def __init__(
        self,
        *,
        http_client: httpx2.AsyncClient,
        base_url: str,
        api_key: str,
        headers: Mapping[str, str] = MappingProxyType({}),
        token_parameter: TokenParameter = "max_completion_tokens",  # noqa: S107 (no password)
        name: str = "OpenAI",
        clock: Callable[[], float] = time.time,
    ) -> None:
        import openai

        self._refusals = (openai.BadRequestError, openai.UnprocessableEntityError)
        self._client = openai.AsyncOpenAI(
            http_client=http_client,
            base_url=base_url,
            api_key=api_key or NO_KEY,
            max_retries=0,
            default_headers=dict(headers),
        )
        # The SDK takes these from the environment, and would tell them to every gateway.
        self._client.organization = self._client.project = None
        self._stream_type = openai.AsyncStream[object]
        self._token_parameter = token_parameter
        self._asks_for_usage = True
        self._name = name
        self._secret = api_key
        self._vendor = Vendor(
            api_error=openai.APIError,
            connection_error=openai.APIConnectionError,
            request_id_header="x-request-id",
            clock=clock,
        )

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        call = FailedCall(provider=self._name, model=request.model, secret=self._secret)
        return stream_events(lambda: self._open(request), fold=OpenAIChatFold(), vendor=self._vendor, call=call)

    async def _open(self, request: ModelRequest) -> SdkStream:
        """Asks for usage; a server that refuses the question is asked without it, from then on."""
        body = request_body(request, token_parameter=self._token_parameter)
        if self._asks_for_usage:
            try:
                return await self._send(body | {"stream_options": {"include_usage": True}})
            except self._refusals as error:
                if "stream_options" not in str(error.body) and "include_usage" not in str(error.body):
                    raise
            self._asks_for_usage = False
        return await self._send(body)

    async def _send(self, body: dict[str, Any]) -> SdkStream:
        # Not chat.completions.create: that spends 47 ms to look through 300 messages, and its typed chunks take three
        # times as long as plain ones. Both hold up every other stream of the process.
        return await self._client.post(
            "/chat/completions", cast_to=object, body=body, stream=True, stream_cls=self._stream_type
        )
