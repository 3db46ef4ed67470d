"""Which store an installation's rate pools are in."""

from __future__ import annotations

from django.db import connection

from agents.governor.memory import MemoryStore
from agents.governor.postgres import PostgresStore
from agents.governor.store import Store


def store_for_database() -> Store:
    """PostgreSQL has room for many processes; on SQLite only one makes calls (`chat.sole_process`)."""
    return PostgresStore() if connection.vendor == "postgresql" else MemoryStore()
