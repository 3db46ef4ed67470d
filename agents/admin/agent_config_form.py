from __future__ import annotations

from typing import Any

from django import forms

from agents.models import AgentConfig, LanguageModel
from agents.setting_changes import must_be
from agents.setting_fields import InheritableWordField, NumberField
from agents.setting_ranges import ALL_RANGES, ALL_SETTINGS, AS_THE_MODEL_DOES, EFFORT, Range
from agents.setting_rules import LOCKED, refused, rules_of

NAMES = tuple(setting.name for setting in ALL_SETTINGS)
ADVANCED = tuple(setting.name for setting in ALL_SETTINGS if setting.advanced)

_TAKEN = "Sent only to models that have it."


class AgentConfigForm(forms.ModelForm):  # type: ignore[type-arg]
    """Checked as strictly as the API, in the words of the settings tab; an empty field inherits.

    Each field carries along what it showed, as in the tab: only what was touched is stored, and what somebody else
    changed meanwhile is a fault that is told once.
    """

    class Meta:
        model = AgentConfig
        fields = ["model", "user", *NAMES]
        help_texts = {"user": "Empty: for everyone in the organisation who has no value of their own."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for bounds in ALL_RANGES:
            self.fields[bounds.name] = NumberField(
                bounds, required=False, help_text=_help(bounds), show_hidden_initial=True
            )
        self.fields[EFFORT.name] = InheritableWordField(
            EFFORT, help_text=f"{EFFORT.description} {_TAKEN}", show_hidden_initial=True
        )

    def clean(self) -> dict[str, Any]:
        """What was changed must be allowed; what is stored already may lie outside a newer rule."""
        data: dict[str, Any] = super().clean() or {}
        if not self.instance._state.adding:
            self._leave_what_was_not_touched(data)
        model: LanguageModel | None = data.get("model")
        changes = {name: data[name] for name in NAMES if name in self.changed_data and data.get(name) is not None}
        if model is not None and changes:
            of_user = data.get("user", self.instance.user_id) is not None
            rules = rules_of([] if model._state.adding else [model])
            faults = refused(changes, model=model, rules=rules, of_user=of_user)
            for name, fault in faults.items():
                self.add_error(name, f"{self.fields[name].label} {_as_predicate(fault)}.")
        return data

    def _leave_what_was_not_touched(self, data: dict[str, Any]) -> None:
        """`instance` is still as it is stored."""
        for name in NAMES:
            now = getattr(self.instance, name)
            if name not in self.changed_data:
                data[name] = now
            elif name in data and data[name] != now and self._moved(name, now):
                self._tell_once(name, now)

    def _moved(self, name: str, now: object) -> bool:
        shown = self.data.get(self[name].html_initial_name)
        return shown is not None and self.fields[name].has_changed(now, shown)

    def _tell_once(self, name: str, now: object) -> None:
        """Saved again, the form means what it says: it has seen the value of now."""
        field = self.fields[name]
        shown = field.prepare_value(now)
        data: Any = self.data
        self.data = data = data.copy()  # what was sent is immutable
        data[self[name].html_initial_name] = "" if shown is None else str(shown)
        saved = "nothing" if now is None else str(now) or AS_THE_MODEL_DOES
        self.add_error(name, f"Changed elsewhere meanwhile: {saved} is saved now. Save again to keep yours.")

    def save(self, commit: bool = True) -> Any:
        if self.has_changed() and not self.instance._state.adding:
            self.instance.version += 1
        return super().save(commit)


def _help(bounds: Range) -> str:
    """In the words of the tab: what it does, and what it must be."""
    return f"{bounds.description} {must_be(bounds).removeprefix('must be ').capitalize()}."


def _as_predicate(fault: str) -> str:
    return f"is {fault}" if fault == LOCKED else fault
