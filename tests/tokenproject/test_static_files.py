"""What is served as static is what pages load, and nothing that only tests need."""

from __future__ import annotations

from django.contrib.staticfiles.finders import find, get_finders

ONLY_FOR_TESTS = ("modelcontextprotocol", "axe-core", "express")


def test_no_package_of_the_tests_is_collected() -> None:
    collected = [
        f"{getattr(storage, 'prefix', '')}/{storage.path(path)}"
        for finder in get_finders()
        for path, storage in finder.list([])
    ]
    assert any("htmx" in path for path in collected)
    assert [path for path in collected if any(name in path for name in ONLY_FOR_TESTS)] == []
    assert find("@modelcontextprotocol/server-everything/package.json") is None
