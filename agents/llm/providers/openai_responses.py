"""The OpenAI Responses adapter, on the official SDK. Stateless: nothing is stored there, every call sends it all."""

from __future__ import annotations

from typing import Any

from agents.llm.providers.base import ModelRequest
from agents.llm.providers.failures import FailedCall
from agents.llm.providers.openai_family import OpenAIFamily
from agents.llm.providers.openai_responses_request import request_body
from agents.llm.providers.openai_responses_stream import OpenAIResponsesFold


class OpenAIResponses(OpenAIFamily):
    path = "/responses"

    def body(self, request: ModelRequest, call: FailedCall) -> dict[str, Any]:
        return request_body(request)

    def fold(self, request: ModelRequest) -> OpenAIResponsesFold:
        return OpenAIResponsesFold(model=request.model)
