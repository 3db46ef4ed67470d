"""`[[agent]]`: what an admin makes of a shipped agent, as a file says it. The form takes neither more nor less."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from agents.configuration.block import Block
from agents.configuration.fields import FilledLine, Line, Slug, Text
from agents.models import DEFAULT_AGENT_SLUG

AgentName = Annotated[Line, Field(max_length=100)]
Starters = Annotated[list[FilledLine], Field(max_length=6)]
ToolNames = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=200)]


class AgentBlock(Block):
    """Says everything about one agent: what is left out, or empty, is as shipped. `based_on` is the slug of the shipped
    agent whose tools it has; for a shipped one it may be left out."""

    slug: Slug
    based_on: Slug | None = None
    name: AgentName = ""
    description: Line = ""
    instructions: Text = ""
    starters: Starters = []
    tools_off: ToolNames = []
    enabled: bool = True

    @field_validator("enabled")
    @classmethod
    def _default_stays_on(cls, value: bool, info: ValidationInfo) -> bool:
        if not value and info.data.get("slug") == DEFAULT_AGENT_SLUG:
            raise ValueError("must be true: this is the agent that answers where none was chosen")
        return value
