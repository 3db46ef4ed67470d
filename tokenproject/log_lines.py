"""What may stand in the log: no secret of a link that still works, and no control character that could forge a line."""

from __future__ import annotations

import logging
import re

_LINK_SECRET = re.compile(r"(/(?:setup|invite|new-password)/)[\w-]+")


class WithoutTraceback(logging.Filter):
    """For what strangers provoke as often as they like: each is one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = None
        return True


class OneLine(logging.Formatter):
    """Every record on lines of its own making; a traceback below it stays readable."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        said = _LINK_SECRET.sub(r"\1…", record.message)
        record.message = "".join(char if char.isprintable() else repr(char)[1:-1] for char in said)
        return super().formatMessage(record)
