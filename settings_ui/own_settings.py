"""One person's settings of one model: as they are, what an admin allows, and how they would be with changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.models import User
from agents import settings_resolution
from agents.effective_settings import resolve
from agents.models import AgentConfig, LanguageModel
from agents.setting_changes import Value
from agents.setting_ranges import Range, SettingName
from agents.setting_rules import Rules, rule_for, rules_of, storable
from agents.settings_resolution import EffectiveSetting, EffectiveSettings


@dataclass(frozen=True, kw_only=True)
class OwnSettings:
    user: User
    model: LanguageModel
    resolved: EffectiveSettings
    rules: Rules

    @classmethod
    def of(cls, *, user: User, model: LanguageModel) -> OwnSettings:
        resolved = settings_resolution.effective(user=user, model=model)
        return cls(user=user, model=model, resolved=resolved, rules=rules_of([model]))

    def __getitem__(self, name: SettingName) -> EffectiveSetting:
        return self.resolved.settings[name]

    @property
    def own(self) -> dict[SettingName, Value]:
        """What the person has set, locked or not."""
        return {name: one.own for name, one in self.resolved.settings.items() if one.own is not None}

    def allowed(self, bounds: Range) -> Range:
        """What the person may store."""
        return storable(bounds, rule_for(self.rules, model=self.model, name=bounds.name), model=self.model)

    def with_changes(self, changes: Mapping[SettingName, Value]) -> EffectiveSettings:
        """As if `changes` were saved; nothing is."""
        organisation = {name: one.organisation for name, one in self.resolved.settings.items()}
        settings = resolve(
            self.model,
            organisation=AgentConfig(**organisation),
            own=AgentConfig(**(self.own | dict(changes))),
            rules=self.rules,
        )
        return EffectiveSettings(settings=settings, version=self.resolved.version)
