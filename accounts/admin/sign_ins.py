"""What django-axes notes about signing in: to read; and to unlock a name, one deletes its attempts."""

from __future__ import annotations

from axes import admin as axes_admin
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin

from accounts.audited_admin import AuditedAdmin
from accounts.readonly_admin import ReadOnlyAdmin

for _row in (AccessAttempt, AccessLog, AccessFailureLog):
    admin.site.unregister(_row)


@admin.register(AccessAttempt)
class AccessAttemptAdmin(AuditedAdmin, axes_admin.AccessAttemptAdmin):  # type: ignore[misc]
    """Deleting an attempt opens the lock on its name."""

    # Not the form's data: someone may have typed a password where the name belongs.
    fieldsets = [(None, {"fields": ["attempt_time", "username", "ip_address", "path_info", "failures_since_start"]})]
    actions = []


@admin.register(AccessLog)
class AccessLogAdmin(ReadOnlyAdmin, axes_admin.AccessLogAdmin):  # type: ignore[misc]
    pass


@admin.register(AccessFailureLog)
class AccessFailureLogAdmin(ReadOnlyAdmin, axes_admin.AccessFailureLogAdmin):  # type: ignore[misc]
    pass
