"""`LearningModel`: a `ChatModel` around a governed one. What its provider refuses is left out, once and for all.

Each try is a call of its own for the governor and in the ledger. That a parameter was to blame is believed, and
remembered for the model, only when the provider takes the request without it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import replace

from django.db import DatabaseError

from agents import refused
from agents.llm.capabilities import Parameter
from agents.llm.errors import ParameterRefused
from agents.llm.events import BEFORE_CONTENT, CallRefitted, CallRetried, ModelEvent
from agents.llm.providers.base import ChatModel, ModelRequest, refitted
from agents.llm.refused_parameters import refusing, without
from agents.models import LanguageModel
from agents.threads import in_thread

logger = logging.getLogger(__name__)


class LearningModel:
    """`model` is the row that what is learnt is kept with, here in memory too."""

    def __init__(self, *, inner: ChatModel, model: LanguageModel) -> None:
        self._inner = inner
        self._model = model

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent]:
        """What the model says; a `CallRetried` before each call after the first."""
        able = refusing(request.capabilities, self._model.refused_parameters)
        request = replace(request, capabilities=able)
        dropped: list[Parameter] = []
        while True:
            begun = False
            try:
                async with aclosing(self._inner.stream(request)) as events:
                    async for event in events:
                        if isinstance(event, CallRefitted):
                            request = refitted(request, event)
                        if not begun and not isinstance(event, BEFORE_CONTENT):
                            begun = True
                            await self._remember(dropped)
                        yield event
                return
            except ParameterRefused as refusal:
                lighter = None if begun else without(request, refusal.parameter)
                if lighter is None:
                    raise
                logger.info("%s refused %r: trying without (%s)", self._model, refusal.parameter, refusal.detail)
                dropped.append(refusal.parameter)
            request = replace(lighter, call_id=str(uuid.uuid4()))
            yield CallRetried(call_id=request.call_id)

    async def _remember(self, parameters: Iterable[Parameter]) -> None:
        """An answer that is on its way does not fail for what we could not write down: then the next call learns it."""
        if not (names := list(parameters)):
            return
        try:
            await in_thread(refused.remember)(self._model, names)
        except (DatabaseError, LanguageModel.DoesNotExist):
            logger.exception("could not keep that %s refuses %s", self._model, names)
