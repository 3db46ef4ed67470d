"""Form fields for the settings, with the strictness of `setting_changes`: for the admin and the settings tab."""

from __future__ import annotations

from typing import Any

from django import forms

from agents.setting_changes import Value, checked, from_text, is_whole
from agents.setting_ranges import Range


class SettingField(forms.CharField):
    """Text in, a checked number out. Django's own number fields would take other scripts' digits, "1e3" and spaces."""

    def __init__(self, bounds: Range, **kwargs: Any) -> None:
        self.bounds = bounds
        widget = forms.TextInput(attrs={"inputmode": "numeric" if is_whole(bounds) else "decimal", "size": 8})
        super().__init__(label=bounds.label, **{"widget": widget, **kwargs})

    def to_python(self, value: Any) -> Any:
        """None for an empty field. Called again with the clean number by Django: that passes through."""
        if isinstance(value, int | float) or value is None:
            return value
        text = str(value).strip()
        return self._number(text) if text else None

    def _number(self, text: str) -> Value:
        bounds = self.bounds
        try:
            return checked(bounds, from_text(bounds, text))
        except ValueError as fault:
            raise forms.ValidationError(f"{bounds.label} {fault}.", code="invalid") from None
