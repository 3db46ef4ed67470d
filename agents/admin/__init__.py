"""Providers, models, limits and settings in the admin; the ledger of model calls to read. One file for each row."""

from agents.admin import agent_config, language_model, model_call, provider, rate_pool, setting_rule

__all__ = ["agent_config", "language_model", "model_call", "provider", "rate_pool", "setting_rule"]
