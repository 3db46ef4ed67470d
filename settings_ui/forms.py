from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django import forms

from agents.setting_fields import SettingField
from agents.setting_ranges import RANGES
from agents.settings_resolution import EffectiveSettings


class AgentConfigForm(forms.Form):
    """The three settings as texts, and the version that they were read at.

    Each field carries along what it showed, so that only what the person touched is stored, whatever changed meanwhile.
    """

    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def __init__(self, resolved: EffectiveSettings, data: Any = None) -> None:
        super().__init__(data, initial={**asdict(resolved.values), "version": resolved.version}, auto_id="id_%s")
        for bounds in RANGES:
            self.fields[bounds.name] = SettingField(bounds, show_hidden_initial=True)

    def changes(self) -> dict[str, object]:
        """What the person touched. Only for a valid form."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name != "version"}

    def rebased(self, now: EffectiveSettings) -> AgentConfigForm:
        """The same person's entries over the settings of now: what they touched stays, the rest shows what is saved."""
        data = dict(self.data.items())
        for name, value in asdict(now.values).items():
            data[f"initial-{name}"] = str(value)
            if name not in self.changed_data:
                data[name] = str(value)
        data["version"] = str(now.version)
        return AgentConfigForm(now, data)
