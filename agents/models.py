"""Providers, models, their rate pools and settings, the ledger of model calls, what tools connect to, whole results.

Rows only: no network, no logic.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from agents import mcp_rows  # noqa: F401 - Django looks for rows here, and nowhere else
from agents.setting_ranges import (
    ADVANCED_RANGES,
    ALL_SETTINGS,
    CONTEXT_TOKEN_LIMIT,
    EFFORT,
    LAST_MESSAGES,
    MAX_AGE_MINUTES,
    MAX_ITERATIONS,
    MAX_OUTPUT_TOKENS,
    RESPONSE_TOKEN_LIMIT,
    TEMPERATURE,
    Range,
)


class Wire(models.TextChoices):
    """The protocol that a model is spoken to in."""

    ANTHROPIC_MESSAGES = "anthropic_messages", "Anthropic Messages"
    OPENAI_CHAT = "openai_chat", "OpenAI Chat Completions"
    OPENAI_RESPONSES = "openai_responses", "OpenAI Responses"


class Provider(models.Model):
    """Who serves models: an account behind one address."""

    class Kind(models.TextChoices):
        ANTHROPIC = "anthropic", "Anthropic"
        OPENAI = "openai", "OpenAI"
        OPENAI_COMPATIBLE = "openai_compatible", "OpenAI-compatible gateway"
        SANDBOX = "sandbox", "Sandbox (no key, no AI)"

    class Auth(models.TextChoices):
        NONE = "none", "None"
        API_KEY = "api_key", "API key"
        OAUTH2 = "oauth2", "OAuth2 client credentials"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=32, choices=Kind.choices)
    auth = models.CharField(max_length=16, choices=Auth.choices, default=Auth.API_KEY)
    base_url = models.URLField(blank=True, help_text="Empty for the provider's own address. OpenAI kinds end in /v1.")
    api_key = models.TextField(
        blank=True,
        help_text="A reference (env:NAME, file:PATH) or the encrypted key itself (sealed:…); never the plain key.",
    )
    headers = models.JSONField(default=dict, blank=True, help_text="Sent with every call; never a secret.")
    oauth2 = models.JSONField(
        default=dict,
        blank=True,
        help_text="Client credentials: token_url, client_id, client_secret (as api_key), scope, audience, client_auth.",
    )
    enabled = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0, help_text="Order in the pickers, smallest first.")

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(api_key="")
                | Q(api_key__startswith="env:")
                | Q(api_key__startswith="file:")
                | Q(api_key__startswith="sealed:"),
                name="provider_api_key_is_never_plain",
            ),
        ]

    def __str__(self) -> str:
        return self.name


MOST_BURST_SECONDS = 60
"""A limit by the minute never lets more than a minute's worth through at once."""

DEFAULT_PATIENCE_SECONDS = 300


class RatePool(models.Model):
    """One credential's limit that one or more models share: in requests and tokens per minute, and in calls at once.

    Empty: no such limit, and for the bursts the usual one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="pools")
    name = models.CharField(max_length=64)
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    input_tokens_per_minute = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    output_tokens_per_minute = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    tokens_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Instead of the two above, where the provider counts input and output together. A call then counts "
        "with its input and its whole reply cap when it is sent, as OpenAI counts it.",
    )
    count_cached_input = models.BooleanField(default=False, help_text="Do cached input tokens count toward the limit?")
    concurrent_calls = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="Calls in flight at once. Empty: no limit."
    )
    token_burst_seconds = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_BURST_SECONDS)],
        help_text=f"How many seconds of the token limits may be used at once, 1 to {MOST_BURST_SECONDS}. Empty: 60, a "
        "whole minute's.",
    )
    request_burst_seconds = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_BURST_SECONDS)],
        help_text=f"The same for requests, 1 to {MOST_BURST_SECONDS}. Empty: 6, because a provider may enforce 60 "
        "requests a minute as one a second.",
    )
    patience_seconds = models.PositiveIntegerField(
        default=DEFAULT_PATIENCE_SECONDS,
        validators=[MinValueValidator(1)],
        help_text="A message that would wait longer than this for its first call is told that the model is busy; its "
        "text is kept.",
    )

    class Meta:
        ordering = ["provider", "name"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "name"], name="rate_pool_name_is_unique_per_provider"),
            models.CheckConstraint(
                condition=Q(tokens_per_minute__isnull=True)
                | Q(input_tokens_per_minute__isnull=True, output_tokens_per_minute__isnull=True),
                name="rate_pool_counts_together_or_apart",
                violation_error_message="Tokens per minute count input and output together: fill in that one, or input "
                "and output tokens per minute.",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gt": 0}),
                    name=f"rate_pool_{field}_is_positive",
                )
                for field in (
                    "requests_per_minute",
                    "input_tokens_per_minute",
                    "output_tokens_per_minute",
                    "tokens_per_minute",
                    "concurrent_calls",
                )
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{field}__isnull": True})
                    | Q(**{f"{field}__gte": 1, f"{field}__lte": MOST_BURST_SECONDS}),
                    name=f"rate_pool_{field}_in_range",
                )
                for field in ("token_burst_seconds", "request_burst_seconds")
            ),
            models.CheckConstraint(condition=Q(patience_seconds__gt=0), name="rate_pool_patience_seconds_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} · {self.name}"


class RatePoolState(models.Model):
    """What the governor knows of a rate pool now, where several processes share it; packed (`agents.governor`)."""

    key = models.TextField(unique=True)
    state = models.BinaryField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class LanguageModel(models.Model):
    """What is served: one model of one provider. `model_id` may hold ":" and "/"."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="models")
    model_id = models.CharField(max_length=200)
    name = models.CharField(max_length=100)
    wire = models.CharField(max_length=32, choices=Wire.choices)
    pool = models.ForeignKey(RatePool, null=True, blank=True, on_delete=models.SET_NULL, related_name="models")
    context_window = models.PositiveIntegerField(help_text="Tokens of input and output that the model can hold.")
    max_output_tokens = models.PositiveIntegerField(help_text="The model's own maximum for one reply, in tokens.")
    capabilities = models.JSONField(
        default=dict, blank=True, help_text="What is known better than built in (see agents.llm.capability_overrides)."
    )
    refused_parameters = models.JSONField(
        default=list,
        blank=True,
        help_text="Learnt: parameters that the provider refused for this model; never sent again.",
    )
    enabled = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["provider__position", "position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "model_id"], name="model_id_is_unique_per_provider"),
            models.CheckConstraint(
                condition=Q(context_window__gt=0, max_output_tokens__gt=0), name="model_sizes_are_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} · {self.name}"


def _within(bounds: Range) -> Q:
    name = bounds.name
    return Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": bounds.minimum, f"{name}__lte": bounds.maximum})


def _validators(bounds: Range, cast: type[int] | type[float]) -> list[MinValueValidator | MaxValueValidator]:
    return [MinValueValidator(cast(bounds.minimum)), MaxValueValidator(cast(bounds.maximum))]


class AgentConfig(models.Model):
    """The settings of one provider/model pair: the organisation's row (no user) or one user's. Empty inherits."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(LanguageModel, on_delete=models.CASCADE, related_name="configs")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="agent_configs"
    )
    max_output_tokens = models.PositiveIntegerField(
        MAX_OUTPUT_TOKENS.label, null=True, blank=True, validators=_validators(MAX_OUTPUT_TOKENS, int)
    )
    temperature = models.FloatField(
        TEMPERATURE.label, null=True, blank=True, validators=_validators(TEMPERATURE, float)
    )
    max_iterations = models.PositiveSmallIntegerField(
        MAX_ITERATIONS.label, null=True, blank=True, validators=_validators(MAX_ITERATIONS, int)
    )
    last_messages = models.PositiveSmallIntegerField(LAST_MESSAGES.label, null=True, blank=True)
    max_age_minutes = models.PositiveSmallIntegerField(MAX_AGE_MINUTES.label, null=True, blank=True)
    context_token_limit = models.PositiveIntegerField(CONTEXT_TOKEN_LIMIT.label, null=True, blank=True)
    response_token_limit = models.PositiveIntegerField(RESPONSE_TOKEN_LIMIT.label, null=True, blank=True)
    effort = models.CharField(  # noqa: DJ001 - NULL inherits, "" is a value: the model's own default
        EFFORT.label, max_length=8, null=True, blank=True, choices=[(word, word) for word in ("", *EFFORT.words)]
    )
    version = models.PositiveIntegerField(default=1, editable=False, help_text="Grows with every save.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "agent config"
        constraints = [
            models.UniqueConstraint(
                fields=["model"], condition=Q(user__isnull=True), name="one_org_agent_config_per_model"
            ),
            models.UniqueConstraint(
                fields=["model", "user"], condition=Q(user__isnull=False), name="one_agent_config_per_model_and_user"
            ),
            models.CheckConstraint(
                condition=_within(MAX_OUTPUT_TOKENS), name="agent_config_max_output_tokens_in_range"
            ),
            models.CheckConstraint(condition=_within(TEMPERATURE), name="agent_config_temperature_in_range"),
            models.CheckConstraint(condition=_within(MAX_ITERATIONS), name="agent_config_max_iterations_in_range"),
            *(
                models.CheckConstraint(
                    condition=_within(bounds) | Q(**{bounds.name: 0}), name=f"agent_config_{bounds.name}_in_range"
                )
                for bounds in ADVANCED_RANGES
            ),
            models.CheckConstraint(
                condition=Q(effort__isnull=True) | Q(effort__in=["", *EFFORT.words]), name="agent_config_effort_is_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} ({self.user or 'organisation'})"


class SettingRule(models.Model):
    """What an admin allows users to set: a lock or a narrower range of one setting, for one model or for all of them.

    A locked setting has the organisation's value for everyone. A rule for a model goes before the rule for all.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(
        LanguageModel,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="setting_rules",
        help_text="Empty: every model.",
    )
    setting = models.CharField(max_length=32, choices=[(setting.name, setting.label) for setting in ALL_SETTINGS])
    locked = models.BooleanField(default=False, help_text="Users see the organisation's value and cannot change it.")
    minimum = models.FloatField(null=True, blank=True)
    maximum = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["setting"], condition=Q(model__isnull=True), name="one_rule_per_setting_for_all_models"
            ),
            models.UniqueConstraint(
                fields=["model", "setting"], condition=Q(model__isnull=False), name="one_rule_per_setting_and_model"
            ),
            models.CheckConstraint(
                condition=Q(minimum__isnull=True) | Q(maximum__isnull=True) | Q(minimum__lte=F("maximum")),
                name="setting_rule_is_a_range",
            ),
            models.CheckConstraint(
                condition=~Q(setting=EFFORT.name) | Q(minimum__isnull=True, maximum__isnull=True),
                name="setting_rule_of_a_choice_has_no_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_setting_display()} ({self.model or 'all models'})"


class ModelCall(models.Model):
    """One request to a provider, whoever makes it: what was estimated, what the provider counted, how long it took."""

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(LanguageModel, null=True, on_delete=models.SET_NULL, related_name="calls")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="model_calls")
    purpose = models.CharField(max_length=32, default="chat")
    agent = models.SlugField(
        max_length=64, blank=True, db_index=False, help_text="Whose call it was; empty for a call that no agent made."
    )
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.RUNNING)
    estimated_input_tokens = models.PositiveIntegerField()
    max_output_tokens = models.PositiveIntegerField()
    reserved_input_tokens = models.PositiveIntegerField(
        default=0, db_default=0, help_text="What the governor set aside: input that its pool counts."
    )
    reserved_output_tokens = models.PositiveIntegerField(default=0, db_default=0)
    retries = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often it was sent again before any of an answer came."
    )
    rate_limited = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often the provider refused it because of a rate limit."
    )
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    cache_read_tokens = models.PositiveIntegerField(null=True)
    cache_write_tokens = models.PositiveIntegerField(null=True)
    reasoning_tokens = models.PositiveIntegerField(null=True)
    finish_reason = models.CharField(max_length=32, blank=True)
    error_code = models.CharField(max_length=32, blank=True)
    request_id = models.CharField(max_length=100, blank=True)
    waited_ms = models.PositiveIntegerField(default=0, help_text="How long the governor held the call back.")
    first_byte_ms = models.PositiveIntegerField(null=True, help_text="From sending to the first event.")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["-created_at"], name="model_call_newest"),
            models.Index(fields=["user", "-created_at"], name="model_call_newest_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.model} · {self.purpose} · {self.status}"


class DatadogConnection(models.Model):
    """A Datadog account that agents may look into. Everybody who may use the agents may ask it."""

    class Site(models.TextChoices):
        US1 = "datadoghq.com", "US1 (datadoghq.com)"
        US3 = "us3.datadoghq.com", "US3 (us3.datadoghq.com)"
        US5 = "us5.datadoghq.com", "US5 (us5.datadoghq.com)"
        EU = "datadoghq.eu", "EU (datadoghq.eu)"
        AP1 = "ap1.datadoghq.com", "AP1 (ap1.datadoghq.com)"
        AP2 = "ap2.datadoghq.com", "AP2 (ap2.datadoghq.com)"
        GOV = "ddog-gov.com", "US1-FED (ddog-gov.com)"
        SANDBOX = "sandbox", "Sandbox company (no keys, fictional)"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=64, unique=True, help_text="What an agent names it by.")
    name = models.CharField(max_length=100)
    site = models.CharField(max_length=32, choices=Site.choices, default=Site.US1)
    base_url = models.URLField(blank=True, help_text="Empty for the site's own address, https://api.SITE.")
    api_key = models.TextField(blank=True, help_text="A reference or the encrypted key, as a provider's.")
    application_key = models.TextField(blank=True, help_text="The same.")
    enabled = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0, help_text="The smallest is asked where an agent names none.")

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(**{key: ""})
                | Q(**{f"{key}__startswith": "env:"})
                | Q(**{f"{key}__startswith": "file:"})
                | Q(**{f"{key}__startswith": "sealed:"}),
                name=f"datadog_{key}_is_never_plain",
            )
            for key in ("api_key", "application_key")
        ]

    def __str__(self) -> str:
        return self.name


class HttpSource(models.Model):
    """A service that agents may call over HTTP. Everybody who may use the agents may ask it."""

    class Auth(models.TextChoices):
        NONE = "none", "None"
        HEADER = "header", "A header"
        OAUTH2 = "oauth2", "OAuth2 client credentials"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=64, unique=True, help_text="What an agent names it by.")
    name = models.CharField(max_length=100)
    base_url = models.URLField(
        blank=True, help_text="What every path is put behind. Empty: the sandbox's fictional company, in this process."
    )
    auth = models.CharField(max_length=16, choices=Auth.choices, default=Auth.NONE)
    header_name = models.CharField(max_length=100, blank=True, default="Authorization")
    header_scheme = models.CharField(
        max_length=32, blank=True, default="Bearer", help_text="What stands before the key in the header; may be empty."
    )
    api_key = models.TextField(
        blank=True, help_text="The key in the header: a reference or encrypted, as a provider's key."
    )
    oauth2 = models.JSONField(default=dict, blank=True, help_text="Client credentials, as a provider's.")
    allowed_paths = models.TextField(
        help_text="One a line: /orders, /orders/* (one step of a path), /reports/** (all below)."
    )
    allowed_methods = models.CharField(
        max_length=60,
        default="GET",
        help_text="GET, or GET, POST: all but GET and HEAD asks the user each time.",
    )
    operations = models.TextField(
        blank=True,
        max_length=1_000,
        help_text="For the model, a line each: GET /orders?page=&per_page= lists orders. Every line costs tokens.",
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["slug"]
        verbose_name = "HTTP source"
        constraints = [
            models.CheckConstraint(
                condition=Q(api_key="")
                | Q(api_key__startswith="env:")
                | Q(api_key__startswith="file:")
                | Q(api_key__startswith="sealed:"),
                name="http_source_api_key_is_never_plain",
            ),
        ]

    def __str__(self) -> str:
        return self.name


DEFAULT_AGENT_SLUG = "smart"


class AgentCopy(models.Model):
    """An agent as an admin wants it: a shipped one, edited or switched off, or one of their own with the tools of a
    shipped one. Whatever is empty is as shipped, and so follows the next version."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(
        max_length=64, unique=True, help_text="Its short name in the API, in conversations and configuration files."
    )
    based_on = models.SlugField(
        max_length=64, db_index=False, help_text="The shipped agent whose tools it has, and what is empty here."
    )
    name = models.CharField(max_length=100, blank=True)
    description = models.CharField(max_length=200, blank=True)
    instructions = models.TextField(blank=True)
    starters = models.JSONField(default=list, blank=True, help_text="Questions that an empty chat offers.")
    tools_off = models.JSONField(
        "tools switched off", default=list, blank=True, help_text="Names of shipped tools that it does not have."
    )
    enabled = models.BooleanField(default=True)
    shipped_instructions = models.TextField(
        blank=True, editable=False, help_text="As they were shipped when the instructions here were written."
    )
    version = models.PositiveIntegerField(default=1, editable=False, help_text="Grows with every save.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["slug"]
        verbose_name = "agent"
        constraints = [
            models.CheckConstraint(
                condition=Q(enabled=True) | ~Q(slug=DEFAULT_AGENT_SLUG),
                name="default_agent_is_never_switched_off",
                violation_error_message="This is the agent that answers where none was chosen: it cannot be switched "
                "off.",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class StoredResult(models.Model):
    """A whole tool result of which the model was given an extract. Whoever owns a scope deletes its results with it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stored_results")
    scope = models.CharField(
        max_length=64, help_text="Opaque: what the result belongs to, such as a conversation's id."
    )
    handle = models.CharField(max_length=32, help_text="What a model asks for it by.")
    tool = models.CharField(max_length=200)
    text = models.TextField()
    size = models.PositiveIntegerField(help_text="Characters.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # Also the index for a look-up by handle.
            models.UniqueConstraint(fields=["scope", "handle"], name="stored_result_handle_is_unique_in_its_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.tool} {self.handle}"
