from __future__ import annotations

from typing import Any

from django import forms

from agents.models import AgentConfig, LanguageModel
from agents.setting_fields import SettingField
from agents.setting_ranges import ADVANCED_RANGES, ALL_RANGES, RANGES
from agents.setting_rules import LOCKED, refused, rules_of

ADVANCED = tuple(bounds.name for bounds in ADVANCED_RANGES)
NAMES = (*(bounds.name for bounds in RANGES), *ADVANCED)


class AgentConfigForm(forms.ModelForm):  # type: ignore[type-arg]
    """Checked as strictly as the API, in the words of the settings tab; an empty field inherits."""

    class Meta:
        model = AgentConfig
        fields = ["model", "user", *NAMES]
        help_texts = {"user": "Empty: for everyone in the organisation who has no value of their own."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for bounds in ALL_RANGES:
            self.fields[bounds.name] = SettingField(bounds, required=False, help_text=bounds.description)

    def clean(self) -> dict[str, Any]:
        """What was changed must be allowed; what is stored already may lie outside a newer rule."""
        data: dict[str, Any] = super().clean() or {}
        model: LanguageModel | None = data.get("model")
        changes = {name: data[name] for name in NAMES if name in self.changed_data and data.get(name) is not None}
        if model is not None and changes:
            of_user = data.get("user", self.instance.user_id) is not None
            rules = rules_of([] if model._state.adding else [model])
            faults = refused(changes, model=model, rules=rules, of_user=of_user)
            for name, fault in faults.items():
                self.add_error(name, f"{self.fields[name].label} {_as_predicate(fault)}.")
        return data

    def save(self, commit: bool = True) -> Any:
        if self.has_changed() and not self.instance._state.adding:
            self.instance.version += 1
        return super().save(commit)


def _as_predicate(fault: str) -> str:
    return f"is {fault}" if fault == LOCKED else fault
