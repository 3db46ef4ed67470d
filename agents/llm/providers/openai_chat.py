"""The OpenAI Chat Completions adapter, on the official SDK: for OpenAI itself, and for gateways that speak its wire."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from types import MappingProxyType

import httpx2

from agents.llm.errors import ConfigInvalid
from agents.llm.events import ModelEvent
from agents.llm.providers import wording
from agents.llm.providers.base import ModelRequest
from agents.llm.providers.failures import FailedCall
from agents.llm.providers.openai_chat_request import request_body
from agents.llm.providers.openai_chat_stream import OpenAIChatFold
from agents.llm.providers.streaming import NO_KEY, SdkStream, Vendor, stream_events


class OpenAIChat:
    """A `ChatModel`. The caller owns `http_client`, and with it time-outs, proxies and who may be spoken to.

    `base_url` ends in `/v1` for most servers. `api_key` is "" for a server that asks for none, or where `http_client`
    brings its own authorisation. `name` is what users read in error messages. `clock` gives Unix seconds. The SDK is
    imported here, at the first construction: that takes about a second.
    """

    def __init__(
        self,
        *,
        http_client: httpx2.AsyncClient,
        base_url: str,
        api_key: str,
        headers: Mapping[str, str] = MappingProxyType({}),
        name: str = "OpenAI",
        clock: Callable[[], float] = time.time,
    ) -> None:
        import openai

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

        # Not chat.completions.create: that spends 47 ms to look through 300 messages, and its typed chunks take three
        # times as long as plain ones. Both hold up every other stream of the process.
        async def open_stream() -> SdkStream:
            if request.tools and request.capabilities.tools_api == "responses":
                raise call.error(ConfigInvalid, wording.TOOLS_ON_ANOTHER_WIRE, detail="tools_api is responses")
            return await self._client.post(
                "/chat/completions",
                cast_to=object,
                body=request_body(request),
                stream=True,
                stream_cls=self._stream_type,
            )

        return stream_events(open_stream, fold=OpenAIChatFold(), vendor=self._vendor, call=call)
