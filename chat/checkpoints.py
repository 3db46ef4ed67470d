"""Moves SQLite's write-ahead log into the database file, beside the writers.

Left to itself, SQLite does that inside whichever commit makes the log a thousand pages long, and that one waits for the
disk: 10 ms and more, of a message or of every stream at once. `settings` lets the log grow instead, and this empties it
before it does. A passive checkpoint waits for nobody and keeps nobody waiting.
"""

from __future__ import annotations

import asyncio
import logging

from django.db import DatabaseError, connection

from agents.threads import in_thread

EVERY = 1.0  # seconds

logger = logging.getLogger(__name__)


async def run() -> None:
    while True:
        await asyncio.sleep(EVERY)
        try:
            await _checkpoint()
        except DatabaseError:
            logger.exception("could not checkpoint the database; trying again")


@in_thread
def _checkpoint() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
