"""The OpenAI Chat Completions adapter, on the official SDK: for OpenAI itself, and for gateways that speak its wire."""

from __future__ import annotations

from typing import Any

from agents.llm.errors import ConfigInvalid
from agents.llm.providers import wording
from agents.llm.providers.base import ModelRequest
from agents.llm.providers.failures import FailedCall
from agents.llm.providers.openai_chat_request import request_body
from agents.llm.providers.openai_chat_stream import OpenAIChatFold
from agents.llm.providers.openai_family import OpenAIFamily


class OpenAIChat(OpenAIFamily):
    path = "/chat/completions"

    def body(self, request: ModelRequest, call: FailedCall) -> dict[str, Any]:
        """ConfigInvalid for a model that takes tools on Responses alone."""
        if request.tools and request.capabilities.tools_api == "responses":
            raise call.error(ConfigInvalid, wording.TOOLS_ON_ANOTHER_WIRE, detail="tools_api is responses")
        return request_body(request)

    def fold(self, request: ModelRequest) -> OpenAIChatFold:
        return OpenAIChatFold()
