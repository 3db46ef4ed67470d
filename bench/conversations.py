"""Long conversations to measure with: plain English, about 80 tokens a message, the same each time."""

from __future__ import annotations

import uuid

from agents.llm.messages import Message, TextPart, parts_to_list
from agents.llm.tokens import TokenCounter
from chat import models

_SUBJECTS = ("the order service", "a worker", "the cache", "our gateway", "the oldest replica", "every third request")
_VERBS = ("waits for", "retries", "has lost", "is slower than", "depends on", "was restarted before")
_OBJECTS = ("its database", "the payment provider", "two other services", "the last deployment", "a full queue")
_SENTENCES = 7


def text(number: int) -> str:
    """The text of message `number`: seven sentences that no other message has in this order."""
    places = range(number * _SENTENCES, (number + 1) * _SENTENCES)
    return " ".join(
        f"Note {place}: {_SUBJECTS[place % 6]} {_VERBS[place // 6 % 6]} {_OBJECTS[place // 36 % 5]}."
        for place in places
    )


def history(count: int) -> list[Message]:
    """`count` messages, questions and answers in turn (so `count` is even), and a new question."""
    return [
        Message(
            role="assistant" if number % 2 else "user",
            parts=(TextPart(text=text(number)),),
            id=str(uuid.UUID(int=number + 1)),
        )
        for number in range(count + 1)
    ]


def store(
    messages: list[Message], *, conversation: models.Conversation, counter: TokenCounter, keep_ids: bool = False
) -> models.Branch:
    """Write the messages as the rows of a new branch, counted, as turns would have left them. The ids of `history` are
    the same each time; unless `keep_ids`, the rows have others."""
    branch = models.Branch.objects.create(conversation=conversation)
    tokens = 0
    rows = []
    for position, message in enumerate(messages):
        count = counter.stored_count(message)
        rows.append(
            models.Message(
                id=message.id if keep_ids else uuid.uuid4(),
                conversation=conversation,
                branch=branch,
                position=position,
                role=message.role,
                parts=parts_to_list(message.parts),
                token_count=count,
                token_encoding=counter.name,
                tokens_before=tokens,
            )
        )
        tokens += count
    models.Message.objects.bulk_create(rows, batch_size=500)
    return branch
