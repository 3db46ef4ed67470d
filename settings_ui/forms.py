from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms

from agents.setting_changes import Value, checked, must_be
from agents.setting_fields import NumberField, WordField
from agents.setting_ranges import ALL_RANGES, ALL_SETTINGS, EFFORT, Range, SettingName
from settings_ui.own_settings import OwnSettings


class CapInput(forms.TextInput):
    """Two radio buttons and a number: what 0 stands for ("no cap"), or the number."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return "0" if data.get(f"{name}-cap") == "none" else super().value_from_datadict(data, files, name)


class AgentConfigForm(forms.Form):
    """The settings as texts, and the version that they were read at.

    Each field carries along what it showed, so that only what the person touched is stored, whatever changed meanwhile.
    `moved` is what the page showed before somebody else changed it.
    """

    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, own: OwnSettings, data: Any = None, *, moved: Mapping[SettingName, str] | None = None) -> None:
        shown: dict[str, Any] = {name: setting.stored for name, setting in own.resolved.settings.items()}
        shown["version"] = own.resolved.version
        super().__init__(data, initial=shown, auto_id="id_%s")
        self.own, self.moved = own, moved or {}
        for bounds in ALL_RANGES:
            missing = f"{bounds.label} {must_be(own.allowed(bounds))}."
            self.fields[bounds.name] = NumberField(
                bounds,
                show_hidden_initial=True,
                disabled=own[bounds.name].locked,
                widget=CapInput() if bounds.advanced else forms.TextInput(),
                error_messages={"required": missing, "invalid": missing},
            )
        locked = own[EFFORT.name].locked
        self.fields[EFFORT.name] = WordField(EFFORT, show_hidden_initial=True, disabled=locked)

    @property
    def seen_version(self) -> int | None:
        """The version that the page was made with; None where the form does not say it."""
        text = str(self.data.get("version", ""))
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    @property
    def touched(self) -> list[SettingName]:
        """What differs from what the page showed, right or wrong."""
        return [setting.name for setting in ALL_SETTINGS if self.is_bound and setting.name in self.changed_data]

    @property
    def changes(self) -> dict[SettingName, Value]:
        """What the person touched, as far as it is right."""
        return {name: self.cleaned_data[name] for name in self.touched if name in self.cleaned_data}

    def clean(self) -> dict[str, Any]:
        """An admin's range binds what is touched; what was stored before the rule came may stay."""
        cleaned = cast(dict[str, Any], super().clean())
        for bounds in ALL_RANGES:
            if bounds.name in self.touched and bounds.name in cleaned:
                self._check_allowed(bounds, cleaned[bounds.name])
        return cleaned

    def _check_allowed(self, bounds: Range, value: Value) -> None:
        try:
            checked(self.own.allowed(bounds), value)
        except ValueError as error:
            self.add_error(bounds.name, f"{bounds.label} {error}.")

    def rebased(self, now: OwnSettings, *, forget: list[SettingName] | None = None) -> AgentConfigForm:
        """The same person's entries over the settings of now: what they touched stays, but for what is to be forgotten;
        the rest shows what is saved."""
        kept = set(self.touched) - set(forget or [])
        data = dict(self.data.items())
        for name, setting in now.resolved.settings.items():
            data[f"initial-{name}"] = str(setting.stored)
            if name not in kept:
                data[name] = str(setting.stored)
                data.pop(f"{name}-cap", None)
        data["version"] = str(now.resolved.version)
        moved = {name: text for name, text in self._moved(now).items() if name not in (forget or [])}
        return AgentConfigForm(now, data, moved=moved)

    def _moved(self, now: OwnSettings) -> dict[SettingName, str]:
        seen = {name: self.data.get(f"initial-{name}") for name in now.resolved.settings}
        return {name: text for name, text in seen.items() if text is not None and text != str(now[name].stored)}
