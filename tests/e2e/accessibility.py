"""axe-core's judgement of a page as it stands."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from playwright.sync_api import Page

_AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async () => {
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\\n${failureSummary}`));
}"""


def serious_faults(page: Page) -> list[str]:
    """What axe finds serious or critical."""
    page.evaluate(_AXE.read_text())
    found: list[str] = page.evaluate(_RUN)
    return found
