from __future__ import annotations

from typing import Any

from django import forms

from agents.admin.secret_entry import SecretEntry
from agents.models import LanguageModel

_PREFIX_OF_ANTHROPIC = "sk-ant-"


class FirstKeyForm(forms.Form):
    """Whose key it is, and the key. The key is never shown again, not even where something else is wrong."""

    vendor = forms.ChoiceField(label="Whose key is it?", widget=forms.RadioSelect)
    key = SecretEntry(label="API key")

    def __init__(self, data: Any = None, *, models: list[LanguageModel]) -> None:
        super().__init__(data)
        self._models = {model.provider.slug: model for model in models}
        vendor: Any = self.fields["vendor"]
        vendor.choices = [(slug, model.provider.name) for slug, model in self._models.items()]
        self.initial["vendor"] = next(iter(self._models), None)
        self.fields["key"].help_text = "It is stored encrypted and never shown again."

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        key, model = data.get("key", ""), self._models.get(data.get("vendor", ""))
        if not key and "key" not in self.errors:
            self.add_error("key", "Paste the key, or go on with the sandbox.")
        if model is not None and key.startswith(_PREFIX_OF_ANTHROPIC) and model.provider.kind != "anthropic":
            self.add_error("vendor", "This key looks like one of Anthropic.")
        return data

    @property
    def model(self) -> LanguageModel:
        """The model to try the key with; of a valid form."""
        return self._models[self.cleaned_data["vendor"]]
