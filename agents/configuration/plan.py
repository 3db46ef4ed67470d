"""What a file asks for against the rows that are there: the changes, and what is wrong. Nothing is written here."""

from __future__ import annotations

from agents.configuration.changes import Plan
from agents.configuration.plan_agents import plan_agent
from agents.configuration.plan_connections import plan_datadog, plan_source
from agents.configuration.plan_mcp import plan_mcp_server
from agents.configuration.plan_providers import plan_provider
from agents.configuration.plan_settings import plan_agent_config, plan_rule
from agents.configuration.refusal import ConfigurationRefused
from agents.configuration.schema import Configuration
from agents.configuration.stock import Stock
from agents.roster import ROSTER


def planned(configuration: Configuration, *, stock: Stock) -> Plan:
    """Rows that the file does not name stay. ConfigurationRefused with every fault. Changes the rows in `stock`."""
    plan = Plan()
    for number, provider in enumerate(configuration.provider):
        plan_provider(provider, path=("provider", number), stock=stock, plan=plan)
    for number, rule in enumerate(configuration.setting_rule):
        plan_rule(rule, path=("setting_rule", number), stock=stock, plan=plan)
    for number, config in enumerate(configuration.agent_config):
        plan_agent_config(config, path=("agent_config", number), stock=stock, plan=plan)
    _plan_tools(configuration, stock=stock, plan=plan)
    if plan.faults:
        raise ConfigurationRefused(plan.faults)
    return plan


def _plan_tools(configuration: Configuration, *, stock: Stock, plan: Plan) -> None:
    """What agents are, and use."""
    for number, connection in enumerate(configuration.datadog):
        plan_datadog(connection, path=("datadog", number), stock=stock, plan=plan)
    for number, source in enumerate(configuration.source):
        plan_source(source, path=("source", number), stock=stock, plan=plan)
    for number, agent in enumerate(configuration.agent):
        plan_agent(agent, path=("agent", number), stock=stock, plan=plan)
    agents = dict.fromkeys([*(agent.slug for agent in ROSTER), *stock.agents])  # Those of this file are in it.
    for number, server in enumerate(configuration.mcp_server):
        plan_mcp_server(server, path=("mcp_server", number), stock=stock.mcp, agents=agents, plan=plan)
