"""`python -m tests.services.calling_process MODEL USER`: a process that makes `CALLS` calls to a model at once.

It prints a line for each call that was answered.
"""

from __future__ import annotations

import asyncio
import sys
from uuid import uuid4

import django

CALLS = 50
TEXT = "lorem ipsum " * 1_000 + "\nlong 20"


async def call_at_once(model_id: str, user_id: str) -> None:
    from agents import registry
    from agents.llm.messages import user_text
    from agents.llm.providers.base import BlockCounts, ModelRequest
    from agents.model_capabilities import capabilities_for
    from agents.model_counter import counter_of
    from agents.models import LanguageModel
    from agents.threads import in_thread

    row = await in_thread(LanguageModel.objects.select_related("provider", "pool").get)(pk=model_id)
    counter, message = counter_of(row), user_text(TEXT)
    counts = BlockCounts(instructions=0, tools=0, overhead=counter.overhead, messages=(counter.stored_count(message),))
    model = await registry.build_model(model=row, user_id=user_id)

    async def call() -> None:
        request = ModelRequest(
            model=row.model_id,
            call_id=str(uuid4()),
            instructions="",
            messages=(message,),
            counts=counts,
            max_output_tokens=100,
            capabilities=capabilities_for(row),
        )
        async for _ in model.stream(request):
            pass
        print("answered", flush=True)  # noqa: T201

    await asyncio.gather(*(call() for _ in range(CALLS)))
    await asyncio.to_thread(registry.close_governor)


if __name__ == "__main__":
    django.setup()
    asyncio.run(call_at_once(*sys.argv[1:]))
