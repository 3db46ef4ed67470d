from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.audited_admin import AuditedAdmin
from accounts.confirmation import confirmed_action
from agents.admin import capability_fields
from agents.admin.agent_config import OrganisationInline, PeopleInline
from agents.llm.capabilities import Capabilities
from agents.llm.capability_overrides import OVERRIDABLE, faults_of
from agents.llm.model_families import capabilities_of
from agents.model_capabilities import capabilities_for
from agents.models import LanguageModel
from agents.refused import forget

_NOT_KNOWN = "not known to us; take it from the provider's model page"
_SIZES = ("context_window", "max_output_tokens")


class _Form(forms.ModelForm):  # type: ignore[type-arg]
    """Beside each size and each capability: what is built in for this model id."""

    class Meta:
        model = LanguageModel
        fields = ["provider", "model_id", "name", "wire", "pool", *_SIZES, "enabled", "position"]
        help_texts = {
            "model_id": "As the provider writes it; it may hold “:” and “/”.",
            "pool": "The rate limit that its calls count toward. Empty: none, nothing is held back.",
            "enabled": "Switched off: nobody can choose it.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            return
        built_in = _built_in(self.instance)
        for name in _SIZES:
            self.fields[name].help_text += f" Built in: {_tokens(getattr(built_in, name))}."
        for name in OVERRIDABLE:
            field = self.fields[capability_fields.field_of(name)]
            field.help_text = f"{field.help_text} Built in: {capability_fields.told(name, built_in)}.".strip()
        self.initial.update(capability_fields.shown(self.instance.capabilities))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        pool, provider = data.get("pool"), data.get("provider")
        if pool is not None and provider is not None and pool.provider_id != provider.pk:
            self.add_error("pool", "This rate pool belongs to another provider.")
        overrides = capability_fields.entered(data)
        for name, fault in faults_of(overrides).items():
            self.add_error(capability_fields.field_of(name), f"{fault}.")
        self.instance.capabilities = overrides
        if {"provider", "model_id", "wire"} & set(self.changed_data):
            self.instance.refused_parameters = []  # learnt of another model
        return data


LanguageModelForm: type[_Form] = type("LanguageModelForm", (_Form,), dict(capability_fields.capability_fields()))


@admin.register(LanguageModel)
class LanguageModelAdmin(AuditedAdmin):
    """One model of one provider, with what is known of it and its settings."""

    form = LanguageModelForm
    list_display = [
        "name",
        "provider",
        "model_id",
        "wire",
        "context_window",
        "max_output_tokens",
        "retires",
        "pool",
        "enabled",
    ]
    list_select_related = ["provider", "pool__provider"]
    list_filter = ["provider", "enabled"]
    search_fields = ["name", "model_id"]
    readonly_fields = ["temperature", "retires", "refused"]
    actions = ["forget_refusals"]
    fieldsets = [
        (None, {"fields": ["provider", "model_id", "name", "wire", "pool", "enabled", "position"]}),
        ("What it can do", {"fields": [*_SIZES, "temperature", "retires", "refused"]}),
        (
            "What is known better than built in",
            {
                "description": "Empty: as built in for this model id. See docs/capabilities.md for what each means.",
                "fields": [*capability_fields.field_names()],
                "classes": ["collapse"],
            },
        ),
    ]
    inlines = [OrganisationInline, PeopleInline]

    @admin.display(description="Temperature")
    def temperature(self, model: LanguageModel) -> str:
        able = capabilities_for(model)
        how = {
            "none": "is never sent: the model does not take one",
            "default_only": "is never sent: the model takes its own default alone",
            "range": f"0 to {able.temperature_max:g}; a higher setting is sent as {able.temperature_max:g}",
        }
        return how[able.temperature] + ("" if able.known else " (assumed: we do not know this model)")

    @admin.display(description="Retires")
    def retires(self, model: LanguageModel) -> str:
        day = capabilities_for(model).retires
        return f"{day:%-d %B %Y}" if day else "no date known"

    @admin.display(description="Refused by the provider")
    def refused(self, model: LanguageModel) -> str:
        names = ", ".join(model.refused_parameters)
        if not names:
            return "nothing so far"
        return f"{names}: learnt from its errors, and not sent any more. The list of models has an action to forget it."

    @confirmed_action(
        description="Forget what the provider of the selected models refused",
        asks="The next call sends everything again. What the provider still refuses is learnt anew, which costs one "
        "failed call each time.",
        button="Forget it",
    )
    def forget_refusals(self, request: HttpRequest, queryset: QuerySet[LanguageModel]) -> None:
        for model in queryset.select_related("provider"):
            if known := forget(model):
                self.audit(request, model, action="refusals forgotten", changes={"refused_parameters": (known, [])})
        self.message_user(request, "Forgotten. From the next call on everything is sent again.")


def _built_in(model: LanguageModel) -> Capabilities:
    return capabilities_of(model.wire, model.model_id)


def _tokens(count: int | None) -> str:
    return _NOT_KNOWN if count is None else f"{count:,} tokens"
