from __future__ import annotations

from agents.setting_ranges import ALL_SETTINGS
from settings_ui.own_settings import OwnSettings
from settings_ui.said import said


def what_was_reset(*, before: OwnSettings, now: OwnSettings) -> str:
    """Names the old values, so that a reset by mistake can be taken back by hand."""
    gone = [
        f"{one.label} {said(one, own)} → {said(one, now[one.name].stored)}"
        for one in ALL_SETTINGS
        if (own := before[one.name].own) is not None and now[one.name].own is None
    ]
    if not gone:
        return "There was nothing to reset."
    return f"Reset: {', '.join(gone)}. It applies from the next turn on."
