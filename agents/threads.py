"""Database work from async code: a plain function in a thread of its own, its connection kept for the next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async

P = ParamSpec("P")
R = TypeVar("R")


def in_thread(function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """`function`, awaitable. Not thread-sensitive: with the default, every write would wait behind the slowest."""
    return database_sync_to_async(function, thread_sensitive=False)
