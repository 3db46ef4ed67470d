"""What a model is told about the sources, with every call: short, and the same bytes until an admin changes them."""

from __future__ import annotations

from agents.models import HttpSource

MOST_CHARACTERS = 1_500
"""Of all of it, about 400 tokens; whoever has more sources is told only their names from there on."""

NONE = "No source is defined; an admin can, under HTTP sources."


def catalogue() -> str:
    """Reads rows: for a thread."""
    rows = list(HttpSource.objects.filter(enabled=True).order_by("slug"))
    return told([(row.slug, row.name, row.operations) for row in rows])


def told(sources: list[tuple[str, str, str]]) -> str:
    """Of each: slug, name, operations. In the order of their slugs."""
    text = "Sources:" if sources else NONE
    for slug, name, operations in sorted(sources):
        head = f"\n{slug} ({_line(name)})"
        lines = "".join(f"\n  {_line(line)}" for line in operations.splitlines() if line.strip())
        text += head + (lines if len(text) + len(head) + len(lines) <= MOST_CHARACTERS else "")
    return text


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
