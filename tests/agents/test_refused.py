from __future__ import annotations

import threading

import pytest
from django.db import connection

from agents import refused
from agents.model_capabilities import capabilities_for
from agents.models import LanguageModel
from tests.agents.rows import make_model


@pytest.mark.django_db
def test_what_is_learnt_is_kept_once_and_in_order() -> None:
    model = make_model()
    refused.remember(model, ["temperature"])
    refused.remember(model, ["stream_options", "temperature"])
    assert model.refused_parameters == ["stream_options", "temperature"]
    model.refresh_from_db()
    assert model.refused_parameters == ["stream_options", "temperature"]
    assert capabilities_for(model).temperature == "none"


@pytest.mark.django_db
def test_nothing_else_of_the_row_is_written() -> None:
    model = make_model()
    LanguageModel.objects.filter(pk=model.pk).update(name="Renamed meanwhile")
    refused.remember(model, ["temperature"])
    assert LanguageModel.objects.get(pk=model.pk).name == "Renamed meanwhile"


@pytest.mark.django_db(transaction=True)
def test_what_others_learn_at_the_same_time_is_not_lost() -> None:
    """Each holds the row as it was before any of them learnt a thing."""
    names = ["temperature", "effort", "stream_options", "tool_choice", "include", "store"]
    pk = make_model().pk
    stale = [LanguageModel.objects.get(pk=pk) for _ in names]
    together = threading.Barrier(len(names))

    def learn(place: int) -> None:
        together.wait()
        try:
            refused.remember(stale[place], [names[place]])  # type: ignore[list-item]
        finally:
            connection.close()

    learners = [threading.Thread(target=learn, args=(place,)) for place in range(len(names))]
    for learner in learners:
        learner.start()
    for learner in learners:
        learner.join()
    assert LanguageModel.objects.get(pk=pk).refused_parameters == sorted(names)


@pytest.mark.django_db
def test_what_is_forgotten_is_sent_again() -> None:
    model = make_model()
    refused.remember(model, ["temperature"])
    assert refused.forget(model) == ["temperature"]
    assert capabilities_for(LanguageModel.objects.get(pk=model.pk)).temperature == "range"


@pytest.mark.django_db
def test_a_row_that_is_gone() -> None:
    model = make_model()
    LanguageModel.objects.filter(pk=model.pk).delete()
    with pytest.raises(LanguageModel.DoesNotExist):
        refused.remember(model, ["temperature"])
