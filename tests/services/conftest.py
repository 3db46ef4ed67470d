"""The live tests of `tests/chat`, on the servers that a bigger installation has."""

from tests.chat.live import ann, bob, governor, sandbox, stage, threads, transactional_db, user

__all__ = ["ann", "bob", "governor", "sandbox", "stage", "threads", "transactional_db", "user"]
