from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin

from accounts.audited_admin import AuditedAdmin
from agents.models import SettingRule
from agents.setting_rules import rule_faults

_RANGE_HELP = "The {} that people may choose. Empty: as far as the setting itself goes."


class SettingRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rule says something, and nothing that the setting's own range has no room for."""

    class Meta:
        model = SettingRule
        fields = ["setting", "model", "locked", "minimum", "maximum"]
        help_texts = {
            "model": "Empty: for every model. A rule for one model goes before the rule for all.",
            "locked": "People see the organisation's value and cannot change it. Values of their own are kept, but do "
            "not count for as long as the lock is there.",
            "minimum": _RANGE_HELP.format("least"),
            "maximum": _RANGE_HELP.format("most"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("minimum", "maximum"):
            end = self.initial.get(name)
            if end is not None and end.is_integer():
                self.initial[name] = int(end)  # The column holds floats: 20.0 iterations are 20.

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        low, high = data.get("minimum"), data.get("maximum")
        if not data.get("locked") and low is None and high is None and not self.errors:
            raise forms.ValidationError("The rule says nothing: lock the setting, or give it a range.")
        for name, fault in rule_faults(setting=data.get("setting", ""), minimum=low, maximum=high).items():
            if name in data:
                self.add_error(name, f"{self.fields[name].label} {fault}.")
        return data


@admin.register(SettingRule)
class SettingRuleAdmin(AuditedAdmin):
    """What people may set. It narrows the settings tab, the API and every turn alike, from the next turn on."""

    form = SettingRuleForm
    list_display = ["setting", "of_which", "locked", "least", "most"]
    list_filter = ["setting", "locked", "model"]
    list_select_related = ["model__provider"]

    @admin.display(description="Model", ordering="model")
    def of_which(self, row: SettingRule) -> str:
        return str(row.model or "every model")

    @admin.display(description="Least", ordering="minimum")
    def least(self, row: SettingRule) -> str:
        return "—" if row.minimum is None else f"{row.minimum:,g}"

    @admin.display(description="Most", ordering="maximum")
    def most(self, row: SettingRule) -> str:
        return "—" if row.maximum is None else f"{row.maximum:,g}"
