"""A `ModelAdmin` whose every write is in the audit log, with the values before and after, in the same transaction."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts import audit
from accounts.models import AuditEntry, User
from accounts.snapshots import Snapshot, snapshot, snapshots

_EMPTY: tuple[object, ...] = (None, "", [], {})


class AuditedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Covers the form, its inlines, editable lists and both ways to delete. An action calls `audit` for its row."""

    def audit(self, request: HttpRequest, row: Model, *, action: str, changes: audit.Changes | None = None) -> None:
        if not isinstance(request.user, User):
            raise TypeError("an admin page without a signed-in user")
        audit.record(actor=request.user, door=AuditEntry.Door.ADMIN, action=action, target=row, changes=changes or {})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The audit log of this row: it knows every door, Django's own history only this one."""
        if not request.user.has_perm("accounts.view_auditentry"):
            return super().history_view(request, object_id, extra_context)
        of_row = {"target_type": self.model._meta.label, "target_id": object_id}
        return redirect(f"{reverse('admin:accounts_auditentry_changelist')}?{urlencode(of_row)}")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: PLR0917
        form.before = snapshots(self.model, [obj.pk]).get(obj.pk, {}) if change else {}
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: PLR0917
        super().save_related(request, form, formsets, change)
        self._audit_save(request, form.instance, before=form.before, created=not change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: PLR0917
        pks = {id(item.instance): item.instance.pk for item in formset.initial_forms}
        before = snapshots(formset.model, pks.values())
        super().save_formset(request, form, formset, change)
        for row in formset.new_objects:
            self._audit_save(request, row, before={}, created=True)
        for row, _ in formset.changed_objects:
            self._audit_save(request, row, before=before[row.pk], created=False)
        for row in formset.deleted_objects:
            row.pk = pks[id(row)]  # Django takes it away
            self.audit(request, row, action="deleted", changes=_told(audit.difference(before[row.pk], {})))

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        pk, before = obj.pk, snapshot(obj)
        _, counts = obj.delete()
        obj.pk = pk
        with_it = {label: count for label, count in counts.items() if label != obj._meta.label}
        changes = _told(audit.difference(before, {})) | ({"deleted with it": (None, with_it)} if with_it else {})
        self.audit(request, obj, action="deleted", changes=changes)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def _audit_save(self, request: HttpRequest, row: Model, *, before: Snapshot, created: bool) -> None:
        changes = audit.difference(before, snapshots(type(row), [row.pk])[row.pk])
        if created:
            self.audit(request, row, action="created", changes=_chosen(type(row), _told(changes)))
        elif changes:
            self.audit(request, row, action="changed", changes=changes)


def _told(changes: dict[str, tuple[object, object]]) -> dict[str, tuple[object, object]]:
    """Of a row that came or went: what it said. Its empty fields said nothing."""
    return {name: pair for name, pair in changes.items() if any(value not in _EMPTY for value in pair)}


def _chosen(model: type[Model], changes: dict[str, tuple[object, object]]) -> dict[str, tuple[object, object]]:
    """Of a new row: what is not just the default, and so tells something."""
    defaults = {field.name: field.get_default() for field in model._meta.concrete_fields if field.has_default()}
    return {name: pair for name, pair in changes.items() if name not in defaults or pair[1] != defaults[name]}
