"""A pytest plugin: tests that need more than Python are skipped, with the reason, where the need is not met.

The folder says the need: everything under `tests/e2e` needs a browser; a test under `tests/services` needs PostgreSQL
(`DATABASE_URL`) and Redis (`REDIS_URL`), or only those that it names with a marker. `REQUIRE_BROWSER=1` and
`REQUIRE_SERVICES=1` turn a skip into a failure, for a machine where nothing may be left out (continuous integration).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, kw_only=True)
class Need:
    """`reason` is None where the need is met; `required_by` is the variable that makes it compulsory."""

    marker: str
    folder: str
    required_by: str
    reason: Callable[[], str | None]


def _without_browser() -> str | None:
    return None if shutil.which("chromium") else "needs a browser: no `chromium` on the PATH"


def _without_postgres() -> str | None:
    met = os.environ.get("DATABASE_URL", "").startswith(("postgres://", "postgresql://"))
    return None if met else "needs PostgreSQL: DATABASE_URL names no such server"


def _without_redis() -> str | None:
    return None if os.environ.get("REDIS_URL") else "needs Redis: REDIS_URL is not set"


NEEDS = (
    Need(marker="needs_browser", folder="e2e", required_by="REQUIRE_BROWSER", reason=_without_browser),
    Need(marker="needs_postgres", folder="services", required_by="REQUIRE_SERVICES", reason=_without_postgres),
    Need(marker="needs_redis", folder="services", required_by="REQUIRE_SERVICES", reason=_without_redis),
)


def pytest_configure(config: pytest.Config) -> None:
    for need in NEEDS:
        config.addinivalue_line("markers", f"{need.marker}: the test is skipped where there is none")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for need in needs_of(item):
        reason = need.reason()
        if reason is None:
            continue
        if os.environ.get(need.required_by) == "1":
            pytest.fail(f"{reason}, and {need.required_by}=1 forbids to skip", pytrace=False)
        pytest.skip(reason)


def needs_of(item: pytest.Item) -> list[Need]:
    """The needs that the test's markers name; without any, those of its folder under `tests`."""
    named = [need for need in NEEDS if item.get_closest_marker(need.marker)]
    return named or [need for need in NEEDS if need.folder == _folder(item.path, root=item.config.rootpath)]


def _folder(path: Path, *, root: Path) -> str:
    parts = path.relative_to(root).parts if path.is_relative_to(root) else ()
    return parts[1] if len(parts) > 2 and parts[0] == "tests" else ""
