"""A row's capabilities: built in, then what an admin wrote over it, then what the provider refused."""

from __future__ import annotations

import pytest

from agents.model_capabilities import capabilities_for
from agents.model_counter import counter_of
from agents.models import Wire
from agents.settings_resolution import effective
from tests.agents.rows import make_model

pytestmark = pytest.mark.django_db


def test_the_sizes_are_the_rows() -> None:
    able = capabilities_for(make_model(model_id="claude-haiku-4-5", context_window=150_000, max_output_tokens=9))
    assert (able.context_window, able.max_output_tokens, able.known) == (150_000, 9, True)


def test_an_override_reaches_counting_and_settings() -> None:
    row = make_model(model_id="our-own", wire=Wire.OPENAI_CHAT)
    assert counter_of(row).factor == 1.1
    row.capabilities = {"token_factor": 1.4, "encoding": "cl100k_base", "temperature": "default_only"}
    assert (counter_of(row).factor, counter_of(row).encoding) == (1.4, "cl100k_base")
    temperature = effective(user=None, model=row).settings["temperature"]
    assert (temperature.value, temperature.note) == (None, "not sent: this model takes its own default only")


def test_what_the_provider_refused_is_not_sent_whatever_is_built_in() -> None:
    row = make_model(model_id="claude-haiku-5-5")
    row.capabilities = {"temperature": "range", "temperature_max": 1.0}
    assert effective(user=None, model=row).values.temperature == 0.7
    row.refused_parameters = ["temperature", "effort"]
    assert effective(user=None, model=row).values.temperature is None
    assert capabilities_for(row).efforts == ()
