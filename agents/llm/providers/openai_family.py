"""What OpenAI's two wires have in common: the official SDK's client, its failures, and how a stream is opened."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import httpx2

from agents.llm.events import ModelEvent
from agents.llm.providers.base import ModelRequest
from agents.llm.providers.failures import FailedCall
from agents.llm.providers.streaming import NO_KEY, Fold, SdkStream, Vendor, stream_events


class OpenAIFamily(ABC):
    """A `ChatModel`. The caller owns `http_client`, and with it time-outs, proxies and who may be spoken to.

    `base_url` ends in `/v1` for most servers. `api_key` is "" for a server that asks for none, or where `http_client`
    brings its own authorisation. `name` is what users read in error messages. `clock` gives Unix seconds. The SDK is
    imported here, at the first construction: that takes about a second.
    """

    path: ClassVar[str]

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

        # Not the SDK's own `create`: what it does to a long input (47 ms for 300 messages) and to every event holds up
        # all other streams of the process. It is the same request and the same stream underneath.
        async def open_stream() -> SdkStream:
            return await self._client.post(
                self.path,
                cast_to=object,
                body=self.body(request, call),
                stream=True,
                stream_cls=self._stream_type,
            )

        return stream_events(open_stream, fold=self.fold(request), vendor=self._vendor, call=call)

    @abstractmethod
    def body(self, request: ModelRequest, call: FailedCall) -> dict[str, Any]:
        """What is sent. Raises an error of `call` where the request cannot be said on this wire."""

    @abstractmethod
    def fold(self, request: ModelRequest) -> Fold:
        """What reads the answer."""
