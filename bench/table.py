"""What is printed: Markdown tables of figures beside what they are measured against and what they should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEAD = ("", "ours", "baseline, same run", "compared", "target", "")


@dataclass(frozen=True, kw_only=True)
class Row:
    """`met` is None where there is no target."""

    what: str
    ours: str
    baseline: str = ""
    compared: str = ""
    target: str = ""
    met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        mark = {True: "✓", False: "✗", None: ""}[self.met]
        return (self.what, self.ours, self.baseline, self.compared, self.target, mark)


def markdown(rows: Sequence[Row]) -> str:
    lines = [HEAD, ("---", "--:", "--:", "--:", "--:", "---"), *(row.cells for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def milliseconds(value: float) -> str:
    return f"{value:.1f} ms" if value >= 1 else f"{value:.2f} ms"


def times(ratio: float) -> str:
    if ratio < 0.1:
        return f"× {ratio:.2g}"
    return f"× {ratio:.2f}" if ratio < 10 else f"× {ratio:,.0f}"


def percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def kilobytes(count: float) -> str:
    return f"{count / 1000:.1f} kB"


def thousands(count: float) -> str:
    return f"{count / 1000:,.0f} k"
