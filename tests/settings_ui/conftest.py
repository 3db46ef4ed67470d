from __future__ import annotations

import pytest
from pytest_django import Settings

from agents.defaults import ensure_shipped_rows
from agents.models import LanguageModel


@pytest.fixture
def shipped(db: None, settings: Settings) -> None:
    """The rows of every installation; the sandbox alone can be used."""
    settings.ANTHROPIC_API_KEY = settings.OPENAI_API_KEY = ""
    ensure_shipped_rows()


@pytest.fixture
def claude(shipped: None) -> LanguageModel:
    return LanguageModel.objects.select_related("provider", "pool").get(model_id="sandbox-claude")


@pytest.fixture
def gpt(shipped: None) -> LanguageModel:
    return LanguageModel.objects.select_related("provider", "pool").get(model_id="sandbox-gpt")
