"""A configuration file as data. What a key means when it is left out is told in docs/configuration.md."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, Field, ValidationInfo, create_model, field_validator

from agents.configuration.agent_block import AgentBlock
from agents.configuration.block import Block
from agents.configuration.connection_blocks import DatadogBlock, SourceBlock
from agents.configuration.fields import (
    Address,
    BurstSeconds,
    Count,
    Headers,
    Line,
    ModelId,
    Name,
    PoolName,
    Position,
    Secret,
    Slug,
    one_of,
)
from agents.configuration.fields_mcp import ServerAddress, ServerSlug, SigningHeader, SigningScheme
from agents.configuration.oauth2_block import OAuth2Block, none_if_empty
from agents.llm.capability_overrides import OVERRIDABLE, annotation_of, as_stored
from agents.mcp_rows import McpGrant, McpServer
from agents.models import DEFAULT_PATIENCE_SECONDS, Provider, Wire
from agents.setting_changes import Value, checked
from agents.setting_ranges import SETTING_OF, SettingName
from agents.setting_rules import rule_faults


class PoolBlock(Block):
    """Says everything about its pool: a limit that is left out is no limit, the rest is as of a new pool."""

    name: PoolName
    requests_per_minute: Count | None = None
    input_tokens_per_minute: Count | None = None
    output_tokens_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    count_cached_input: bool = False
    concurrent_calls: Count | None = None
    token_burst_seconds: BurstSeconds | None = None
    request_burst_seconds: BurstSeconds | None = None
    patience_seconds: Count = DEFAULT_PATIENCE_SECONDS

    @field_validator("tokens_per_minute")
    @classmethod
    def _together_or_apart(cls, value: int | None, info: ValidationInfo) -> int | None:
        apart = (info.data.get("input_tokens_per_minute"), info.data.get("output_tokens_per_minute"))
        if value is not None and apart != (None, None):
            raise ValueError("counts input and output together: leave input_ and output_tokens_per_minute out")
        return value


def _plainly(value: object, info: ValidationInfo) -> object:
    """What TOML has no type for, and a day that stands in quotes."""
    if info.field_name == "retires" and isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value)
    return tuple(value) if isinstance(value, list) else value


def _capability(name: str) -> Any:
    return Annotated[annotation_of(name) | None, BeforeValidator(_plainly)]


_fields: Any = {name: (_capability(name), None) for name in OVERRIDABLE}
_OverridesBase: Any = create_model("_OverridesBase", __base__=Block, **_fields)


class CapabilitiesBlock(_OverridesBase):  # type: ignore[misc]
    """What is known better than built in, all of it: a capability that is left out is as built in."""

    def overrides(self) -> dict[str, Any]:
        """As a model row stores them."""
        return {name: as_stored(name, getattr(self, name)) for name in OVERRIDABLE if self.says(name)}


class ModelBlock(Block):
    """A key that is left out stays as it is. `pool` names a pool of the same provider, "" none."""

    id: ModelId
    name: Name | None = None
    wire: Annotated[str, one_of(Wire.values)] | None = None
    pool: Annotated[Line, Field(max_length=64)] | None = None
    context_window: Count | None = None
    max_output_tokens: Count | None = None
    capabilities: CapabilitiesBlock | None = None
    enabled: bool | None = None
    position: Position | None = None


class ProviderBlock(Block):
    """A key that is left out stays as it is; an empty `oauth2` takes it away (None, but said)."""

    slug: Slug
    kind: Annotated[str, one_of(Provider.Kind.values)]
    name: Name | None = None
    auth: Annotated[str, one_of(Provider.Auth.values)] | None = None
    base_url: Address | None = None
    api_key: Secret | None = None
    headers: Headers | None = None
    oauth2: Annotated[OAuth2Block | None, BeforeValidator(none_if_empty)] = None
    enabled: bool | None = None
    position: Position | None = None
    pool: list[PoolBlock] = []
    model: list[ModelBlock] = []


def _as_the_api_checks(value: object, info: ValidationInfo) -> object:
    return checked(SETTING_OF[cast(SettingName, info.field_name)], value)


Setting = Annotated[Any, BeforeValidator(_as_the_api_checks)]


class AgentConfigBlock(Block):
    """The organisation's settings of one model, all of them: a setting that is left out is inherited."""

    provider: Slug
    model: ModelId
    max_output_tokens: Setting = None
    temperature: Setting = None
    max_iterations: Setting = None
    last_messages: Setting = None
    max_age_minutes: Setting = None
    context_token_limit: Setting = None
    response_token_limit: Setting = None
    effort: Setting = None

    def values(self) -> dict[SettingName, Value | None]:
        """All settings by name; None inherits."""
        return {name: getattr(self, name) for name in SETTING_OF}


class SettingRuleBlock(Block):
    """What users may set: everything about one rule. Without provider and model it holds for every model."""

    setting: Annotated[str, one_of(list(SETTING_OF))]
    provider: Slug | None = None
    model: Annotated[ModelId | None, Field(validate_default=True)] = None
    locked: bool = False
    minimum: Any = None
    maximum: Any = None

    @field_validator("model")
    @classmethod
    def _both_or_none(cls, model: str | None, info: ValidationInfo) -> str | None:
        if (model is None) != (info.data.get("provider") is None):
            raise ValueError("and provider stand together, or neither does")
        return model

    @field_validator("minimum", "maximum")
    @classmethod
    def _an_end_of_the_range(cls, value: object, info: ValidationInfo) -> object:
        if "setting" not in info.data:
            return value
        ends = {"minimum": info.data.get("minimum"), "maximum": None, info.field_name: value}
        faults = rule_faults(setting=info.data["setting"], minimum=ends["minimum"], maximum=ends["maximum"])
        if info.field_name in faults:
            raise ValueError(faults[info.field_name])
        return value


class McpGrantBlock(Block):
    """What an agent may do with a tool."""

    agent: Slug
    tool: Annotated[str, Field(min_length=1, max_length=200)]
    policy: Annotated[str, one_of(McpGrant.Policy.values)] = McpGrant.Policy.ASK.value


class McpServerBlock(Block):
    """A key that is left out stays as it is, as does a grant; an empty `oauth2` takes it away (None, but said)."""

    slug: ServerSlug
    name: Name | None = None
    url: ServerAddress | None = None
    auth: Annotated[str, one_of(McpServer.Auth.values)] | None = None
    header_name: SigningHeader | None = None
    header_scheme: SigningScheme | None = None
    api_key: Secret | None = None
    headers: Headers | None = None
    oauth2: Annotated[OAuth2Block | None, BeforeValidator(none_if_empty)] = None
    enabled: bool | None = None
    grant: list[McpGrantBlock] = []


class Configuration(Block):
    provider: list[ProviderBlock] = []
    mcp_server: list[McpServerBlock] = []
    agent_config: list[AgentConfigBlock] = []
    setting_rule: list[SettingRuleBlock] = []
    datadog: list[DatadogBlock] = []
    source: list[SourceBlock] = []
    agent: list[AgentBlock] = []
