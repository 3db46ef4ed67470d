"""People, their API tokens, the audit log and the lock of sign-in in the admin. A secret is never shown."""

from accounts.admin import api_tokens, audit_log, groups, people, sign_ins

__all__ = ["api_tokens", "audit_log", "groups", "people", "sign_ins"]
