"""Questions to an agent, and what became of them in the rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from accounts.models import User
from agents.models import AgentConfig, LanguageModel, ModelCall
from chat.models import Conversation, Iteration, Message, Turn
from tests.chat.made import queued
from tests.chat.shop import Shop, until_all
from tests.chat.stage import rows


async def ask(shop: Shop, user: User, text: str, *, conversation: Conversation) -> Turn:
    turn = (await rows(queued, user, text, conversation=conversation)).turn
    shop.worker.wake()
    assert await until_all([turn.pk], *Turn.ENDED) == ["completed"]
    return turn


def answer_of(turn: Turn) -> str:
    texts = [
        "".join(part["text"] for part in row.parts if part["kind"] == "text")
        for row in Message.objects.filter(turn=turn, role="assistant").order_by("position")
    ]
    return texts[-1]


def calls_of(turn: Turn) -> list[list[str]]:
    """The names of the tools that each iteration called."""
    found = Message.objects.filter(turn=turn, role="assistant").order_by("position")
    return [[part["name"] for part in row.parts if part["kind"] == "tool_call"] for row in found]


def results_of(turn: Turn) -> list[dict[str, Any]]:
    found = Message.objects.filter(turn=turn, role="tool").order_by("position")
    return [part for row in found for part in row.parts]


def calls_booked(turn: Turn) -> list[ModelCall]:
    return [
        one.model_call
        for one in Iteration.objects.filter(turn=turn).select_related("model_call").order_by("n")
        if one.model_call is not None
    ]


def receipts_of(turn: Turn) -> list[dict[str, Any]]:
    return list(Iteration.objects.filter(turn=turn).order_by("n").values_list("receipt", flat=True))


def settings_of(turn: Turn) -> dict[str, Any]:
    values = Turn.objects.get(pk=turn.pk).settings["values"]
    return {name: one["value"] for name, one in values.items()}


def set_iterations(user: User, most: int, *, model_id: str = "sandbox-claude") -> None:
    model = LanguageModel.objects.get(model_id=model_id)
    AgentConfig.objects.create(model=model, user=user, max_iterations=most)


def started(user: User, text: str, *, conversation: Conversation) -> UUID:
    """A turn that waits for a worker."""
    return queued(user, text, conversation=conversation).turn.pk
