"""Providers, models, limits and settings in the admin; the ledger of model calls to read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import URLValidator
from django.db.models import Model
from django.http import HttpRequest

from agents.models import AgentConfig, LanguageModel, ModelCall, Provider, RatePool
from agents.setting_fields import SettingField
from agents.setting_ranges import MAX_ITERATIONS, MAX_OUTPUT_TOKENS, TEMPERATURE

_REFERENCES = ("env:", "file:")


class ReferenceInput(forms.TextInput):
    """Shows references only: a key that someone pasted by mistake is not written back into the page."""

    def format_value(self, value: Any) -> str | None:
        return super().format_value(value) if str(value or "").startswith(_REFERENCES) else None


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    base_url = forms.URLField(
        label="Base URL",
        required=False,
        assume_scheme="https",
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="Empty for the provider's own address. OpenAI kinds end in /v1.",
    )

    class Meta:
        model = Provider
        fields = ["name", "slug", "kind", "auth", "base_url", "api_key", "enabled", "position"]
        widgets = {"api_key": ReferenceInput(attrs={"size": 40, "autocomplete": "off"})}

    def clean_api_key(self) -> str:
        reference: str = self.cleaned_data["api_key"]
        if reference and not reference.startswith(_REFERENCES):
            raise forms.ValidationError("Write where the key is (env:NAME or file:PATH), never the key itself.")
        return reference


@admin.register(Provider)
class ProviderAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ProviderForm
    list_display = ["name", "slug", "kind", "auth", "api_key", "enabled", "position"]
    list_filter = ["kind", "enabled"]


@admin.register(RatePool)
class RatePoolAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = [
        "name",
        "provider",
        "requests_per_minute",
        "input_tokens_per_minute",
        "output_tokens_per_minute",
        "tokens_per_minute",
    ]
    list_select_related = ["provider"]
    list_filter = ["provider"]


@admin.register(LanguageModel)
class LanguageModelAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["name", "provider", "model_id", "wire", "context_window", "max_output_tokens", "pool", "enabled"]
    list_select_related = ["provider", "pool__provider"]
    list_filter = ["provider", "enabled"]
    search_fields = ["name", "model_id"]


class AgentConfigForm(forms.ModelForm):  # type: ignore[type-arg]
    """Checked as strictly as the API; an empty field inherits."""

    max_output_tokens = SettingField(MAX_OUTPUT_TOKENS, required=False, help_text=MAX_OUTPUT_TOKENS.description)
    temperature = SettingField(TEMPERATURE, required=False, help_text=TEMPERATURE.description)
    max_iterations = SettingField(MAX_ITERATIONS, required=False, help_text=MAX_ITERATIONS.description)

    class Meta:
        model = AgentConfig
        fields = ["model", "user", "max_output_tokens", "temperature", "max_iterations"]
        help_texts = {"user": "Empty: for everyone in the organisation who has no value of their own."}


@admin.register(AgentConfig)
class AgentConfigAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = AgentConfigForm
    list_display = ["model", "of_whom", "max_output_tokens", "temperature", "max_iterations", "version", "updated_at"]
    list_select_related = ["model__provider", "user"]
    list_filter = ["model"]
    search_fields = ["model__model_id", "user__username"]
    autocomplete_fields = ["user"]
    readonly_fields = ["version", "updated_at"]

    @admin.display(description="Of", ordering="user")
    def of_whom(self, row: AgentConfig) -> str:
        return str(row.user or "the organisation")

    def save_model(self, request: HttpRequest, obj: AgentConfig, form: Any, change: bool) -> None:  # noqa: PLR0917
        if change:
            obj.version += 1
        super().save_model(request, obj, form, change)


@admin.register(ModelCall)
class ModelCallAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The ledger is written by the governor alone."""

    list_display = [
        "created_at",
        "model",
        "user",
        "purpose",
        "status",
        "error_code",
        "estimated_input_tokens",
        "input_tokens",
        "cache_read_tokens",
        "output_tokens",
        "waited_ms",
    ]
    list_select_related = ["model__provider", "user"]
    list_filter = ["status", "purpose", "model"]
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
