from tests.chat.live import ann, bob, governor, sandbox, stage, threads, transactional_db, user

__all__ = ["ann", "bob", "governor", "sandbox", "stage", "threads", "transactional_db", "user"]
