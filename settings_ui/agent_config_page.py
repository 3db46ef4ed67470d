"""Everything that the tab "Agent Config" shows, for its template."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from agents.model_capabilities import capabilities_for
from agents.setting_ranges import ADVANCED_RANGES, EFFORT, RANGES
from settings_ui.consequences import consequences_of
from settings_ui.copy_targets import named, targets_of
from settings_ui.differences import differences
from settings_ui.forms import AgentConfigForm
from settings_ui.model_choice import Choice
from settings_ui.setting_cards import choice_card, number_cards


def page_of(form: AgentConfigForm, *, choice: Choice) -> dict[str, Any]:
    """The whole page. A form that holds entries shows what they would mean, and that they are not saved."""
    own = form.own
    return {
        "choice": choice,
        "model": choice.model,
        "retirement": choice.retirement(timezone.localdate()),
        "own": named(own.own),
        "targets": targets_of(own, choice.models) if own.own else [],
        "differences": differences(own.resolved.settings),
        **cards_context(form, choice=choice),
    }


def cards_context(form: AgentConfigForm, *, choice: Choice) -> dict[str, Any]:
    """What depends on the entries."""
    imagined = form.own.resolved
    if form.is_bound:
        form.is_valid()
        imagined = form.own.with_changes(form.changes)
    main, advanced = (
        number_cards(form, bounds, model=choice.model, imagined=imagined.settings)
        for bounds in (RANGES, ADVANCED_RANGES)
    )
    effort = choice_card(form, EFFORT, able=capabilities_for(choice.model), imagined=imagined.settings[EFFORT.name])
    folded = [*advanced, effort]
    return {
        "form": form,
        "query": choice.query,
        "unsaved": len(form.touched),
        "main_cards": main,
        "advanced_cards": advanced,
        "effort": effort,
        "advanced_is_open": any(card.field.errors or card.changed or card.moved for card in folded),
        "advanced_set": sum(card.is_set for card in folded),
        "advanced_count": len(folded),
        "meaning": consequences_of(imagined.values, model=choice.model, user=form.own.user),
    }
