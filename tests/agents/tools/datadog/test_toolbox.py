from __future__ import annotations

from agents.sandbox.company.app import Company
from agents.tools.datadog.toolbox import datadog_tools
from agents.tools.lean import lean


def test_no_schema_says_more_than_it_must() -> None:
    tools = datadog_tools(clock=lambda: 0.0, company=Company)
    assert [tool.spec.name for tool in tools if lean(tool).spec != tool.spec] == []
    assert "maxLength" not in str([tool.spec.parameters for tool in tools])
