"""Every combination of what settings depend on: model, organisation, person, rules. And what must come out of each.

The expectations are written down a second time here, in other words than the code's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from accounts.models import User
from agents.models import AgentConfig, LanguageModel, Provider, SettingRule, Wire
from agents.setting_ranges import ALL_SETTINGS, EFFORT, Range, SettingName
from tests.agents.rows import make_model

Values = dict[SettingName, Any]
Kind, Auth = Provider.Kind, Provider.Auth
WHOLE = tuple(one.name for one in ALL_SETTINGS if one.name not in ("temperature", "effort"))

MODELS: dict[str, dict[str, Any]] = {
    "sandbox-claude": {},
    "sandbox-gpt": {"wire": Wire.OPENAI_CHAT},
    "claude-sonnet-5-5": {"kind": Kind.ANTHROPIC, "auth": Auth.API_KEY},
    "gpt-5-mini": {"kind": Kind.OPENAI, "auth": Auth.API_KEY, "wire": Wire.OPENAI_CHAT},
    "meta/llama-3:70b": {"kind": Kind.OPENAI_COMPATIBLE, "wire": Wire.OPENAI_CHAT},
    "nobody-knows": {"auth": Auth.OAUTH2},
}
WARMEST: dict[str, float | None] = {
    "sandbox-claude": 1.0,
    "sandbox-gpt": 2.0,
    "claude-sonnet-5-5": None,
    "gpt-5-mini": None,
    "meta/llama-3:70b": 1.0,
    "nobody-knows": None,
}
DEFAULTS: dict[str, tuple[int, int]] = {
    "sandbox-claude": (8_192, 15),
    "sandbox-gpt": (16_384, 15),
    "claude-sonnet-5-5": (8_192, 15),
    "gpt-5-mini": (16_384, 15),
    "meta/llama-3:70b": (4_096, 10),
    "nobody-knows": (4_096, 10),
}
"""Max Output Tokens and Max Iterations."""
EFFORTS: dict[str, tuple[str, ...]] = {
    "claude-sonnet-5-5": ("low", "medium", "high", "xhigh", "max"),
    "gpt-5-mini": ("minimal", "low", "medium", "high"),
}
"""Of the models that have any."""


@dataclass(frozen=True, kw_only=True)
class RuleOf:
    setting: SettingName
    of_model: bool
    locked: bool
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True, kw_only=True)
class World:
    model_id: str
    window: int
    reply: int
    organisation: Values = field(default_factory=dict)
    own: Values = field(default_factory=dict)
    rules: tuple[RuleOf, ...] = ()
    efforts: tuple[str, ...] | None = None
    """What somebody wrote over those that are built in."""

    def build(self, user: User, *, slug: str = "world") -> LanguageModel:
        """The rows, as a person with bare SQL could have written them: nothing is checked."""
        model = make_model(
            slug=slug,
            model_id=self.model_id,
            context_window=self.window,
            max_output_tokens=self.reply,
            **MODELS[self.model_id],
        )
        if self.efforts is not None:
            model.capabilities = {"efforts": list(self.efforts)}
            model.save()
        self.configure(user, model)
        return model

    def configure(self, user: User, model: LanguageModel) -> None:
        AgentConfig.objects.create(model=model, **self.organisation)
        AgentConfig.objects.create(model=model, user=user, version=7, **self.own)
        for rule in self.rules:
            SettingRule.objects.create(
                setting=rule.setting,
                model=model if rule.of_model else None,
                locked=rule.locked,
                minimum=rule.minimum,
                maximum=rule.maximum,
            )

    def rule(self, name: SettingName) -> RuleOf | None:
        of_setting = sorted((rule for rule in self.rules if rule.setting == name), key=lambda rule: not rule.of_model)
        return of_setting[0] if of_setting else None

    def stored(self, name: SettingName) -> Any:
        rule = self.rule(name)
        if name in self.own and not (rule and rule.locked):
            return self.own[name]
        tokens, iterations = DEFAULTS[self.model_id]
        built_in: Values = {
            "max_output_tokens": tokens,
            "temperature": 0.7,
            "max_iterations": iterations,
            "last_messages": 20,
            "effort": "",
        }
        return self.organisation.get(name, built_in.get(name, 0))

    def expected(self) -> dict[str, Any]:
        """What takes effect, by setting."""
        values: dict[str, Any] = {
            one.name: self._ruled(one.name, self.stored(one.name)) for one in ALL_SETTINGS if isinstance(one, Range)
        }
        tokens = values["max_output_tokens"] = min(values["max_output_tokens"], self.window)
        warmest = WARMEST[self.model_id]
        values["temperature"] = None if warmest is None else min(values["temperature"], warmest)
        reply = min(self._limit("response_token_limit", tokens), self.reply)
        room = min(self._limit("context_token_limit", tokens), self.window)
        if room + reply > self.window:
            room = min(room, max(self.window - reply, self.window // 2))
            reply = min(reply, self.window - room)
        return {**values, "context_token_limit": room, "response_token_limit": reply, "effort": self._effort()}

    def _effort(self) -> str | None:
        stored = str(self.stored("effort"))
        has = EFFORTS.get(self.model_id, ()) if self.efforts is None else self.efforts
        return stored if not stored or stored in has else None

    def _limit(self, name: SettingName, tokens: int) -> int:
        return int(self._ruled(name, self.stored(name) or tokens))

    def _ruled(self, name: SettingName, value: Any) -> Any:
        rule = self.rule(name)
        if rule is None:
            return value
        if value == 0 and name in ("last_messages", "max_age_minutes"):
            return 0 if rule.maximum is None else int(rule.maximum)
        if rule.minimum is not None and not (value == 0 and name in ("context_token_limit", "response_token_limit")):
            value = max(value, rule.minimum)
        if rule.maximum is not None:
            value = min(value, rule.maximum)
        return float(value) if name == "temperature" else int(value)


def _values_of(name: SettingName) -> st.SearchStrategy[Any]:
    bounds = next(one for one in ALL_SETTINGS if one.name == name)
    if not isinstance(bounds, Range):
        return st.sampled_from(["", *bounds.words])
    if name == "temperature":
        return st.integers(0, 20).map(lambda tenths: tenths / 10)
    inside = st.integers(int(bounds.minimum), int(bounds.maximum))
    near = st.sampled_from([0] * bool(bounds.zero_means) + [int(bounds.minimum), int(bounds.maximum)])
    small = st.integers(int(bounds.minimum), min(int(bounds.maximum), int(bounds.minimum) + 9_000))
    return st.one_of(near, small, inside)


layers: st.SearchStrategy[Values] = st.fixed_dictionaries(
    {}, optional={one.name: _values_of(one.name) for one in ALL_SETTINGS}
)


@st.composite
def _rules(draw: st.DrawFn) -> tuple[RuleOf, ...]:
    keys = st.tuples(st.sampled_from([one.name for one in ALL_SETTINGS]), st.booleans())
    return tuple(draw(_rule(name, of_model)) for name, of_model in draw(st.sets(keys, max_size=5)))


@st.composite
def _rule(draw: st.DrawFn, name: SettingName, of_model: bool) -> RuleOf:
    if name == "effort":
        return RuleOf(setting=name, of_model=of_model, locked=draw(st.booleans()), minimum=None, maximum=None)
    ends = sorted(draw(st.lists(_values_of(name).filter(bool), min_size=2, max_size=2)))
    minimum, maximum = (draw(st.one_of(st.none(), st.just(end))) for end in ends)
    return RuleOf(setting=name, of_model=of_model, locked=draw(st.booleans()), minimum=minimum, maximum=maximum)


SIZES = (
    (3_000, 3_000),
    (8_192, 4_096),
    (16_385, 4_096),
    (128_000, 16_384),
    (200_000, 64_000),
    (1_000_000, 128_000),
)
"""Windows and longest replies, in tokens."""


overrides = st.one_of(st.none(), st.lists(st.sampled_from(EFFORT.words), unique=True, max_size=3).map(tuple))


@st.composite
def worlds(
    draw: st.DrawFn,
    *,
    models: Sequence[str] = tuple(MODELS),
    sizes: Sequence[tuple[int, int]] = SIZES,
    efforts: st.SearchStrategy[tuple[str, ...] | None] = overrides,
) -> World:
    window, reply = draw(st.sampled_from(sizes))
    return World(
        model_id=draw(st.sampled_from(models)),
        window=window,
        reply=reply,
        organisation=draw(layers),
        own=draw(layers),
        rules=draw(_rules()),
        efforts=draw(efforts),
    )
