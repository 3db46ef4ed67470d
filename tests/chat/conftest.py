from tests.chat.live import ann, bob, sandbox, stage, threads, transactional_db, user

__all__ = ["ann", "bob", "sandbox", "stage", "threads", "transactional_db", "user"]
