from __future__ import annotations

import sys
from importlib.metadata import packages_distributions

import grimp
from packaging.utils import canonicalize_name

from deploy.check_locks import pins
from tests.deploy.conftest import ROOT

APPS = ["tokenproject", "settings_ui", "chat", "agents", "accounts"]


def test_the_apps_import_only_what_a_runtime_install_has() -> None:
    """The tests run in an environment with the tools in it: there, an import that `make run` would miss works."""
    graph = grimp.build_graph(*APPS, include_external_packages=True)
    outside = {name for name in graph.modules if graph.is_module_squashed(name)} - sys.stdlib_module_names
    locked = {pin.partition("==")[0] for pin in pins((ROOT / "requirements.lock").read_text())}
    distributions = packages_distributions()
    missing = {name for name in outside if not {canonicalize_name(dist) for dist in distributions[name]} & locked}
    assert outside
    assert missing == set()
