from __future__ import annotations

import pytest

from tests.deploy.conftest import ROOT

pytest_plugins = ["pytester"]

PASSES = "def test_it(): pass"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project with the plugin, on a machine that has nothing."""
    for name in ("DATABASE_URL", "REDIS_URL", "REQUIRE_BROWSER", "REQUIRE_SERVICES", "DJANGO_SETTINGS_MODULE"):
        monkeypatch.delenv(name, raising=False)
    (pytester.path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(pytester.path / "bin"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\naddopts = --strict-markers --import-mode=importlib -p deploy.pytest_needs")
    return pytester


def add(suite: pytest.Pytester, path: str, text: str = PASSES) -> None:
    file = suite.path / "tests" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def outcomes(suite: pytest.Pytester) -> dict[str, int]:
    return suite.runpytest_subprocess("-ra").parseoutcomes()


def test_what_needs_only_python_runs(suite: pytest.Pytester) -> None:
    add(suite, "test_a.py")
    add(suite, "chat/test_b.py")
    assert outcomes(suite) == {"passed": 2}


def test_without_a_browser_the_suite_is_skipped_with_the_reason(suite: pytest.Pytester) -> None:
    add(suite, "e2e/pages/test_a.py")
    result = suite.runpytest_subprocess("-ra")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines("SKIPPED*needs a browser: no `chromium` on the PATH*")


def test_a_skip_that_is_forbidden_is_a_failure(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    add(suite, "e2e/test_a.py")
    add(suite, "services/test_b.py")
    monkeypatch.setenv("REQUIRE_BROWSER", "1")
    assert outcomes(suite) == {"skipped": 1, "errors": 1}
    monkeypatch.setenv("REQUIRE_SERVICES", "1")
    assert outcomes(suite) == {"errors": 2}


def test_with_a_browser_it_runs(suite: pytest.Pytester) -> None:
    add(suite, "e2e/test_a.py")
    chromium = suite.path / "bin" / "chromium"
    chromium.touch(mode=0o755)
    assert outcomes(suite) == {"passed": 1}


def test_services_need_both_servers(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    add(suite, "services/test_a.py")
    monkeypatch.setenv("DATABASE_URL", "postgres://localhost/x")
    assert outcomes(suite) == {"skipped": 1}
    monkeypatch.setenv("REDIS_URL", "redis://localhost")
    assert outcomes(suite) == {"passed": 1}


def test_a_database_that_is_not_postgresql_will_not_do(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    add(suite, "services/test_a.py", f"import pytest\n\n@pytest.mark.needs_postgres\n{PASSES}")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///x")
    assert outcomes(suite) == {"skipped": 1}


def test_a_marker_names_the_only_need(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    add(suite, "services/test_a.py", f"import pytest\n\n@pytest.mark.needs_redis\n{PASSES}")
    monkeypatch.setenv("REDIS_URL", "redis://localhost")
    assert outcomes(suite) == {"passed": 1}
