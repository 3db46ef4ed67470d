"""What all tables of a configuration file have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """Strict: no number in quotes, no key that is not known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    def says(self, key: str) -> bool:
        """Whether the file holds the key, whatever its value."""
        return key in self.model_fields_set
