"""axe-core's judgement of a page that stands still: halfway through a transition, colours are nobody's choice."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from playwright.sync_api import Page

_AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
# Without `preload`: it reads the style sheets anew, which our policy refuses, and no rule that counts here needs it.
_STANDS_STILL = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  await frame().then(frame);  // a change of theme or a press has reached the styles
  const ending = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity);
  await Promise.allSettled(ending.map(({ finished }) => finished));
}"""
_RUN = """async () => {
  const { violations } = await axe.run({ resultTypes: ["violations"], preload: false });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\\n${failureSummary}`));
}"""


def serious_faults(page: Page) -> list[str]:
    """What axe finds serious or critical, once transitions have ended."""
    page.evaluate(_STANDS_STILL)
    page.evaluate(_AXE.read_text())
    found: list[str] = page.evaluate(_RUN)
    return found
