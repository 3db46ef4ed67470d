"""`manage.py serve` with one agent more, whose tool never comes to an end."""

from __future__ import annotations

import asyncio

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from agents import roster  # noqa: E402
from agents.llm.tools import tool  # noqa: E402
from tests.chat import workshop  # noqa: E402


@tool(timeout=3_600)
async def work_for_ever() -> str:
    """Never comes to an end."""
    await asyncio.Event().wait()
    return "never"


roster.ROSTER = (*roster.ROSTER, workshop.agent(workshop.talk, work_for_ever))
call_command("serve")
