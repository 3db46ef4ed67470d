from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin

from accounts.audited_admin import AuditedAdmin
from agents.admin.agent_config import OrganisationInline, PeopleInline
from agents.llm.capabilities import Capabilities
from agents.llm.model_families import capabilities_of
from agents.models import LanguageModel

_NOT_KNOWN = "not known to us; take it from the provider's model page"


class LanguageModelForm(forms.ModelForm):  # type: ignore[type-arg]
    """Beside each size: what is built in for this model id."""

    class Meta:
        model = LanguageModel
        fields = [
            "provider",
            "model_id",
            "name",
            "wire",
            "pool",
            "context_window",
            "max_output_tokens",
            "enabled",
            "position",
        ]
        help_texts = {
            "model_id": "As the provider writes it; it may hold “:” and “/”.",
            "pool": "The rate limit that its calls count toward. Empty: none, nothing is held back.",
            "enabled": "Switched off: nobody can choose it.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            built_in = capabilities_of(self.instance.wire, self.instance.model_id)
            for name in ("context_window", "max_output_tokens"):
                self.fields[name].help_text += f" Built in: {_tokens(getattr(built_in, name))}."

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        pool, provider = data.get("pool"), data.get("provider")
        if pool is not None and provider is not None and pool.provider_id != provider.pk:
            self.add_error("pool", "This rate pool belongs to another provider.")
        return data


@admin.register(LanguageModel)
class LanguageModelAdmin(AuditedAdmin):
    """One model of one provider, with what is known of it and its settings."""

    form = LanguageModelForm
    list_display = ["name", "provider", "model_id", "wire", "context_window", "max_output_tokens", "pool", "enabled"]
    list_select_related = ["provider", "pool__provider"]
    list_filter = ["provider", "enabled"]
    search_fields = ["name", "model_id"]
    readonly_fields = ["temperature", "retires"]
    fieldsets = [
        (None, {"fields": ["provider", "model_id", "name", "wire", "pool", "enabled", "position"]}),
        ("What it can do", {"fields": ["context_window", "max_output_tokens", "temperature", "retires"]}),
    ]
    inlines = [OrganisationInline, PeopleInline]

    @admin.display(description="Temperature (built in)")
    def temperature(self, model: LanguageModel) -> str:
        known = _built_in(model)
        how = {
            "none": "is never sent: the model does not take one",
            "default_only": "is never sent: the model takes its own default alone",
            "range": f"0 to {known.temperature_max:g}; a higher setting is sent as {known.temperature_max:g}",
        }
        return how[known.temperature] + ("" if known.known else " (assumed: we do not know this model)")

    @admin.display(description="Retires (built in)")
    def retires(self, model: LanguageModel) -> str:
        day = _built_in(model).retires
        return f"{day:%-d %B %Y}" if day else "no date known"


def _built_in(model: LanguageModel) -> Capabilities:
    return capabilities_of(model.wire, model.model_id)


def _tokens(count: int | None) -> str:
    return _NOT_KNOWN if count is None else f"{count:,} tokens"
