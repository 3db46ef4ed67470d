"""Form fields for the settings, with the strictness of `setting_changes`: for the admin and the settings tab."""

from __future__ import annotations

from typing import Any

from django import forms

from agents.setting_changes import Number, checked, checked_number, from_text, is_whole
from agents.setting_ranges import Choice, Range


class NumberField(forms.CharField):
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

    def _number(self, text: str) -> Number:
        bounds = self.bounds
        try:
            return checked_number(bounds, from_text(bounds, text))
        except ValueError as fault:
            raise forms.ValidationError(f"{bounds.label} {fault}.", code="invalid") from None


class WordField(forms.Field):
    """One of a choice's words, or "". A form that does not send it at all says nothing, which is a fault."""

    def __init__(self, choice: Choice, **kwargs: Any) -> None:
        self.choice = choice
        super().__init__(label=choice.label, required=False, **kwargs)

    def to_python(self, value: Any) -> Any:
        try:
            return checked(self.choice, value)
        except ValueError as fault:
            raise forms.ValidationError(f"{self.choice.label} {fault}.", code="invalid") from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(initial != data)


class InheritableWordField(WordField):
    """The same, or None, which inherits. A form sends only texts, so each of the two that are no word has one."""

    INHERITS, EMPTY = "", "-"

    def __init__(self, choice: Choice, **kwargs: Any) -> None:
        named = [(word, word) for word in choice.words]
        options = [(self.INHERITS, "---------"), (self.EMPTY, choice.empty_means), *named]
        super().__init__(choice, widget=forms.Select(choices=options), **kwargs)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial if self.disabled else self._value(data)

    def prepare_value(self, value: Any) -> Any:
        return self.INHERITS if value is None else value or self.EMPTY

    def to_python(self, value: Any) -> Any:
        word = self._value(value)
        return None if word is None else super().to_python(word)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(initial != self._value(data))

    def _value(self, text: Any) -> Any:
        if text in (None, self.INHERITS):
            return None
        return "" if text == self.EMPTY else text
