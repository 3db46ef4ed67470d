"""CannotPrepare: a person has to do something first. Its message is one line that says what."""

from __future__ import annotations


class CannotPrepare(Exception):
    """What failed, why, and what to do, in one line."""
